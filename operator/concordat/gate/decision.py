"""
The decision: an ordered list of small checks, each named for what it finds.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from concordat.api import AcceptedAuth, ServiceContract, State
from concordat.api.auth import MOST_OPERATIONS_WITH_SCOPES
from concordat.api.values.semver import Version
from concordat.errors import Problem
from concordat.gate.authorization import Tokens, demanded, shut_out
from concordat.gate.question import Assessment, Change, Usage
from concordat.manifest import conventions

LONGEST_AUTH = 60 * 1024
"""Bytes."""

Aspect = Literal["Valid", "Compatible", "ConsumersSafe"]


@dataclass(frozen=True, kw_only=True)
class InForce:
    """What is accepted of a contract: what binds."""

    versions: tuple[tuple[str, str], ...] = ()
    """Version and digest, oldest first; the last one is in force."""
    state: str = ""
    sunset: str = ""
    auth: AcceptedAuth | None = None
    """The tokens demanded; ``None`` where none are, or no longer."""

    @property
    def version(self) -> str:
        """Empty as long as nothing was accepted."""
        return self.versions[-1][0] if self.versions else ""

    @property
    def digest(self) -> str:
        return self.versions[-1][1] if self.versions else ""

    def digest_of(self, version: str) -> str | None:
        return dict(self.versions).get(version)


@dataclass(frozen=True, kw_only=True)
class Objection:
    """Why a version does not come into force."""

    aspect: Aspect
    """The condition that says so."""
    reason: str
    problem: Problem
    changes: tuple[Change, ...] = ()
    remedy: str = ""
    waits: bool = False
    """It ends once others have done their part, for which what is written must be known to them."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """Everything a decision depends on."""

    contract: ServiceContract
    in_force: InForce
    assessment: Assessment
    users: tuple[str, ...] = ()
    """Everybody who relies on the contract now: running services by ``namespace/name``, external consumers by their name alone."""
    usages: Mapping[str, Usage] = field(default_factory=dict)
    """What each of them uses; who is not among them uses everything."""
    tokens: Tokens = field(default_factory=dict)
    """Which tokens each of them asks for; who is not among them asks for none."""
    lost: tuple[str, ...] = ()
    """Accepted versions it could not be compared with, because they are kept nowhere any more: each in words."""

    @property
    def binds(self) -> bool:
        """A draft binds nobody."""
        return self.contract.spec.lifecycle.state is not State.DRAFT

    @property
    def is_new(self) -> bool:
        return self.in_force.digest_of(self.contract.spec.version) is None

    @property
    def auth(self) -> AcceptedAuth | None:
        """The tokens the spec demands; as accepted where nobody had to look at its document anew."""
        if (
            self.contract.spec.auth is not None
            and self.assessment.with_scopes is None
            and self.in_force.auth is not None
        ):
            return self.in_force.auth
        return demanded(self.contract, self.assessment.with_scopes)

    @cached_property
    def shut_out(self) -> tuple[Change, ...]:
        """What of it touches those who rely on the contract now."""
        if not self.binds or self.assessment.invalid:
            return ()
        return shut_out(self.in_force.auth, self.auth, users=self.users, usages=self.usages, tokens=self.tokens)

    @property
    def may_break(self) -> bool:
        """The version says so: another major version, or another minor one of 0."""
        old = self.in_force.version
        return not old or Version(self.contract.spec.version).line != Version(old).line


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What became of it."""

    accepted: bool
    """All the spec says is in force, or comes into force now."""
    comes_into_force: bool
    """The version was not before."""
    objections: tuple[Objection, ...] = ()
    """All of them; with a broken glass they are only told."""
    forced: bool = False
    """Accepted in spite of objections."""
    verdicts: tuple[tuple[str, str], ...] = ()
    """Consumer and compatible, breaking or unknown; sorted."""

    @property
    def waits(self) -> bool:
        """
        The version is accepted, what it demands of those who call is not yet: there is nothing its author could mend, it is to be stored,
        and comes into force by itself.
        """
        return not self.accepted and all(objection.waits for objection in self.objections)

    def about(self, aspect: Aspect) -> tuple[Objection, ...]:
        return tuple(objection for objection in self.objections if objection.aspect == aspect)


Check = Callable[[Case], Iterator[Objection]]


