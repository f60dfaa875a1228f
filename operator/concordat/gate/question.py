"""
Question and answer of an assessment: plain data, so that both can cross into a process of its own.
"""

from collections.abc import Iterable, Mapping

from pydantic import BaseModel, ConfigDict

from concordat.api import Compatibility, OperationScopes, Use

Usage = Mapping[str, tuple[str, ...] | None] | None
"""Operations by name with what is read of each answer, ``None`` for all of it; ``None`` instead: everything."""


def usage_of(uses: Iterable[Use] | None) -> Usage:
    """As a consumer declares it in ``uses``."""
    return None if uses is None else {use.operation: use.reads for use in uses}


def together(
    declared: Iterable[Mapping[str, tuple[str, ...] | None] | None],
) -> dict[str, tuple[str, ...] | None] | None:
    """Several declarations of one consumer as one: what any of them uses."""
    found: dict[str, tuple[str, ...] | None] = {}
    for uses in declared:
        if uses is None:
            return None
        for operation, reads in uses.items():
            before = found.get(operation, ())
            found[operation] = None if reads is None or before is None else tuple(sorted({*before, *reads}))
    return found


class _Plain(BaseModel):
    model_config = ConfigDict(frozen=True)


class Question(_Plain):
    """A document, and who relies on what came before it."""

    document: str | bytes
    """JSON, YAML or SDL; bytes may be gzip."""
    format: str = ""
    """openapi, graphql or asyncapi: what it must be; empty for whatever it is."""
    new: bool = False
    """It is to come into force: every schema in it must be one, so that the version after it can be compared."""
    before: tuple[str | bytes, ...] = ()
    """Accepted versions in normal form, the one in force last; those to compare with. Bytes may be gzip."""
    compatibility: Compatibility = Compatibility.BACKWARD
    usages: dict[str, dict[str, tuple[str, ...] | None] | None] = {}
    """What each consumer uses, by the name messages call it."""
    scopes: dict[str, tuple[str, ...]] | None = None
    """By operation, what tokens must hold; ``None`` where no tokens are demanded."""
    keep: bool = False
    """Answer with the normal form as well."""


MOST_CONSUMERS_OF_A_CHANGE = 32


class Change(_Plain):
    """One finding, and whom it touches."""

    id: str
    severity: str
    location: str
    message: str
    undecided: bool = False
    """Neither proved to break nor proved not to: treated as a break."""
    consumers: tuple[str, ...] = ()
    """The first :data:`MOST_CONSUMERS_OF_A_CHANGE` of them."""
    more_consumers: int = 0
    """How many are not named."""


class UnknownUse(_Plain):
    """Something a consumer says it uses that is not there."""

    operation: str
    field: str | None
    message: str


class Assessment(_Plain):
    """What is to be known of a document."""

    invalid: str = ""
    """Why it cannot be used, where, and the remedy; then nothing else is said."""
    reason: str = ""
    """The condition's reason where it is not the document's content that is wrong: what it costs, or a process that ended."""
    digest: str = ""
    version: str = ""
    """The document's own, ``info.version``; GraphQL has none."""
    operations: tuple[str, ...] = ()
    normal: str = ""
    """The normal form, where ``keep`` asks for it."""
    packed: bytes = b""
    """The same as gzip, in its place, of an assessment made in a process of its own."""
    breaks: tuple[Change, ...] = ()
    """What ``compatibility`` does not allow within one line of versions."""
    warnings: tuple[Change, ...] = ()
    """What is dangerous and no break."""
    harms: tuple[Change, ...] = ()
    """What touches a consumer, whatever ``compatibility`` allows."""
    verdicts: dict[str, str] = {}
    """compatible, breaking or unknown, by consumer."""
    unknown: dict[str, tuple[UnknownUse, ...]] = {}
    """What consumers use that this version does not offer."""
    with_scopes: tuple[OperationScopes, ...] | None = None
    """What ``scopes`` of the question came to; ``None`` where nobody asked."""
    scopes_unknown: tuple[UnknownUse, ...] = ()
    """What ``scopes`` of the question names and this version does not have."""
