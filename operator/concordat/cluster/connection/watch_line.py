"""
Which object a line of a watch is about, without parsing it: half of all events while much is built are echoes of our own writes.
"""

import re

_IDENTITY = re.compile(
    # Typed objects in the order of ObjectMeta, custom resources sorted. In a string the quotes would be escaped.
    rb'"name":"([^"\\]+)","namespace":"([^"\\]+)",(?:"uid":"[^"\\]+",)?"resourceVersion":"([0-9]+)"'
)
_BEFORE_NAME = (b'"metadata":{', b"},", b"],")
"""What stands before the name of a typed object, or of a custom one behind its labels or managed fields. In annotations
and labels of these names there is nothing but strings."""


def identity(line: bytes) -> tuple[str, str, str] | None:
    """Namespace, name and version of an object that still exists."""
    if line.startswith(b'{"type":"DELETED"'):
        return None
    found = _IDENTITY.search(line)
    if found is None or not line.endswith(_BEFORE_NAME, 0, found.start()):
        return None
    return found[2].decode(), found[1].decode(), found[3].decode()
