"""
Writes a bill of materials of each image, CycloneDX 1.6 in JSON: python tools/sbom.py FOLDER

Made from what the image is made from: the base its Dockerfile pins, and the lock file it installs with ``--require-hashes``. Of the
base's own packages it says the digest alone; a scanner of images tells what is in that. The same inputs give the same bytes.
"""

import json
import re
import sys
import uuid
from pathlib import Path
from typing import Any

from packaging.markers import Marker

ROOT = Path(__file__).parent.parent
IMAGES = {
    "concordat-operator": ("operator/Dockerfile", "operator/requirements.lock"),
    "concordat-conformance": ("operator/conformance.Dockerfile", "operator/conformance.lock"),
    "catalog": ("sample_services/catalog/Dockerfile", "sample_services/catalog/requirements.txt"),
}
"""Image -> its Dockerfile and its lock file."""
ENVIRONMENT = {
    "python_version": "3.12",
    "python_full_version": "3.12.14",
    "sys_platform": "linux",
    "platform_system": "Linux",
    "os_name": "posix",
    "implementation_name": "cpython",
    "platform_python_implementation": "CPython",
    "platform_machine": "x86_64",
    "extra": "",
}
"""The pinned base: lock files are universal, and a package for other platforms is in no image."""
_PACKAGE = re.compile(r"(?m)^([a-zA-Z0-9._-]+)==([^ \\;]+)(?: ; ([^\\\n]+?))?(?: \\)?$((?:\n +--hash=\S+(?: \\)?)*)")
_BASE = re.compile(r"(?m)^ARG BASE_IMAGE=([^:@\s]+):([^@\s]+)@(sha256:[0-9a-f]{64})$")


def bill(image: str) -> dict[str, Any]:
    """The bill of materials of one of :data:`IMAGES`. Raises :exc:`ValueError` where its base is not pinned by digest."""
    dockerfile, lock = (ROOT / name for name in IMAGES[image])
    base = _BASE.search(dockerfile.read_text())
    if base is None:
        raise ValueError(f"{dockerfile}: ARG BASE_IMAGE names no digest; tools/pin-images writes it")
    components = [_base(*base.groups()), *_packages(lock.read_text())]
    version = _version()
    root = f"pkg:oci/{image}@{version}"
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(components, sort_keys=True))}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "container",
                "bom-ref": root,
                "name": image,
                "version": version,
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            }
        },
        "components": components,
        "dependencies": [{"ref": root, "dependsOn": [component["bom-ref"] for component in components]}],
    }


def _base(name: str, tag: str, digest: str) -> dict[str, Any]:
    purl = f"pkg:oci/{name.rsplit('/', 1)[-1]}@{digest.replace(':', '%3A')}?tag={tag}"
    return {
        "type": "container",
        "bom-ref": purl,
        "name": name,
        "version": tag,
        "hashes": [{"alg": "SHA-256", "content": digest.removeprefix("sha256:")}],
        "purl": purl,
    }


def _packages(lock: str) -> list[dict[str, Any]]:
    """With the sums of all files pip may take, as properties: which one it takes depends on the processor."""
    return [
        {
            "type": "library",
            "bom-ref": f"pkg:pypi/{name}@{version}",
            "name": name,
            "version": version,
            "purl": f"pkg:pypi/{name}@{version}",
            "properties": [
                {"name": "concordat:accepted-sha256", "value": sha256}
                for sha256 in re.findall(r"--hash=sha256:([0-9a-f]{64})", hashes)
            ],
        }
        for name, version, marker, hashes in _PACKAGE.findall(lock)
        if not marker or Marker(marker).evaluate(ENVIRONMENT)
    ]


def _version() -> str:
    found = re.search(r'__version__ = "([^"]+)"', (ROOT / "operator/concordat/__init__.py").read_text())
    assert found is not None
    return found[1]


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for image in IMAGES:
        file = folder / f"{image}.cdx.json"
        file.write_text(json.dumps(bill(image), indent=2) + "\n")
        print(file)


if __name__ == "__main__":
    main()