def decide(case: Case) -> Decision:
    """Whether the version in the spec comes into force, or stays there."""
    objections = tuple(objection for check in CHECKS for objection in check(case))
    valid = not any(objection.aspect == "Valid" for objection in objections)
    forced = valid and bool(objections) and bool(case.contract.break_glass)
    accepted = valid and (forced or not objections)
    waits = not accepted and all(objection.waits for objection in objections)
    return Decision(
        accepted=accepted,
        comes_into_force=(accepted or waits) and case.is_new and case.binds,
        objections=objections,
        forced=forced,
        verdicts=tuple((name, _verdict(case, name)) for name in sorted(case.users)),
    )


def _verdict(case: Case, name: str) -> str:
    if any(name in change.consumers for change in case.shut_out):
        return "breaking"
    if case.lost:
        return "unknown"
    return case.assessment.verdicts.get(name, "compatible")


# --- what is found ------------------------------------------------------------------------------------------------------


def document_unusable(case: Case) -> Iterator[Objection]:
    """What cannot be read cannot be promised."""
    if case.assessment.invalid:
        reason = case.assessment.reason or conventions.REASON_INVALID_DOCUMENT
        yield _invalid(reason, "spec.document", case.assessment.invalid)


def version_differs_from_the_documents(case: Case) -> Iterator[Objection]:
    """Two versions on one document would be one too many."""
    own, stated = case.assessment.version, case.contract.spec.version
    if not case.assessment.invalid and own and own != stated:
        yield _invalid(
            conventions.REASON_VERSION_MISMATCH,
            "spec.version",
            f"says {stated}, and the document says {own} in info.version: make them one",
        )


def scopes_of_no_operation(case: Case) -> Iterator[Objection]:
    """What is demanded of nothing guards nothing."""
    for unknown in case.assessment.scopes_unknown:
        yield _invalid(conventions.REASON_INVALID_AUTH, f"spec.auth.scopes[{unknown.operation}]", unknown.message)


def demands_too_much(case: Case) -> Iterator[Objection]:
    """It goes into one environment variable, of which Linux takes 128 KiB (``MAX_ARG_STRLEN``)."""
    auth = case.auth
    if auth is None:
        return
    count = len(case.assessment.with_scopes or ())
    if count > MOST_OPERATIONS_WITH_SCOPES or len(auth.model_dump_json()) > LONGEST_AUTH:
        yield _invalid(
            conventions.REASON_INVALID_AUTH,
            "spec.auth.scopes",
            f"comes to {count} operations and {len(auth.model_dump_json()) // 1024} KiB, of at most"
            f" {MOST_OPERATIONS_WITH_SCOPES} and {LONGEST_AUTH // 1024}: shorten names, or split the API into several contracts",
        )


def demands_tokens_nobody_sends(case: Case) -> Iterator[Objection]:
    """Who runs and does not ask for a token would be turned away."""
    if not case.shut_out:
        return
    broken = sorted({name for change in case.shut_out for name in change.consumers})
    moved = any(change.id in ("auth-issuer-changed", "auth-audience-changed") for change in case.shut_out)
    yield Objection(
        aspect="ConsumersSafe",
        reason=conventions.REASON_CONSUMERS_SHUT_OUT,
        problem=Problem(path="spec.auth", message=f"would shut out {_how_they_rely(broken)}"),
        changes=case.shut_out,
        remedy=f"go back, or publish {case.contract.name} under another name beside it and deprecate this one"
        if moved
        else "it comes into force by itself once they ask for it: consumes[].scopes of each,"
        " and scopes in spec.externalConsumers of those outside",
        waits=not moved,
    )


def republished(case: Case) -> Iterator[Objection]:
    """Others may have built against it."""
    spec, kept = case.contract.spec, case.in_force.digest_of(case.contract.spec.version)
    if case.binds and kept is not None and not case.assessment.invalid and kept != case.assessment.digest:
        yield _incompatible(
            conventions.REASON_VERSION_REPUBLISHED,
            "spec.version",
            f"{spec.version} was accepted with other content: give the change a version of its own",
        )


def past_is_lost(case: Case) -> Iterator[Objection]:
    """What nothing was compared with may break everything."""
    if case.binds and case.is_new and case.lost and not case.assessment.invalid:
        yield _incompatible(conventions.REASON_VERSION_LOST, "status.versions", "; ".join(case.lost))


