"""
What must hold of the contracts a service provides and consumes.

A service that cannot keep them is not rolled out, and its last good pods go on. A person may break the glass
(``concordat.dev/break-glass``): then what is found is told and blocks nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from concordat.api import Microservice
from concordat.api.values.semver import allows
from concordat.facts import Facts, Offer
from concordat.manifest import conventions
from concordat.policies.violation import Policy, Violation, error, warning


def consumed_contract_fails(service: Microservice, facts: Facts) -> Iterator[Violation]:
    """Whatever it calls must be there, in a version it was written for."""
    for position, use in enumerate(service.spec.consumes):
        offer = facts.offers.get(use.reference) if use.contract else None
        if offer is None:
            continue
        path = f"spec.consumes[{position}]"
        if offer.state == "retired":
            yield error(
                conventions.REASON_CONTRACT_RETIRED,
                f"{path}.contract",
                f"{offer.reference} is retired: {_instead(offer)}",
            )
        elif not offer.version:
            yield warning(
                conventions.REASON_CONTRACT_NOT_IN_FORCE,
                f"{path}.contract",
                f"no version of {offer.reference} is in force yet, so nothing can be promised: ask its team;"
                " it is picked up by itself",
            )
            yield from _turned_away(path, offer)
        elif use.version and not allows(use.version, offer.version):
            yield error(
                conventions.REASON_VERSION_UNSATISFIED,
                f"{path}.version",
                f"wants {use.version} of {offer.reference}, and {offer.version} is in force: move to it, or correct the range",
            )
        else:
            yield from _missing(path, use.uses or (), offer)
            yield from _turned_away(path, offer)
            yield from _ending(path, offer)


def _missing(path: str, uses: Sequence[object], offer: Offer) -> Iterator[Violation]:
    positions = {getattr(use, "operation", ""): number for number, use in enumerate(uses)}
    for unknown in offer.unknown:
        field = ".reads" if unknown.field else ".operation"
        yield error(
            conventions.REASON_OPERATION_UNKNOWN,
            f"{path}.uses[{positions.get(unknown.operation, 0)}]{field}",
            f"{offer.reference} {offer.version}: {unknown.message}",
        )


def _turned_away(path: str, offer: Offer) -> Iterator[Violation]:
    """Whoever demands tokens answers nobody who brings none."""
    if any(lack.shuts_out for lack in offer.lacking):
        scopes = dict.fromkeys(lack.scope for lack in offer.lacking if lack.scope)
        issuer = offer.auth.issuer if offer.auth else ""
        yield error(
            conventions.REASON_TOKEN_MISSING,
            f"{path}.scopes",
            f"{offer.reference} wants a token of {issuer}, and none is asked for: say which scopes to ask for,"
            f" scopes: [{', '.join(scopes)}]",
        )
    else:
        for lack in offer.lacking:
            yield error(
                conventions.REASON_SCOPE_MISSING,
                f"{path}.scopes",
                f"{offer.reference} wants {lack.scope} for {lack.operation}, and it is not asked for: add it,"
                " or name in uses what is called instead",
            )
    if offer.lacking_soon:
        scopes = dict.fromkeys(lack.scope for lack in offer.lacking_soon if lack.scope)
        yield warning(
            conventions.REASON_TOKEN_WANTED,
            f"{path}.scopes",
            f"{offer.reference} will want a token{' with ' + ', '.join(scopes) if scopes else ''} once everybody who runs asks"
            f" for it: add scopes: [{', '.join(scopes)}]",
        )


def _ending(path: str, offer: Offer) -> Iterator[Violation]:
    if offer.state == "deprecated":
        until = f", and ends on {offer.sunset}" if offer.sunset else ""
        yield warning(
            conventions.REASON_CONTRACT_DEPRECATED,
            f"{path}.contract",
            f"{offer.reference} is deprecated{until}: {_instead(offer)}",
        )


def provided_contract_fails(service: Microservice, facts: Facts) -> Iterator[Violation]:
    """Who provides a contract rolls out what the contract says, or nothing."""
    for position, name in enumerate(service.spec.provides):
        offer = facts.provided.get(name)
        if offer is not None and offer.refused:
            yield error(
                conventions.REASON_CONTRACT_REFUSED,
                f"spec.provides[{position}]",
                f"the version of {offer.reference} that is published now is not accepted ({offer.refused}):"
                " go back to the one in force, or publish one that breaks nobody; kubectl describe contract says what breaks",
            )


def tokens_demanded_of_some(service: Microservice, facts: Facts) -> Iterator[Violation]:
    """The same pods cannot tell whose request it is that brings no token."""
    offers = [facts.provided[name] for name in service.spec.provides if name in facts.provided]
    binding = [offer for offer in offers if offer.version and offer.over_http]
    open_ones = [offer.reference for offer in binding if offer.auth is None]
    for offer in binding:
        if offer.auth is not None and open_ones:
            yield error(
                conventions.REASON_TOKENS_MIXED,
                f"spec.provides[{service.spec.provides.index(offer.reference.partition('/')[2])}]",
                f"{offer.reference} wants tokens, and {', '.join(open_ones)} does not: let another service provide it,"
                " or give both an auth",
            )


def contract_given_up_in_use(service: Microservice, facts: Facts) -> Iterator[Violation]:
    """Who relies on a contract must not find nobody behind it."""
    for name, users in facts.relied_on.items():
        shown = ", ".join(users[:5]) + (f" and {len(users) - 5} more" if len(users) > 5 else "")
        yield error(
            conventions.REASON_CONTRACT_IN_USE,
            "spec.provides",
            f"{name} is no longer in it, and {shown} relies on it: keep it until another service provides it,"
            " or nobody uses it any more",
        )


CONTRACT_CHECKS: Sequence[Policy] = (
    consumed_contract_fails,
    provided_contract_fails,
    tokens_demanded_of_some,
    contract_given_up_in_use,
)


def contracts_unsatisfied(service: Microservice, facts: Facts) -> Iterator[Violation]:
    """All of the above; behind broken glass nothing of it blocks."""
    for check in CONTRACT_CHECKS:
        for found in check(service, facts):
            yield _let_through(found, service.break_glass) if service.break_glass and found.blocks else found


def _let_through(found: Violation, reason: str) -> Violation:
    message = f"{found.problem.message} (let through: {reason})"
    return replace(found, blocks=False, problem=replace(found.problem, message=message, severity="warning"))


def _instead(offer: Offer) -> str:
    return f"use {offer.successor}" if offer.successor else "ask its team what to use instead"


CONTRACT_POLICIES: Sequence[Policy] = (contracts_unsatisfied,)
