"""
Tokens a contract demands: what is no demand at all, whom a demand shuts out, and how that is said.
"""

import json
from dataclasses import replace
from typing import Any

import pytest

from concordat.api import AcceptedAuth, ServiceContract, parse_contract
from concordat.api.auth import plain
from concordat.facts.tokens import Token
from concordat.gate import Case, InForce, Question, decide, refusal, tokens_of_external
from concordat.gate.assessment import assess
from concordat.manifest import conventions
from concordat_contracts.findings import touching
from tests.gate.test_gate import OLD

ISSUER = "https://id.example.com"
REFERENCE = "payments/payments-api"
WRITE = {"createPayment": ["payments:write"]}
WRITES = {"createPayment": None}
READS = {"listPayments": None}

READY = Token(issuer=ISSUER, audience=REFERENCE, scopes=("payments:write",))
WITHOUT_SCOPES = Token(issuer=ISSUER, audience=REFERENCE)


def contract(auth: dict[str, Any] | None, *, annotations: dict[str, str] | None = None, **spec: Any) -> ServiceContract:
    said = {"type": "openapi", "version": "1.4.0", "document": {"inline": OLD}} | spec
    return parse_contract(
        {
            "apiVersion": conventions.API_VERSION,
            "kind": conventions.SERVICE_CONTRACT,
            "metadata": {"name": "payments-api", "namespace": "payments", "annotations": annotations or {}},
            "spec": said | ({"auth": {"issuer": ISSUER} | auth} if auth is not None else {}),
        }
    )


def case(
    auth: dict[str, Any] | None,
    *,
    before: dict[str, Any] | None = None,
    usages: dict[str, Any] | None = None,
    tokens: dict[str, tuple[Token | None, ...]] | None = None,
    **spec: Any,
) -> Case:
    """``auth`` as the next demand of payments-api 1.4.0, with ``before`` in force."""
    found = contract(auth, **spec)
    scopes = found.spec.auth.scopes if found.spec.auth else None
    answer = assess(Question(document=found.spec.document.inline or "", scopes=scopes))
    accepted = demand(before) if before is not None else None
    users = usages or {}
    return Case(
        contract=found,
        in_force=InForce(versions=(("1.4.0", answer.digest),), state="active", auth=accepted),
        assessment=answer,
        users=tuple(sorted({*users, *(one.name for one in found.spec.external_consumers)})),
        usages=users,
        tokens=(tokens or {}) | tokens_of_external(found, accepted),
    )


def demand(auth: dict[str, Any]) -> AcceptedAuth:
    found = case(auth).auth
    assert found is not None
    return found


def test_a_demand_knows_where_requests_come_to() -> None:
    """Audience by default, method and path of each operation below each server, and what else its path fits."""
    document = """
openapi: 3.1.0
info: {title: payments, version: 1.4.0}
servers:
  - url: "https://api.example.com/v1/"
  - {url: "{scheme}://x/{base}", variables: {base: {default: a/b}, scheme: {default: https}}}
  - url: /v1
paths:
  /payments/{id}:
    get: {operationId: getPayment, responses: {"200": {description: ok}}}
    delete: {responses: {"200": {description: ok}}}
  /payments/latest:
    get: {operationId: getLatest, responses: {"200": {description: ok}}}
    post: {operationId: postLatest, responses: {"200": {description: ok}}}
  /payments/{id}/lines:
    get: {operationId: getLines, responses: {"200": {description: ok}}}
"""
    scopes = {"getPayment": ["read"], "get /payments/{paymentId}": ["more"], "DELETE /payments/{id}": ["write"]}
    found = case({"scopes": scopes}, document={"inline": document}).auth
    assert found is not None
    assert (ISSUER, REFERENCE) == (found.issuer, found.audience)
    bases = ("", "/v1", "/{base}", "/a/b")
    assert [(one.operation, one.method, one.paths, one.scopes) for one in found.operations] == [
        ("getPayment", "GET", tuple(f"{base}/payments/{{id}}" for base in bases), ("read", "more")),
        ("DELETE /payments/{id}", "DELETE", tuple(f"{base}/payments/{{id}}" for base in bases), ("write",)),
        ("getLatest", "GET", tuple(f"{base}/payments/latest" for base in bases), ()),
    ]


def test_scopes_of_an_operation_that_is_not_there_are_refused_with_the_nearest_that_is() -> None:
    """A demand that guards nothing would be worse than none."""
    decision = decide(case({"scopes": {"createPaymnt": ["payments:write"]}}))
    assert not decision.accepted
    (objection,) = decision.objections
    assert ("Valid", "InvalidAuth", "spec.auth.scopes[createPaymnt]") == (
        objection.aspect,
        objection.reason,
        objection.problem.path,
    )
    assert "did you mean 'createPayment'?" in objection.problem.message


def test_too_much_to_demand_is_refused() -> None:
    """Pods take it in one variable."""
    operations = "".join(
        f"  /{'x' * 900}{number}: {{get: {{operationId: op{number}, responses: {{'200': {{description: ok}}}}}}}}\n"
        for number in range(64)
    )
    document = f"openapi: 3.1.0\ninfo: {{title: a, version: 1.4.0}}\nservers: [{{url: /v1}}]\npaths:\n{operations}"
    decision = decide(case({"scopes": {f"op{number}": ["a"] for number in range(64)}}, document={"inline": document}))
    assert [("InvalidAuth", "spec.auth.scopes")] == [(one.reason, one.problem.path) for one in decision.objections]


