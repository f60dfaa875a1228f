"""
Who relies on a contract: services with pods, by what is written on their Deployment.
"""

import re
from collections.abc import Iterable
from itertools import islice
from typing import Any

import orjson

from concordat.cluster.children import Child
from concordat.facts.tokens import Token
from concordat.gate import Usage
from concordat.manifest import canonical
from concordat.resources.edges import TOKENS

Usages = dict[str, Usage]
"""What is used by ``namespace/name`` of the contract."""

LONGEST = 128 * 1024
"""Characters of an annotation that is read; half of what the API server takes of all annotations together."""
MOST_CONTRACTS = 64
"""As many as a Microservice can consume."""
MOST_OPERATIONS = 1024
MOST_FIELDS = 1024
_REFERENCE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?/[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


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
    """Of each contract, which token the pods ask for; what is not written as one is left out."""
    stated = _parsed(text).get(TOKENS)
    found = {name: _token(said) for name, said in stated.items()} if isinstance(stated, dict) else {}
    return {name: token for name, token in found.items() if token is not None}


def usages_in(text: str) -> Usages:
    """
    Of each contract, what is used.

    Anybody who may annotate the Deployment can write this. What is not a declaration counts as using everything of the
    contract it names, so that a mangled annotation protects no less than the one it replaced.
    """
    return {name: _usage(said) for name, said in _parsed(text).items() if _REFERENCE.fullmatch(name)}


def _parsed(text: str) -> dict[str, Any]:
    if not text or len(text) > LONGEST:
        return {}
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return dict(islice(found.items(), MOST_CONTRACTS + 1)) if isinstance(found, dict) else {}


def _usage(said: Any) -> Usage:
    if not isinstance(said, dict) or len(said) > MOST_OPERATIONS:
        return None
    if not all(reads is None or _is_texts(reads) for reads in said.values()):
        return None
    return {operation: None if reads is None else tuple(reads) for operation, reads in said.items()}


def _token(said: Any) -> Token | None:
    if not isinstance(said, dict):
        return None
    issuer, audience, scopes = (said.get(field) for field in ("issuer", "audience", "scopes"))
    if not (isinstance(issuer, str) and isinstance(audience, str) and isinstance(scopes, list) and _is_texts(scopes)):
        return None
    return Token(issuer=issuer, audience=audience, scopes=tuple(scopes))


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= MOST_FIELDS and all(isinstance(one, str) for one in value)
