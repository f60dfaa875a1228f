"""Two schemas, a direction, and what follows for those who send and those who receive."""

from typing import Any

from concordat_contracts.errors import InvalidDocument
from concordat_contracts.reading.json_values import as_json
from concordat_contracts.schema.export import names_in
from concordat_contracts.schema.model.dialect import Dialect, Direction
from concordat_contracts.schema.model.document import SchemaDocument
from concordat_contracts.schema.model.keywords import Malformed
from concordat_contracts.schema.model.node import Node
from concordat_contracts.schema.model.paths import Path, holding, written
from concordat_contracts.schema.model.space import Setting, Space
from concordat_contracts.schema.model.values import TYPES
from concordat_contracts.schema.naming.rule_names import SAYS, rule_id
from concordat_contracts.schema.naming.walk import Difference, Walk
from concordat_contracts.schema.naming.where import PLAIN, Where
from concordat_contracts.schema.solver.answers import EMPTY, UNKNOWN, Answer, Sample
from concordat_contracts.schema.solver.search import ALLOWANCE, Search
from concordat_contracts.schema.solver.terms import INSIDE, OUTSIDE, SENT, Signed
from concordat_contracts.schema.validator import Arbiter, problem_of
from concordat_contracts.steps import TooCostly, account
from concordat_contracts.verdict import Finding, Outcome, Severity, Verdict


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
    *, where: Where, memo: Memo | None = None, strict: bool = False,
) -> list[Finding]:  # fmt: skip
    """
    What changed between two schemas that matters to whoever sends or receives their instances.

    An empty list, or one without errors and unknowns, is a proof that the change is compatible. Every error carries a
    witness that a validator has confirmed, but for the few rules that are not about instances (defaults, content types).
    Never raises for what the schemas say, and ends within a fixed budget: what is beyond it is reported as unknown.

    :raises InvalidDocument: with ``strict``, where a schema met in the new document is none
    """
    memo = memo or Memo()
    if direction is Direction.BOTH:
        both = [
            finding
            for one in (Direction.REQUEST, Direction.RESPONSE)
            for finding in compare_schemas(
                old_doc, old_schema, new_doc, new_schema, one, where=where, memo=memo, strict=strict
            )
        ]
        return list({(finding.id, finding.location): finding for finding in both}.values())
    hidden = None
    if old_doc.dialect.is_openapi and new_doc.dialect.is_openapi:
        hidden = "readOnly" if direction is Direction.REQUEST else "writeOnly"
    try:
        with account():
            return _compare(old_doc, old_schema, new_doc, new_schema, direction, where, memo, hidden)
    except TooCostly as reason:
        return [_undecided(where, str(reason))]
    except Malformed as flaw:
        if strict and flaw.document is new_doc:
            remedy = f"write the schema as {new_doc.dialect.value} says"
            raise InvalidDocument(str(flaw), location=f"the new document, {where.location}", remedy=remedy) from None
        return [_undecided(where, str(flaw))]
    except (RecursionError, ValueError) as reason:  # unresolvable, or deeper than can be followed
        deep = "nested too deep" if isinstance(reason, RecursionError) else str(reason)
        return [_undecided(where, deep)]


def _compare(
    old_doc: SchemaDocument, old_schema: Any, new_doc: SchemaDocument, new_schema: Any, direction: Direction,
    where: Where, memo: Memo, hidden: str | None,
) -> list[Finding]:  # fmt: skip
    search, arbiter = memo.search(Setting(api=where.is_api, textual=where.is_textual, hidden=hidden))
    search.allowance = ALLOWANCE
    old = search.space.node(old_doc, old_schema)
    new = search.space.node(new_doc, new_schema)
    if old is new:
        return []
    sender, receiver = (old, new) if direction is Direction.REQUEST else (new, old)
    return _Report(search, arbiter, sender, receiver, direction, where).findings(old, new)


