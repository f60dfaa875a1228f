"""
The operator's rights, as far as they can be judged without a cluster.

That the list is also exactly what is used is shown in ``tests/e2e`` from the audit log.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.chart.helm import MATRIX, NAMESPACE, Helm, of_kind, only

NEVER = {
    "secrets",
    "pods/exec",
    "pods/log",
    "nodes",
    "roles",
    "rolebindings",
    "clusterroles",
    "clusterrolebindings",
    "serviceaccounts/token",
    "mutatingwebhookconfigurations",
    "persistentvolumes",
}
"""What an operator that builds services has no business with."""

POLICY = "ValidatingAdmissionPolicy"

USERS = ("concordat-view", "concordat-edit")
"""Roles for people; all others are the operator's own."""


@pytest.mark.parametrize("name", MATRIX)
def test_no_rule_is_a_wildcard(helm: Helm, name: str) -> None:
    """Neither a group, a resource nor a verb."""
    assert [] == [rule for rule in _rules(helm, name) if "*" in rule["apiGroups"] + rule["resources"] + rule["verbs"]]


@pytest.mark.parametrize("name", MATRIX)
def test_no_rule_leads_to_more_rights(helm: Helm, name: str) -> None:
    """Not to secrets, pods, roles or tokens, and not by escalation, binding or impersonation."""
    assert set() == {resource for rule in _rules(helm, name) for resource in rule["resources"]} & NEVER
    assert set() == {verb for rule in _rules(helm, name) for verb in rule["verbs"]} & {
        "escalate",
        "bind",
        "impersonate",
        "deletecollection",
    }


@pytest.mark.parametrize("name", MATRIX)
def test_of_webhooks_only_its_own_is_touched(helm: Helm, name: str) -> None:
    """Where there is one."""
    configured = [
        c["metadata"]["name"] for c in of_kind(helm.manifests(MATRIX[name]), "ValidatingWebhookConfiguration")
    ]
    rules = [rule for rule in _rules(helm, name) if "validatingwebhookconfigurations" in rule["resources"]]

    assert [(["get", "patch"], configured)] * len(configured) == [(r["verbs"], r.get("resourceNames")) for r in rules]


@pytest.mark.parametrize("name", MATRIX)
def test_what_people_wrote_is_never_written(helm: Helm, name: str) -> None:
    """On our own kinds: reading, and patching the status."""
    verbs = {
        (resource, verb)
        for rule in _rules(helm, name)
        if "concordat.dev" in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }

    kinds = ("microservices", "servicecontracts")
    assert verbs == {(kind, verb) for kind in kinds for verb in ("list", "watch")} | {
        (f"{k}/status", "patch") for k in kinds
    }


def test_namespaces_need_no_cluster_role(helm: Helm) -> None:
    """Somebody with rights in two namespaces alone can install it there."""
    manifests = helm.manifests(MATRIX["two namespaces"] | {"crds": {"install": False}})

    of_the_cluster = (
        *("ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition"),
        *("ValidatingWebhookConfiguration", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"),
    )
    assert [] == of_kind(manifests, *of_the_cluster)
    assert {"shop", "billing", NAMESPACE} == {role["metadata"]["namespace"] for role in of_kind(manifests, "Role")}


def test_rights_are_the_same_in_both_scopes_but_for_the_clusters_own(helm: Helm) -> None:
    """A Role grants nothing the ClusterRole does not."""
    cluster = only([r for r in helm.manifests({}) if r["metadata"]["name"] == "concordat"], "ClusterRole")
    roles = [
        role
        for role in of_kind(helm.manifests(MATRIX["two namespaces"]), "Role")
        if role["metadata"]["namespace"] != NAMESPACE
    ]

    assert [] == [rule for role in roles for rule in role["rules"] if rule not in cluster["rules"]]


def test_whatever_may_be_created_is_held_to_a_policy(helm: Helm) -> None:
    """Every right to write objects of others' kinds, but for events and the Lease."""
    manifests = helm.manifests({})
    policy = only([one for one in manifests if one["metadata"]["name"] == "concordat-children"], POLICY)
    held = {
        (group, resource)
        for rule in policy["spec"]["matchConstraints"]["resourceRules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        if rule["operations"] == ["CREATE", "UPDATE", "DELETE"]
    }
    written = {
        (group, resource)
        for rule in _rules(helm, "as it comes")
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        if {"create", "update", "delete"} & set(rule["verbs"])
    }

    assert {("events.k8s.io", "events"), ("coordination.k8s.io", "leases")} == written - held


def test_only_its_own_lease_is_touched(helm: Helm) -> None:
    """Other leases of the namespace, other operators' among them, stay out of reach."""
    (role,) = (role for role in of_kind(helm.manifests({}), "Role"))
    environment = only(helm.manifests({}), "Deployment")["spec"]["template"]["spec"]["containers"][0]["env"]
    (lease,) = (variable["value"] for variable in environment if variable["name"] == "CONCORDAT_LEASE_NAME")

    assert [["create"], ["get", "update"]] == [sorted(rule["verbs"]) for rule in role["rules"]]
    assert [None, [lease]] == [rule.get("resourceNames") for rule in role["rules"]]


@pytest.mark.parametrize("name", MATRIX)
def test_every_binding_binds_the_operators_account(helm: Helm, name: str) -> None:
    """To a role of this release, and nobody else to it."""
    manifests = helm.manifests(MATRIX[name])
    account = only(manifests, "ServiceAccount")["metadata"]
    roles = {(role["kind"], role["metadata"]["name"]) for role in of_kind(manifests, "Role", "ClusterRole")}

    for binding in of_kind(manifests, "RoleBinding", "ClusterRoleBinding"):
        assert [{"kind": "ServiceAccount", "name": account["name"], "namespace": NAMESPACE}] == binding["subjects"]
        assert (binding["roleRef"]["kind"], binding["roleRef"]["name"]) in roles


def test_people_get_their_part_of_the_usual_roles(helm: Helm) -> None:
    """``view`` reads our two kinds, ``edit`` and ``admin`` write them; nobody writes the status but the operator."""
    view, edit = (
        only([m for m in helm.manifests({}) if m["metadata"]["name"] == name], "ClusterRole") for name in USERS
    )

    assert "true" == view["metadata"]["labels"]["rbac.authorization.k8s.io/aggregate-to-view"]
    assert "rbac.authorization.k8s.io/aggregate-to-view" not in edit["metadata"]["labels"]
    assert {"get", "list", "watch"} == {verb for rule in view["rules"] for verb in rule["verbs"]}
    assert {"microservices", "servicecontracts"} == {
        resource for rule in edit["rules"] for resource in rule["resources"]
    }


def _rules(helm: Helm, name: str) -> Iterator[dict[str, Any]]:
    for role in of_kind(helm.manifests(MATRIX[name]), "Role", "ClusterRole"):
        if role["metadata"]["name"] not in USERS:
            yield from role["rules"]
