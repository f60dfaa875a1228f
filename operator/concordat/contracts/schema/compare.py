"""Two schemas, a direction, and what follows for those who send and those who receive."""

from typing import Any

from concordat.contracts.schema.answers import EMPTY, UNKNOWN, Sample
from concordat.contracts.schema.dialect import Dialect, Direction
from concordat.contracts.schema.document import SchemaDocument
from concordat.contracts.schema.node import Node
from concordat.contracts.schema.search import Search
from concordat.contracts.schema.space import Setting, Space
from concordat.contracts.schema.terms import INSIDE, OUTSIDE, SENT, Signed
from concordat.contracts.schema.validator import Arbiter
from concordat.contracts.schema.where import PLAIN, Where
from concordat.contracts.verdict import Finding, Outcome, Severity, Verdict


class Memo:
    """What comparisons of the same two documents have in common; pass one to all of them."""

    def __init__(self) -> None:
        self._searches: dict[Setting, tuple[Search, Arbiter]] = {}

    def search(self, setting: Setting) -> tuple[Search, Arbiter]:
        if setting not in self._searches:
            self._searches[setting] = (Search(Space(setting)), Arbiter())
        return self._searches[setting]


def compare_schemas(
    old_doc: SchemaDocument, old_schema: Any, new_doc: SchemaDocument, new_schema: Any, direction: Direction,
    *, where: Where, memo: Memo | None = None,
) -> list[Finding]:  # fmt: skip
    """
    What changed between two schemas that matters to whoever sends or receives their instances.

    An empty list, or one without errors and unknowns, is a proof that the change is compatible. Every error carries a
    witness that a validator has confirmed, but for the few rules that are not about instances (defaults, content types).
    Never raises for what the schemas say, and ends within a fixed budget: what is beyond it is reported as unknown.
    """
    memo = memo or Memo()
    if direction is Direction.BOTH:
        both = [
            finding
            for one in (Direction.REQUEST, Direction.RESPONSE)
            for finding in compare_schemas(old_doc, old_schema, new_doc, new_schema, one, where=where, memo=memo)
        ]
        return list({(finding.id, finding.location): finding for finding in both}.values())
    hidden = None
    if old_doc.dialect.is_openapi and new_doc.dialect.is_openapi:
        hidden = "readOnly" if direction is Direction.REQUEST else "writeOnly"
    search, arbiter = memo.search(Setting(api=where.is_api, textual=where.is_textual, hidden=hidden))
    old = search.space.node(old_doc, old_schema)
    new = search.space.node(new_doc, new_schema)
    if old is new:
        return []
    sender, receiver = (old, new) if direction is Direction.REQUEST else (new, old)
    return _findings(search, arbiter, sender, receiver, direction, where)


def _findings(
    search: Search, arbiter: Arbiter, sender: Node, receiver: Node, direction: Direction, where: Where
) -> list[Finding]:
    mode = SENT if where.is_api else INSIDE
    answer = search.ask({Signed(mode, sender), Signed(OUTSIDE, receiver)})
    if answer is EMPTY:
        return []
    name = "narrowed" if direction is Direction.REQUEST else "widened"
    if isinstance(answer, Sample) and arbiter.confirms(sender, receiver, answer.value):
        return [
            Finding(
                id=f"{direction.value}-{where.surface.value}-{name}", severity=Severity.ERROR, location=where.at(""),
                message="is sent by one side and refused by the other", witness=answer.value, outcome=Outcome.BREAKING,
            )
        ]  # fmt: skip
    return [
        Finding(
            id=f"{direction.value}-{where.surface.value}-undecided", severity=Severity.WARNING, location=where.at(""),
            message="could not be decided; treated as unsafe", outcome=Outcome.UNKNOWN,
        )
    ]  # fmt: skip


def compare_json_schemas(old: Any, new: Any, direction: Direction = Direction.REQUEST) -> Verdict:
    """
    Whether a JSON Schema may take the place of another; the dialect is what ``$schema`` says, else 2020-12.

    Exact: the instances meant are those that a validator accepts, formats included.
    """
    old_doc = SchemaDocument(old, Dialect.of(old))
    new_doc = SchemaDocument(new, Dialect.of(new))
    return Verdict.of(compare_schemas(old_doc, old, new_doc, new, direction, where=PLAIN))
