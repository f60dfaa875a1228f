"""
Where in a document an operation stands: code scanning shows a finding beside its line.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml

from concordat_contracts import Finding

_MOST_BYTES = 1_000_000
"""Of a document whose lines are looked for: composing YAML takes seconds a megabyte."""
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_OPERATION = re.compile(r"(?P<method>[A-Z]+) (?P<path>/\S*)")
_VARIABLE = re.compile(r"\{[^}]*\}")

Lines = Callable[[Finding], int]


def lines_in(source: str) -> Lines:
    """Of the file that ``source`` names; 1 for everything where it names none: standard input, or a contract in a cluster."""
    file = Path(source)
    return lines_of(file.read_bytes() if file.is_file() else b"")


def lines_of(text: bytes) -> Lines:
    """
    For each finding the line, from 1, of its operation in an OpenAPI document; of the path where the operation is gone, and of
    ``paths`` where that is. 1 for whatever else.
    """
    places = dict(_places(text)) if len(text) <= _MOST_BYTES else {}
    last = places.get("", 1)

    def line(finding: Finding) -> int:
        found = _OPERATION.match(finding.location)
        if found is None:
            return 1
        path = _VARIABLE.sub("{}", found["path"])
        return places.get(f"{found['method']} {path}") or places.get(path) or last

    return line


def _places(text: bytes) -> Iterator[tuple[str, int]]:
    try:
        root = yaml.compose(text, Loader=_LOADER)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
        return  # JSON with tabs is one that YAML does not read
    for name, line, paths in _entries(root):
        if name != "paths":
            continue
        yield "", line
        for path, where, item in _entries(paths):
            path = _VARIABLE.sub("{}", path)
            yield path, where
            for method, place, _ in _entries(item):
                yield f"{method.upper()} {path}", place


def _entries(node: yaml.Node | None) -> Iterator[tuple[str, int, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield str(key.value), int(key.start_mark.line) + 1, value