def test_a_path_too_long_to_be_demanded_is_refused() -> None:
    """It is not left open instead."""
    paths = {"/" + "x" * 1100: {"get": {"operationId": "op", "responses": {"200": {"description": "ok"}}}}}
    document = json.dumps({"openapi": "3.1.0", "info": {"title": "a", "version": "1.4.0"}, "paths": paths})
    decision = decide(case({"scopes": {"op": ["a"]}}, document={"inline": document}))
    assert [("InvalidAuth", "spec.auth.scopes[op]")] == [(one.reason, one.problem.path) for one in decision.objections]


def test_nobody_who_runs_is_turned_away() -> None:
    """Refused with operation, scope and consumer, and with what to do; accepted once they ask for it."""
    usages = {"shop/orders": WRITES, "shop/web": READS, "shop/old": None}
    tokens: dict[str, tuple[Token | None, ...]] = {
        "shop/orders": (WITHOUT_SCOPES,),
        "shop/web": (WITHOUT_SCOPES,),
        "shop/old": (READY, None),
    }
    found = case({"scopes": WRITE}, usages=usages, tokens=tokens)
    decision = decide(found)
    assert not decision.accepted
    assert dict(decision.verdicts) == {"shop/orders": "breaking", "shop/web": "compatible", "shop/old": "breaking"}
    assert refusal(found, decision).splitlines() == [
        "ServiceContract payments/payments-api 1.4.0 waits: would shut out shop/old, shop/orders, running now.",
        " 1. auth-token-required every operation, used by shop/old",
        " 2. auth-scope-required POST /payments payments:write, used by shop/old, shop/orders",
        " fix: it comes into force by itself once they ask for it: consumes[].scopes of each, and scopes in"
        " spec.externalConsumers of those outside. Details: concordat contract consumers payments/payments-api",
    ]
    ready = dict.fromkeys(usages, (READY,)) | {"shop/web": (WITHOUT_SCOPES,)}
    decision = decide(case({"scopes": WRITE}, usages=usages, tokens=ready))
    assert (True, False) == (decision.accepted, decision.comes_into_force)


def test_a_first_version_turns_nobody_away_either() -> None:
    """Who runs already calls what is only now written down."""
    found = replace(case({}, usages={"shop/orders": None}, tokens={"shop/orders": (None,)}), in_force=InForce())
    decision = decide(found)
    assert ["ConsumersShutOut"] == [one.reason for one in decision.objections]
    assert (False, True, True) == (decision.accepted, decision.waits, decision.comes_into_force), (
        "the version does not wait"
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"scopes": WRITE}, None),
        ({"scopes": WRITE}, {}),
        ({"scopes": {"createPayment": ["payments:write", "more"]}}, {"scopes": WRITE}),
        ({"scopes": WRITE}, {"scopes": WRITE, "audience": REFERENCE}),
    ],
)
def test_asking_for_less_or_the_same_turns_nobody_away(before: dict[str, Any], after: dict[str, Any] | None) -> None:
    """Not even those who were let in by a broken glass."""
    usages, tokens = {"shop/orders": None}, {"shop/orders": (READY, WITHOUT_SCOPES, None)}
    assert decide(case(after, before=before, usages=usages, tokens=tokens)).accepted


@pytest.mark.parametrize(
    ("after", "rule"),
    [
        ({"issuer": "https://other.example.com"}, "auth-issuer-changed"),
        ({"audience": "payments"}, "auth-audience-changed"),
        ({"scopes": {"createPayment": ["payments:write", "more"]}}, "auth-scope-required"),
        ({"scopes": WRITE | {"GET /payments": ["payments:read"]}}, "auth-scope-required"),
    ],
)
def test_another_issuer_audience_or_scope_turns_away_who_asks_as_before(after: dict[str, Any], rule: str) -> None:
    """Their pods hold tokens of the old kind."""
    users: dict[str, Any] = {"shop/a": None}
    found = case({"scopes": WRITE} | after, before={"scopes": WRITE}, usages=users, tokens={"shop/a": (READY,)})
    decision = decide(found)
    assert ["ConsumersShutOut"] == [one.reason for one in decision.objections]
    assert {rule} == {change.id for change in decision.objections[0].changes}
    moved = "publish payments-api under another name beside it" in refusal(found, decision)
    assert moved == (rule != "auth-scope-required") == (not decision.waits)


def test_who_is_outside_counts_as_their_provider_says() -> None:
    """They cannot declare it themselves: whoever demands says in the same breath that they bring it."""
    partner = {"name": "partner-x", "uses": [{"operation": "createPayment"}]}

    def judged(**said: Any) -> Any:
        return decide(case({"scopes": WRITE}, externalConsumers=[partner | said], usages={"partner-x": WRITES}))

    assert [("partner-x", "breaking")] == [*judged().verdicts]
    assert "partner-x, declared as an external consumer" in judged().objections[0].problem.message
    assert not judged(scopes=[]).accepted
    assert judged(scopes=["payments:write"]).accepted


def test_a_broken_glass_lets_it_through_and_a_draft_asks_nobody() -> None:
    """As with every other break."""
    usages: dict[str, Any] = {"shop/orders": None}
    tokens: dict[str, Any] = {"shop/orders": (None,)}
    glass = {conventions.ANNOTATION_BREAK_GLASS: "incident 4711"}
    forced = decide(case({}, usages=usages, tokens=tokens, annotations=glass))
    assert (True, True) == (forced.accepted, forced.forced)
    assert decide(case({}, usages=usages, tokens=tokens, lifecycle={"state": "draft"})).accepted


@pytest.mark.parametrize(
    "name", ["createPayment", "get /payments/{id}", " POST /a/{b}/{c} ", "Query.payment", "send a/{b}"]
)
def test_names_of_operations_mean_the_same_as_to_the_comparer(name: str) -> None:
    """Whatever a consumer calls it."""
    assert touching.canonical(name) == plain(name)