class _Report:
    """Turns differences into findings: confirms each on a whole instance, and drops what the surroundings make impossible."""

    def __init__(
        self, search: Search, arbiter: Arbiter, sender: Node, receiver: Node, direction: Direction, where: Where
    ) -> None:
        self.search = search
        self.arbiter = arbiter
        self.sender = sender
        self.receiver = receiver
        self.direction = direction
        self.where = where
        self.mode = SENT if where.is_api else INSIDE
        self.expected: frozenset[str] = frozenset()
        """The properties in the instances that will be shown to the validator."""

    def findings(self, old: Node, new: Node) -> list[Finding]:
        answer = self.search.ask({Signed(self.mode, self.sender), Signed(OUTSIDE, self.receiver)})
        if answer is UNKNOWN:
            answer = self._tried()
        if answer is EMPTY and not self.where.is_api:
            return []
        walk = Walk(self.search, self.direction, api=self.where.is_api)
        walk.compare(old, new, quiet=answer is EMPTY)
        self.expected = _named(answer).union(*(_named(each.answer).union(_words(each.path)) for each in walk.found))
        found = [finding for difference in walk.found if (finding := self._finding(difference)) is not None]
        if answer is EMPTY:
            return found
        if any(finding.outcome is Outcome.BREAKING for finding in found):
            return [finding for finding in found if finding.outcome is not Outcome.UNKNOWN]
        whole = self._whole(answer)
        if whole.outcome is Outcome.BREAKING:
            return [*(finding for finding in found if finding.outcome is not Outcome.UNKNOWN), whole]
        return found if any(finding.outcome is Outcome.UNKNOWN for finding in found) else [*found, whole]

    def _tried(self) -> Answer:
        """Where reasoning gave up, a few instances of the sender may still show what is wrong."""
        for kind in TYPES:
            sent = {Signed(self.mode, self.sender), Signed(INSIDE, self.search.space.literal({"type": kind}))}
            answer = self.search.ask(sent)
            if isinstance(answer, Sample) and self._confirms(answer):
                return answer
        return UNKNOWN

    def _finding(self, difference: Difference) -> Finding | None:
        if difference.answer is None:
            severity = _severity_of_note(difference.concept)
            outcome = Outcome.BREAKING if severity is Severity.ERROR else Outcome.COMPATIBLE
            return self._made(difference.concept, difference.path, difference.detail, severity, outcome)
        if isinstance(difference.answer, Sample):
            whole = self._whole_instance(difference.shown_at, difference.answer.value)
            if whole is EMPTY:
                return None
            if isinstance(whole, Sample):
                return self._made(
                    difference.concept,
                    difference.path,
                    difference.detail,
                    Severity.ERROR,
                    Outcome.BREAKING,
                    whole.value,
                )
        return self._made(difference.concept, difference.path, difference.detail, Severity.WARNING, Outcome.UNKNOWN)

    def _whole_instance(self, path: Path, value: Any) -> Answer:
        """An instance that has ``value`` at a place, sent by one side and refused by the other, as a validator says."""
        answer: Answer = Sample(value)
        if path:
            surroundings = self.search.space.literal(holding(path, value))
            answer = self.search.ask(
                {Signed(self.mode, self.sender), Signed(INSIDE, surroundings), Signed(OUTSIDE, self.receiver)}
            )
        if isinstance(answer, Sample) and not self._confirms(answer):
            return UNKNOWN
        return answer

    def _confirms(self, shown: Sample) -> bool | None:
        return self.arbiter.confirms(self.sender, self.receiver, shown.value, expected=self.expected)

    def _whole(self, answer: Answer) -> Finding:
        if isinstance(answer, Sample) and self._confirms(answer):
            concept = "narrowed" if self.direction is Direction.REQUEST else "widened"
            return self._made(concept, (), "", Severity.ERROR, Outcome.BREAKING, answer.value)
        return _undecided(self.where, "no instance found that breaks it, and no proof that there is none")

    def _made(
        self, concept: str, path: Path, detail: str, severity: Severity, outcome: Outcome, witness: Any = None
    ) -> Finding:
        says = SAYS[concept] if not detail else f"{SAYS[concept]}: {detail}"
        if outcome is Outcome.UNKNOWN:
            says = f"{says}; no instance found that proves it, and no proof that there is none"
        return Finding(
            id=rule_id(self.direction, self.where.surface, len(path), concept),
            severity=severity, location=self.where.at(written(path)), message=says, witness=witness, outcome=outcome,
        )  # fmt: skip


def _named(answer: Answer | None) -> frozenset[str]:
    return names_in(answer.value) if isinstance(answer, Sample) else frozenset()


def _words(path: Path) -> frozenset[str]:
    return frozenset(step for step in path if isinstance(step, str))


def _undecided(where: Where, reason: str) -> Finding:
    return Finding(
        id="undecided", severity=Severity.WARNING, location=where.at(""), outcome=Outcome.UNKNOWN,
        message=f"could not be decided, and is treated as unsafe: {reason}",
    )  # fmt: skip


def _severity_of_note(concept: str) -> Severity:
    return (
        Severity.ERROR if concept.startswith(("additional-", "content-", "type-", "unevaluated-")) else Severity.WARNING
    )


def compare_json_schemas(
    old: Any, new: Any, direction: Direction = Direction.REQUEST, *, dialect: Dialect | None = None
) -> Verdict:
    """
    Whether a JSON Schema may take the place of another, in the sense of ``direction``.

    Exact: the instances meant are those that a validator accepts, formats included. Each schema is read in the dialect that
    its ``$schema`` names, else in ``dialect``, else in the first of 2020-12, draft 7 and draft 4 in which it is valid.

    :raises InvalidDocument: one of them is not a valid schema, or refers to what it does not hold
    """
    old, new = as_json(old), as_json(new)
    documents = documents_of(old, new, dialect=dialect)
    return Verdict.of(compare_schemas(documents[0], old, documents[1], new, direction, where=PLAIN))


def documents_of(old: Any, new: Any, *, dialect: Dialect | None = None) -> tuple[SchemaDocument, SchemaDocument]:
    """
    Two JSON Schemas in the dialects that they are valid in.

    :raises InvalidDocument: one of them is not a valid schema, or refers to what it does not hold
    """
    dialect = dialect or _dialect_of_both(old, new)
    documents = SchemaDocument(old, Dialect.of(old, dialect)), SchemaDocument(new, Dialect.of(new, dialect))
    for name, document in zip(("the old schema", "the new schema"), documents, strict=True):
        problem = problem_of(document)
        if problem is not None:
            place, reason = problem
            remedy = f"write it as {document.dialect.value} says, with everything it refers to inside"
            raise InvalidDocument(reason, location=f"{name}, {place}", remedy=remedy)
    return documents


def _dialect_of_both(old: Any, new: Any) -> Dialect:
    """What schemas that declare nothing are written in: tuples by ``items`` are no 2020-12, boolean bounds are draft 4."""
    for dialect in (Dialect.DRAFT_2020_12, Dialect.DRAFT_7, Dialect.DRAFT_4):
        if all(problem_of(SchemaDocument(schema, Dialect.of(schema, dialect))) is None for schema in (old, new)):
            return dialect
    return Dialect.DRAFT_2020_12
