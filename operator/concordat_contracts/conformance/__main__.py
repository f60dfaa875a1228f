"""
``python -m concordat_contracts.conformance URL FILE...``: what the Job of a ServiceContract runs.

``CONCORDAT_PROFILE`` says how far it goes, ``CONCORDAT_HEADERS`` which headers are sent (``Authorization,X-Tenant``, with their
values in ``CONCORDAT_HEADER_0``, ``CONCORDAT_HEADER_1``). The files are the parts of a document, compressed or not, in their order. The verdict goes to standard output, and as a
container's termination message to where Kubernetes looks for it, so that the Job needs no right on anything. Exit code 0 for
a contract that is kept, 1 for one that is not, 3 when nothing can be said: then the Job is tried again.
"""

import gzip
import os
import sys
import zlib
from collections.abc import Mapping
from pathlib import Path

import orjson

from concordat_contracts.conformance.profile import Profile
from concordat_contracts.conformance.run import Trial, run
from concordat_contracts.conformance.verdict import Verdict, written

TERMINATION = Path(os.environ.get("CONCORDAT_TERMINATION_LOG", "/dev/termination-log"))
KEPT, BROKEN, UNKNOWN = 0, 1, 3


def main(url: str, *files: str) -> int:
    """The exit code."""
    try:
        verdict = run(
            Trial(
                document=orjson.loads(_plain(b"".join(Path(file).read_bytes() for file in files))),
                url=url,
                profile=Profile(os.environ.get("CONCORDAT_PROFILE", Profile.CORE)),
                headers=_headers(os.environ),
            )
        )
    except (OSError, ValueError, zlib.error) as error:
        verdict = Verdict(unusable=f"the document cannot be read: {error}")
    message = written(verdict)
    print(message.decode())
    if TERMINATION.exists():
        TERMINATION.write_bytes(message)
    return {True: KEPT, False: BROKEN, None: UNKNOWN}[verdict.conformant]


def _headers(environ: Mapping[str, str]) -> dict[str, str]:
    """Their names in one variable, the value of each in one of its own, so that it can come from a Secret."""
    names = [name for name in environ.get("CONCORDAT_HEADERS", "").split(",") if name]
    return {name: environ[f"CONCORDAT_HEADER_{number}"].strip() for number, name in enumerate(names)}


def _plain(content: bytes) -> bytes:
    if content.startswith(b"\x1f\x8b"):
        return gzip.decompress(content)
    return zlib.decompress(content) if content.startswith(b"\x78") else content


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