def version_went_back(case: Case) -> Iterator[Objection]:
    """Whoever uses what came since would lose it."""
    stated, current = case.contract.spec.version, case.in_force.version
    if case.binds and current and Version(stated) < Version(current):
        yield _incompatible(
            conventions.REASON_VERSION_WENT_BACK,
            "spec.version",
            f"{stated} is older than {current}, which is in force: publish the older content as a new version",
        )


def breaks_without_a_major_step(case: Case) -> Iterator[Objection]:
    """Within one line of versions nothing breaks."""
    if not (case.binds and case.is_new and case.in_force.version and case.assessment.breaks) or case.may_break:
        return
    step = Version(case.in_force.version).next_line
    count = len(case.assessment.breaks)
    changes = "1 breaking change needs" if count == 1 else f"{count} breaking changes need"
    yield _incompatible(
        conventions.REASON_BREAKING_CHANGE,
        "spec.document",
        f"{changes} {step}",
        changes=case.assessment.breaks,
        remedy=_way_out(case),
    )


def breaks_who_relies_on_it(case: Case) -> Iterator[Objection]:
    """A version number mends nobody's program."""
    if not (case.binds and case.is_new and case.in_force.version):
        return
    broken = [name for name, verdict in sorted(case.assessment.verdicts.items()) if verdict != "compatible"]
    if broken:
        yield Objection(
            aspect="ConsumersSafe",
            reason=conventions.REASON_CONSUMERS_BREAK,
            problem=Problem(path="spec.document", message=f"would break {_how_they_rely(broken)}"),
            changes=case.assessment.harms,
            remedy=_way_out(case),
        )


def retired_while_in_use(case: Case) -> Iterator[Objection]:
    """The end of a contract comes when nobody relies on it any more."""
    retired = case.contract.spec.lifecycle.state is State.RETIRED
    if retired and case.in_force.state not in ("", State.RETIRED) and case.users:
        yield Objection(
            aspect="ConsumersSafe",
            reason=conventions.REASON_IN_USE,
            problem=Problem(
                path="spec.lifecycle.state",
                message=f"cannot be retired while {_named(case.users)} {'relies' if len(case.users) == 1 else 'rely'}"
                " on it: deprecate it with a sunset and a successor, and retire it when they are gone",
            ),
        )


def sunset_moved_earlier(case: Case) -> Iterator[Objection]:
    """Consumers plan with it."""
    before, after = case.in_force.sunset, case.contract.spec.lifecycle.sunset
    if before and after and after < before:
        yield Objection(
            aspect="ConsumersSafe",
            reason=conventions.REASON_SUNSET_EARLIER,
            problem=Problem(
                path="spec.lifecycle.sunset",
                message=f"was {before} and cannot become {after}: it can be moved later or taken back, never earlier",
            ),
        )


CHECKS: Sequence[Check] = (
    document_unusable,
    version_differs_from_the_documents,
    scopes_of_no_operation,
    demands_too_much,
    republished,
    past_is_lost,
    version_went_back,
    breaks_without_a_major_step,
    breaks_who_relies_on_it,
    demands_tokens_nobody_sends,
    retired_while_in_use,
    sunset_moved_earlier,
)


def _way_out(case: Case) -> str:
    name = case.contract.name
    step = Version(case.in_force.version).next_line
    return f"keep what breaks, or publish {name}-v{step.core.major} beside it and deprecate this one"


def _how_they_rely(names: Sequence[str]) -> str:
    """Those who run here go by ``namespace/name``; of external consumers the cluster knows only that they were declared."""
    running = [name for name in names if "/" in name]
    declared = [name for name in names if "/" not in name]
    as_what = "an external consumer" if len(declared) == 1 else "external consumers"
    said = (
        f"{_named(running)}, running now" if running else "",
        f"{_named(declared)}, declared as {as_what}" if declared else "",
    )
    return ", and ".join(filter(None, said))


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"


def _invalid(reason: str, path: str, message: str) -> Objection:
    return Objection(aspect="Valid", reason=reason, problem=Problem(path=path, message=message))


def _incompatible(
    reason: str, path: str, message: str, *, changes: tuple[Change, ...] = (), remedy: str = ""
) -> Objection:
    return Objection(
        aspect="Compatible", reason=reason, problem=Problem(path=path, message=message), changes=changes, remedy=remedy
    )
