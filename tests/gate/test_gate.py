"""
What comes into force and what does not, and in which words.
"""

import asyncio
from typing import Any

import pytest

from concordat.api import parse_contract
from concordat.gate import Case, Decision, InForce, Question, decide, refusal
from concordat.gate.assessment import assess
from concordat.gate.assessor import Assessor, Pool

OLD = """
openapi: 3.1.0
info: {title: payments, version: 1.4.0}
paths:
  /payments:
    post:
      operationId: createPayment
      responses:
        "201":
          description: created
          content:
            application/json:
              schema:
                type: object
                required: [id, state]
                properties: {id: {type: string}, state: {type: string}}
    get:
      operationId: listPayments
      parameters: [{name: tenant, in: query, schema: {type: string}}]
      responses: {"200": {description: ok}}
"""
DROPPED = OLD.replace("required: [id, state]", "required: [id]").replace(", state: {type: string}", "")
ADDED = OLD.replace("state: {type: string}}", "state: {type: string}, note: {type: string}}")
REQUIRED = OLD.replace("in: query, schema", "in: query, required: true, schema")

READS_STATE = {"createPayment": ("id", "state")}
READS_ID = {"createPayment": ("id",)}


def case(
    document: str,
    version: str,
    *,
    accepted: tuple[str, str] | None = ("1.4.0", OLD),
    usages: dict[str, Any] | None = None,
    in_force: InForce | None = None,
    annotations: dict[str, str] | None = None,
    **spec: Any,
) -> Case:
    """A new version of payments/payments-api, with ``accepted`` in force and those who use it."""
    document = document.replace("version: 1.4.0", f"version: {version}")
    contract = parse_contract(
        {
            "apiVersion": "concordat.dev/v1alpha1",
            "kind": "ServiceContract",
            "metadata": {"name": "payments-api", "namespace": "payments", "annotations": annotations or {}},
            "spec": {"type": "openapi", "version": version, "document": {"inline": document}} | spec,
        }
    )
    before = [assess(Question(document=accepted[1], keep=True))] if accepted else []
    question = Question(
        document=document,
        format="openapi",
        new=accepted is None or accepted[0] != version,
        before=tuple(one.normal for one in before),
        compatibility=contract.spec.compatibility,
        usages=usages or {},
    )
    known = InForce(versions=((accepted[0], before[0].digest),) if accepted else (), state="active")
    return Case(
        contract=contract,
        in_force=in_force or known,
        assessment=assess(question),
        users=tuple(usages or {}),
    )


def reasons(decision: Decision) -> list[str]:
    return [objection.reason for objection in decision.objections]


def test_the_first_version_comes_into_force() -> None:
    """There is nothing it could break."""
    decision = decide(case(OLD, "1.4.0", accepted=None))
    assert (decision.accepted, decision.comes_into_force, decision.objections) == (True, True, ())


MALFORMED = OLD.replace("state: {type: string}", "state: {type: strng}")


@pytest.mark.parametrize("accepted", [None, ("1.4.0", MALFORMED)], ids=["first", "unchanged"])
def test_a_schema_that_is_none_does_not_come_into_force(accepted: tuple[str, str] | None) -> None:
    """Nor did it have to differ from anything: the version after it could not be compared."""
    (objection,) = decide(case(MALFORMED, "1.5.0", accepted=accepted)).objections
    assert objection.problem.path == "spec.document"
    assert "application/json.schema.properties.state: type may not be 'strng'" in objection.problem.message


def test_what_came_into_force_before_schemas_were_read_goes_on() -> None:
    """A newer operator takes nothing back."""
    decided = decide(case(MALFORMED, "1.4.0", accepted=("1.4.0", MALFORMED)))
    assert decided.objections == ()


def test_an_addition_comes_into_force() -> None:
    """Whoever reads what was there before."""
    decision = decide(case(ADDED, "1.5.0", usages={"shop/orders": None}))
    assert (decision.accepted, decision.verdicts) == (True, (("shop/orders", "compatible"),))


