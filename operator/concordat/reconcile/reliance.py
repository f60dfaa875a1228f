"""
Who relies on a contract: services with pods, by what is written on their Deployment.
"""

from collections.abc import Iterable
from typing import Any

import orjson

from concordat.cluster.children import Child
from concordat.manifest import canonical
from concordat.resources.edges import TOKENS
from concordat.tokens import Token


def relies(before: tuple[str, ...], deployment: Child | None) -> tuple[str, ...]:
    """
    What the pods use of contracts: as the Deployment says, and until it is rolled out as it said before.

    What it said before we were started nobody knows: then the former pods count as using all of the same contracts.
    """
    workload = deployment.workload if deployment else None
    if deployment is None or workload is None or workload.total == 0:
        return ()
    now = deployment.consumes
    if workload.rolled_out:
        return (now,) if now else ()
    unknown = not before and workload.total > workload.updated
    former = (canonical(dict.fromkeys(usages_in(now))).decode(),) if unknown and now else before
    return tuple(dict.fromkeys(text for text in (*former, now) if text))


def contracts_in(uses: Iterable[str]) -> set[tuple[str, str]]:
    """Namespace and name of every contract that stands in annotations of Deployments."""
    return {tuple(reference.split("/", 1)) for text in uses for reference in usages_in(text)}  # type: ignore[misc]


def tokens_in(text: str) -> dict[str, Token]:
    """Of each contract, which token the pods ask for; those that ask for none are left out."""
    try:
        found = orjson.loads(text) if text else {}
        return {
            name: Token(issuer=said["issuer"], audience=said["audience"], scopes=tuple(said["scopes"]))
            for name, said in found.get(TOKENS, {}).items()
        }
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError):
        return {}


def usages_in(text: str) -> dict[str, Any]:
    """Of each contract, what is used; of an annotation somebody mangled, nothing."""
    try:
        found = orjson.loads(text) if text else {}
    except orjson.JSONDecodeError:
        return {}
    return {name: uses for name, uses in found.items() if "/" in name} if isinstance(found, dict) else {}
