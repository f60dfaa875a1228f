"""Deprecation, sunset and stability: what was announced, and whether it was kept. oasdiff's rules; today is passed in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from concordat_contracts.findings.scope import STABILITY_LEVELS, Policy, Scope
from concordat_contracts.findings.touching import ContractFinding
from concordat_contracts.openapi.model import Operation

_SUNSET = "x-sunset"
_STABILITY = "x-stability-level"


class NoDate(ValueError):
    """A sunset that is no RFC 3339 date."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The rule ids of one kind of thing that can be deprecated."""

    missing: str
    parse: str
    too_small: str
    changed_too_small: str | None = None
    deleted: str | None = None
    deprecated: str | None = None
    reactivated: str | None = None


OPERATION = Rules(
    missing="api-deprecated-sunset-missing",
    parse="api-deprecated-sunset-parse",
    too_small="api-sunset-date-too-small",
    changed_too_small="api-sunset-date-changed-too-small",
    deleted="sunset-deleted",
    deprecated="endpoint-deprecated",
    reactivated="endpoint-reactivated",
)
PARAMETER = Rules(
    missing="request-parameter-deprecated-sunset-missing",
    parse="request-parameter-sunset-parse",
    too_small="request-parameter-sunset-date-too-small",
    changed_too_small="request-parameter-sunset-date-changed-too-small",
    deleted="request-parameter-sunset-deleted",
    deprecated="request-parameter-deprecated",
    reactivated="request-parameter-reactivated",
)
REQUEST_PROPERTY = Rules(
    missing="request-property-deprecated-sunset-missing",
    parse="request-property-deprecated-sunset-invalid",
    too_small="request-property-sunset-date-too-small",
)
RESPONSE_PROPERTY = Rules(
    missing="response-property-deprecated-sunset-missing",
    parse="response-property-deprecated-sunset-invalid",
    too_small="response-property-sunset-date-too-small",
)


def sunset_of(raw: Mapping[str, Any]) -> date | None:
    """The day announced with ``x-sunset``; ``NoDate`` where it is none."""
    value = raw.get(_SUNSET)
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return datetime.fromisoformat(value).date() if len(value) > 10 else date.fromisoformat(value)
    except (TypeError, ValueError):
        raise NoDate(str(value)) from None


def stability_of(raw: Mapping[str, Any]) -> str:
    """The level announced, ``stable`` where none is; ``ValueError`` where it is not one of the four."""
    level = raw.get(_STABILITY, "stable")
    if level not in STABILITY_LEVELS:
        raise ValueError(f"{level!r} is not one of {', '.join(STABILITY_LEVELS)}")
    return str(level)


def may_change_freely(raw: Mapping[str, Any], policy: Policy) -> bool:
    """Whether the operation is still too young to be promised."""
    try:
        level = stability_of(raw)
    except ValueError:
        return False
    return STABILITY_LEVELS.index(level) < STABILITY_LEVELS.index(policy.stability_threshold)


def compare_stability(scope: Scope, old: Operation, new: Operation) -> Iterator[ContractFinding]:
    """The level went down, or is none."""
    levels = []
    for raw in (old.raw, new.raw):
        try:
            levels.append(STABILITY_LEVELS.index(stability_of(raw)))
        except ValueError as flaw:
            yield scope.finding("api-invalid-stability-level", f"x-stability-level {flaw}")
            return
    threshold = STABILITY_LEVELS.index(scope.policy.stability_threshold)
    if levels[1] < levels[0] and levels[0] >= threshold:
        before, after = (STABILITY_LEVELS[level] for level in levels)
        yield scope.finding("api-stability-decreased", f"the stability level went down from {before} to {after}")


def compare_deprecation(
    scope: Scope, old: Mapping[str, Any], new: Mapping[str, Any], rules: Rules, *, stability: str = "stable"
) -> Iterator[ContractFinding]:
    """A deprecation begins, ends, or its sunset moves."""
    was, is_now = old.get("deprecated") is True, new.get("deprecated") is True
    if was and is_now:
        yield from _sunset_moved(scope, old, new, rules, stability)
    elif is_now:
        yield from _deprecated(scope, new, rules, stability)
    elif was and rules.reactivated:
        yield scope.finding(rules.reactivated, "is no longer deprecated")


def removal_rule(
    scope: Scope, raw: Mapping[str, Any], *, without: str, before: str, parse: str, with_deprecation: str
) -> tuple[str, str]:
    """The rule a removal comes under, and what to say of it."""
    if raw.get("deprecated") is not True:
        return without, "was removed without having been deprecated"
    try:
        sunset = sunset_of(raw)
    except NoDate as flaw:
        return parse, f"was removed; its sunset {str(flaw)!r} is no date"
    if sunset is None:
        return with_deprecation, "was removed after having been deprecated"
    if scope.policy.today is None or scope.policy.today < sunset:
        return before, f"was removed before its sunset on {sunset}"
    return with_deprecation, f"was removed after its sunset on {sunset}"


def _deprecated(scope: Scope, new: Mapping[str, Any], rules: Rules, stability: str) -> Iterator[ContractFinding]:
    days = scope.policy.grace_days(stability)
    try:
        sunset = sunset_of(new)
    except NoDate as flaw:
        yield scope.finding(rules.parse, f"the sunset {str(flaw)!r} is no date")
        return
    if sunset is None and days:
        yield scope.finding(rules.missing, f"is deprecated without x-sunset; the policy asks for {days} days")
    elif sunset is not None and scope.policy.today is not None and (sunset - scope.policy.today).days < days:
        yield scope.finding(rules.too_small, f"the sunset {sunset} is less than {days} days away")
    elif rules.deprecated:
        yield scope.finding(rules.deprecated, f"is deprecated{f', to go on {sunset}' if sunset else ''}")


def _sunset_moved(
    scope: Scope, old: Mapping[str, Any], new: Mapping[str, Any], rules: Rules, stability: str
) -> Iterator[ContractFinding]:
    if (
        rules.deleted is None
        or rules.changed_too_small is None
        or _SUNSET not in old
        or old[_SUNSET] == new.get(_SUNSET)
    ):
        return
    if _SUNSET not in new:
        yield scope.finding(rules.deleted, "stays deprecated, yet its sunset was taken back")
        return
    try:
        before, after = sunset_of(old), sunset_of(new)
    except NoDate as flaw:
        yield scope.finding(rules.parse, f"the sunset {str(flaw)!r} is no date")
        return
    if before is None or after is None or after >= before:
        return
    days = scope.policy.grace_days(stability)
    if days == 0 or scope.policy.today is None or (after - scope.policy.today).days < days:
        yield scope.finding(rules.changed_too_small, f"the sunset moved forward from {before} to {after}")