def test_the_same_content_is_no_new_version() -> None:
    """Comments and descriptions are not the content."""
    decision = decide(case(OLD.replace("description: created", "description: made"), "1.4.0"))
    assert (decision.accepted, decision.comes_into_force) == (True, False)


def test_a_break_is_refused_naming_operation_field_and_consumer() -> None:
    """The text a person sees, in full."""
    found = case(DROPPED, "1.5.0", usages={"shop/orders": READS_STATE, "shop/web": READS_ID})
    decision = decide(found)
    assert not decision.accepted
    assert reasons(decision) == ["BreakingChange", "ConsumersBreak"]
    assert dict(decision.verdicts) == {"shop/orders": "breaking", "shop/web": "compatible"}
    first, line, fix = refusal(found, decision).splitlines()
    assert first == (
        "ServiceContract payments/payments-api 1.4.0 -> 1.5.0 refused: 1 breaking change needs 2.0.0;"
        " would break shop/orders, running now."
    )
    assert line.startswith(" 1. response-required-property-removed POST /payments 201 $.state")
    assert line.endswith("used by shop/orders")
    assert fix == (
        " fix: keep what breaks, or publish payments-api-v2 beside it and deprecate this one."
        " Details: concordat contract diff payments/payments-api -f FILE"
    )


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (["shop/orders"], "would break shop/orders, running now."),
        (["partner-x"], "would break partner-x, declared as an external consumer."),
        (["partner-x", "partner-y"], "would break partner-x, partner-y, declared as external consumers."),
        (
            ["partner-x", "shop/orders", "shop/web"],
            "would break shop/orders, shop/web, running now, and partner-x, declared as an external consumer.",
        ),
    ],
)
def test_it_is_said_who_runs_and_who_is_only_declared(broken: list[str], said: str) -> None:
    """Of somebody outside, the cluster knows no more than that the provider named them."""
    found = case(DROPPED, "2.0.0", usages=dict.fromkeys(broken, READS_STATE))

    first, *_ = refusal(found, decide(found)).splitlines()

    assert first == f"ServiceContract payments/payments-api 1.4.0 -> 2.0.0 refused: {said}"


def test_a_major_step_may_break_what_nobody_uses() -> None:
    """Break only what nobody deployed uses."""
    decision = decide(case(DROPPED, "2.0.0", usages={"shop/web": READS_ID}))
    assert (decision.accepted, decision.comes_into_force) == (True, True)


def test_a_major_step_may_not_break_who_runs() -> None:
    """A version number mends nobody's program."""
    assert reasons(decide(case(DROPPED, "2.0.0", usages={"shop/orders": READS_STATE}))) == ["ConsumersBreak"]


def test_undeclared_use_is_use_of_everything() -> None:
    """Who says nothing is protected from every break."""
    assert reasons(decide(case(REQUIRED, "2.0.0", usages={"shop/orders": None}))) == ["ConsumersBreak"]
    assert decide(case(REQUIRED, "2.0.0", usages={"shop/orders": READS_ID})).accepted


def test_forward_compatibility_lets_answers_lose_what_nobody_relies_on() -> None:
    """``none`` asks the consumers alone."""
    assert reasons(decide(case(DROPPED, "1.5.0", compatibility="full"))) == ["BreakingChange"]
    assert decide(case(DROPPED, "1.5.0", compatibility="none")).accepted
    assert not decide(case(DROPPED, "1.5.0", compatibility="none", usages={"shop/orders": None})).accepted


