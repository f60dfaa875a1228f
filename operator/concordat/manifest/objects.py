"""
A child as a value: its kind, its name, its identity, its digest.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import orjson

Manifest = dict[str, Any]
"""A Kubernetes object as it is written to the API server."""

Object = dict[str, Any]
"""A Kubernetes object as the API server returns it, whole or its metadata only."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of object we build, and how it is built."""

    group: str
    version: str
    kind: str
    plural: str
    optional: bool = False
    """Installed by somebody else (Gateway API, prometheus-operator); may come and go."""
    born_by_apply: bool = False
    """
    Created by server-side apply instead of POST.

    A POST-born entry in ``managedFields`` also owns what the server defaulted. For a Deployment that includes
    ``replicas``: the first scaling by an autoscaler would look like drift.
    """

    watched_whole: bool = False
    """Its status matters to us; of all other kinds only the metadata travels."""
    wave: int = 0
    """Written after every planned child of a lower wave."""
    guard: bool = False
    """What guards a pod exists before the pod does: as long as this one cannot be written, later waves wait."""
    points_at: str = ""
    """
    Kind of the sibling of an earlier wave that this one acts on by name or selector.

    While that sibling is a stranger's, this one would act on the stranger: it is not written, and taken back.
    """

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def path(self) -> str:
        """``/apis/apps/v1`` or ``/api/v1``."""
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"

    def __str__(self) -> str:
        return self.kind


@dataclass(frozen=True, kw_only=True, order=True, slots=True)
class ChildKey:
    """Identity of a child inside the namespace of its owner."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


@dataclass(frozen=True, kw_only=True)
class PlannedChild:
    """A child as it should be."""

    kind: Kind
    manifest: Manifest
    relinquished: tuple[tuple[str, ...], ...] = field(default=())
    """
    Paths we may have owned before and must hand over without removing their values, e.g. ``("spec", "replicas")``
    once an autoscaler takes over. Dropping such a field from an apply would reset it to the server's default.
    """
    born_with: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the spec that are stated when the object is created and never again: where an autoscaler starts from."""

    @property
    def name(self) -> str:
        found: str = self.manifest["metadata"]["name"]
        return found

    @property
    def key(self) -> ChildKey:
        return ChildKey(kind=self.kind.kind, name=self.name)

    @property
    def newborn(self) -> Manifest:
        """The manifest to create it with."""
        if not self.born_with:
            return self.manifest
        return {**self.manifest, "spec": {**self.manifest["spec"], **self.born_with}}

    @property
    def states_replicas(self) -> bool:
        """Nobody else may scale it."""
        return "replicas" in self.manifest.get("spec", ())

    @cached_property
    def digest(self) -> str:
        """Of the manifest: equal digests mean there is nothing to write."""
        return digest(self.manifest)


def canonical(value: Any) -> bytes:
    """JSON with sorted keys and no spaces: equal values give equal bytes."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


_NOT_IN_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""Written as they are, YAML refuses them or takes them for the end of a line; JSON allows them."""


def as_yaml(value: Any) -> bytes:
    """
    The JSON that is the same value as YAML: a server-side apply is read as YAML 1.1.

    Only these characters are escaped: YAML knows no surrogates, so that others must stand as they are.
    """
    text = orjson.dumps(value).decode()
    return _NOT_IN_YAML.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode()


def digest(value: Any, *, size: int = 10) -> str:
    """Hex digest of the canonical form; ``size`` in bytes."""
    return hashlib.blake2b(canonical(value), digest_size=size).hexdigest()


_DNS_1035_LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?\Z")
_SHORTENED = re.compile(r".*--[0-9a-f]{10}\Z")
LONGEST_LABEL = 63
"""Characters of a DNS label and of a label's value."""


def object_name(service_name: str) -> str:
    """
    The name of every child: the service's own where Kubernetes allows it for a Service (DNS-1035, 63 characters).

    Otherwise what can be kept of it, two dashes and a hash of the whole. A name that already looks so is hashed as well:
    two services never share a name.
    """
    return _fitting(service_name, LONGEST_LABEL)


def suffixed(name: str, suffix: str, *, longest: int = LONGEST_LABEL) -> str:
    """``<name>-<suffix>`` where Kubernetes allows it; else what can be kept of both, with a hash of the name between them."""
    return f"{_fitting(name, longest - len(suffix) - 1)}-{suffix}"


def _fitting(name: str, longest: int) -> str:
    valid = len(name) <= longest and _DNS_1035_LABEL.match(name)
    return name if valid and not _SHORTENED.match(name) else _shortened(name, longest)


def _shortened(name: str, longest: int) -> str:
    kept = re.sub(r"[^a-z0-9-]", "-", name)
    kept = kept if kept[:1].isalpha() else f"s-{kept}"
    return f"{kept[: longest - 12].rstrip('-')}--{digest(name, size=5)}"


def label_value(text: str) -> str:
    """``text`` as a label value: other characters become dashes, and what is too long ends in a hash."""
    valid = re.sub(r"[^-_.A-Za-z0-9]", "-", text).strip("-_.")
    if len(valid) <= LONGEST_LABEL:
        return valid
    return f"{valid[: LONGEST_LABEL - 11].rstrip('-_.')}-{digest(text, size=5)}"
