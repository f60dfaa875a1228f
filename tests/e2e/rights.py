"""
Rights used, from an audit log, against rights granted, from the roles bound to an account.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from concordat.manifest import Manifest
from concordat_lab.control_plane.audit import Request

EVERYWHERE = "*"

CREATED = 201
"""Answer to an apply that created: the API server has asked RBAC for ``create`` as well, and logs ``patch`` alone."""


@dataclass(frozen=True, kw_only=True, order=True)
class Right:
    """One verb on one resource. As a grant: ``*`` is every namespace, an empty name every object."""

    namespace: str
    group: str
    resource: str
    """With its subresource: ``microservices/status``."""
    verb: str
    name: str = ""

    def covers(self, request: "Right") -> bool:
        """Whether this grant allows ``request``."""
        return (
            self.namespace in (EVERYWHERE, request.namespace)
            and self.name in ("", request.name)
            and (self.group, self.resource, self.verb) == (request.group, request.resource, request.verb)
        )

    def __str__(self) -> str:
        where = "everywhere" if self.namespace == EVERYWHERE else f"in {self.namespace or 'no namespace'}"
        what = f"{self.resource}.{self.group}" if self.group else self.resource
        return f"{self.verb} {what}{f' {self.name}' if self.name else ''} {where}"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Where what is used and what is granted part."""

    unused: tuple[Right, ...]
    """Granted, never used: give it up."""
    ungranted: tuple[Right, ...]
    """Tried without a grant."""

    def __len__(self) -> int:
        return len(self.unused) + len(self.ungranted)

    def __str__(self) -> str:
        lines = [f"never used: {right}" for right in self.unused] + [
            f"not granted: {right}" for right in self.ungranted
        ]
        return "\n".join(lines) or "none"


def difference(granted: Iterable[Right], used: Iterable[Right]) -> Difference:
    """In both directions."""
    granted, used = sorted(set(granted)), sorted(set(used))
    return Difference(
        unused=tuple(grant for grant in granted if not any(grant.covers(request) for request in used)),
        ungranted=tuple(request for request in used if not any(grant.covers(request) for grant in granted)),
    )


def used(requests: Iterable[Request], account: str) -> Iterator[Right]:
    """What ``account`` (``system:serviceaccount:NAMESPACE:NAME``) asked for. Discovery has no resource and needs no right."""
    for request in requests:
        if request.user != account or not request.resource:
            continue
        asked = Right(
            namespace=request.namespace,
            group=request.group,
            resource=f"{request.resource}/{request.subresource}" if request.subresource else request.resource,
            verb=request.verb,
            name=request.name,
        )
        yield asked
        if (request.verb, request.code) == ("patch", CREATED):
            yield replace(asked, verb="create")


def granted(objects: Iterable[Manifest], *, account: str, namespace: str) -> Iterator[Right]:
    """What the roles among ``objects`` give the ServiceAccount ``account`` of ``namespace`` by the bindings among them."""
    objects = list(objects)
    roles = {
        (role["kind"], role["metadata"].get("namespace", ""), role["metadata"]["name"]): role.get("rules") or []
        for role in objects
        if role["kind"] in ("Role", "ClusterRole")
    }
    for binding in objects:
        if binding["kind"] not in ("RoleBinding", "ClusterRoleBinding"):
            continue
        subjects = [(s["kind"], s.get("namespace"), s["name"]) for s in binding.get("subjects") or ()]
        if ("ServiceAccount", namespace, account) not in subjects:
            continue
        where = binding["metadata"].get("namespace", "")
        kind, name = binding["roleRef"]["kind"], binding["roleRef"]["name"]
        for rule in roles[kind, where if kind == "Role" else "", name]:
            yield from _grants(rule, where or EVERYWHERE)


def _grants(rule: Mapping[str, Any], namespace: str) -> Iterator[Right]:
    for group in rule.get("apiGroups") or ():
        for resource in rule.get("resources") or ():
            for verb in rule["verbs"]:
                for name in rule.get("resourceNames") or ("",):
                    yield Right(namespace=namespace, group=group, resource=resource, verb=verb, name=name)