@pytest.mark.parametrize(
    ("found", "reason", "path"),
    [
        (lambda: case(ADDED, "1.4.0"), "VersionRepublished", "spec.version"),
        (lambda: case(OLD, "1.3.9"), "VersionWentBack", "spec.version"),
        (lambda: case("- 1", "1.5.0"), "InvalidDocument", "spec.document"),
        (lambda: case("type Query { a: Int }", "1.5.0"), "InvalidDocument", "spec.document"),
        (
            lambda: case(OLD, "1.4.0", usages={"shop/orders": None}, lifecycle={"state": "retired"}),
            "InUse",
            "spec.lifecycle.state",
        ),
        (
            lambda: case(
                OLD,
                "1.4.0",
                accepted=None,
                in_force=InForce(sunset="2027-06-30"),
                lifecycle={"state": "deprecated", "sunset": "2027-06-29"},
            ),
            "SunsetEarlier",
            "spec.lifecycle.sunset",
        ),
    ],
)
def test_everything_else_that_is_refused_names_its_field(found: Any, reason: str, path: str) -> None:
    """And the reason is one people can alert on."""
    decision = decide(found())
    assert not decision.accepted
    assert [(each.reason, each.problem.path) for each in decision.objections] == [(reason, path)]


def test_two_versions_on_one_document_are_one_too_many() -> None:
    """``info.version`` is the document's own word."""
    found = case(OLD, "1.5.0")
    other = Case(
        contract=found.contract,
        in_force=found.in_force,
        assessment=found.assessment.model_copy(update={"version": "1.4.9"}),
    )
    assert reasons(decide(other)) == ["VersionMismatch"]


def test_a_draft_may_change_at_will() -> None:
    """It binds nobody, so nothing comes into force either."""
    decision = decide(case(DROPPED, "1.4.0", lifecycle={"state": "draft"}))
    assert (decision.accepted, decision.comes_into_force) == (True, False)


def test_broken_glass_lets_a_break_through_and_says_so() -> None:
    """What was found is still told; what cannot be read stays refused."""
    reason = {"concordat.dev/break-glass": "incident 4711"}
    found = case(DROPPED, "1.5.0", usages={"shop/orders": READS_STATE}, annotations=reason)
    decision = decide(found)
    assert (decision.accepted, decision.forced, decision.comes_into_force) == (True, True, True)
    assert "let through by break-glass: 1 breaking change needs 2.0.0" in refusal(found, decision)
    assert not decide(case("nothing: here", "1.5.0", annotations=reason)).accepted


def test_what_consumers_use_and_is_not_there_is_told() -> None:
    """With what they may have meant."""
    answer = assess(Question(document=OLD, usages={"shop/orders": {"createPaymnt": None, "createPayment": ("stat",)}}))
    assert [(use.operation, use.field) for use in answer.unknown["shop/orders"]] == [
        ("createPayment", "stat"),
        ("createPaymnt", None),
    ]
    assert "did you mean 'createPayment'?" in answer.unknown["shop/orders"][1].message


async def test_the_process_answers_like_the_function() -> None:
    """And once only for the same question."""
    question = Question(
        document=DROPPED, before=(assess(Question(document=OLD, keep=True)).normal,), usages={"a": None}
    )
    assessor = Assessor()
    try:
        first = await assessor.ask(question)
        assert first == assess(question)
        assert await assessor.ask(question) is first
    finally:
        await assessor.close()


async def test_a_question_that_takes_too_long_is_answered_with_the_remedy() -> None:
    """And the next one is answered as ever."""
    assessor = Assessor(wall=0.01)
    try:
        slow = await assessor.ask(Question(document=OLD))
        assert "split the API into several contracts" in slow.invalid
        assert slow.reason == "DocumentTooCostly"
        assessor._wall = 60
        assert (await assessor.ask(Question(document=ADDED))).operations == ("createPayment", "listPayments")
    finally:
        await assessor.close()


async def test_an_idle_process_ends() -> None:
    """Its memory is not ours for longer than it is needed."""
    assessor = Assessor(Pool(idle=0.1))
    await assessor.ask(Question(document=OLD))
    process = assessor.pool.process
    assert process is not None
    await asyncio.wait_for(process.wait(), timeout=60)
    assert (await assessor.ask(Question(document=ADDED))).invalid == ""
    await assessor.close()
