"""
The comparison of rights can itself be wrong: what it must see, on hand-made roles and audit events.
"""

from dataclasses import replace
from typing import Any

from concordat.manifest import Manifest
from concordat_lab.control_plane.audit import Request
from tests.e2e.rights import Difference, difference, granted, used

ACCOUNT = "system:serviceaccount:concordat-system:concordat"


def test_what_is_granted_and_used_is_no_difference() -> None:
    """A grant for every namespace covers a request in one."""
    assert 0 == len(_difference([_rule("list", "watch")], [_event("list", "shop"), _event("watch", "")]))


def test_a_right_never_used_is_a_difference() -> None:
    """Each verb counts by itself."""
    found = _difference([_rule("list", "patch")], [_event("list", "shop")])

    assert ["patch deployments.apps everywhere"] == [str(right) for right in found.unused]


def test_a_request_without_a_grant_is_a_difference() -> None:
    """Whether it was refused or allowed by a role of somebody else's."""
    found = _difference([_rule("list")], [_event("list", "shop"), _event("delete", "shop", name="orders")])

    assert ["delete deployments.apps orders in shop"] == [str(right) for right in found.ungranted]


def test_a_grant_in_one_namespace_says_nothing_of_another() -> None:
    """A Role is not a ClusterRole."""
    found = _difference([_rule("list")], [_event("list", "shop"), _event("list", "billing")], namespace="shop")

    assert ["list deployments.apps in billing"] == [str(right) for right in found.ungranted]


def test_a_grant_by_name_covers_that_name_only() -> None:
    """As the one for our Lease."""
    rule = _rule("get") | {"resourceNames": ["concordat"]}

    assert 0 == len(_difference([rule], [_event("get", "shop", name="concordat")]))
    assert 2 == len(_difference([rule], [_event("get", "shop", name="another")]))


def test_a_subresource_is_a_resource_of_its_own() -> None:
    """Who may patch the status may not patch the object."""
    rule = _rule("patch") | {"resources": ["deployments/status"]}

    assert 2 == len(_difference([rule], [_event("patch", "shop", name="orders")]))


def test_an_apply_that_creates_uses_two_rights() -> None:
    """The audit log says patch, RBAC was asked for create as well."""
    created = replace(_event("patch", "shop", name="orders"), code=201)

    assert 0 == len(_difference([_rule("patch", "create")], [created]))
    assert 1 == len(_difference([_rule("patch", "create")], [replace(created, code=200)]))


def test_what_others_ask_for_does_not_count() -> None:
    """The log holds everybody's requests."""
    foreign = replace(_event("list", "shop"), user=f"{ACCOUNT}-other")

    assert ["list deployments.apps everywhere"] == [
        str(right) for right in _difference([_rule("list")], [foreign]).unused
    ]


def _rule(*verbs: str) -> dict[str, Any]:
    return {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": list(verbs)}


def _event(verb: str, namespace: str, *, name: str = "") -> Request:
    return Request(
        verb=verb,
        user=ACCOUNT,
        user_agent="concordat",
        group="apps",
        resource="deployments",
        subresource="",
        namespace=namespace,
        name=name,
        code=200,
        uri="",
        time="",
    )


def _difference(rules: list[dict[str, Any]], requests: list[Request], *, namespace: str = "") -> Difference:
    return difference(
        granted(_roles(rules, namespace), account="concordat", namespace="concordat-system"), used(requests, ACCOUNT)
    )


def _roles(rules: list[dict[str, Any]], namespace: str) -> list[Manifest]:
    kind, metadata = ("Role", {"name": "r", "namespace": namespace}) if namespace else ("ClusterRole", {"name": "r"})
    return [
        {"kind": kind, "metadata": metadata, "rules": rules},
        {
            "kind": f"{kind}Binding",
            "metadata": metadata,
            "roleRef": {"kind": kind, "name": "r"},
            "subjects": [{"kind": "ServiceAccount", "namespace": "concordat-system", "name": "concordat"}],
        },
    ]
