"""
What is said to a person who writes one of our resources, before it is stored.

Early feedback, from the same policies and caches the reconciler decides by later: what it would certainly refuse is
refused at once, what it would only leave out or wait for is a warning. The reconciler is the authority; nothing relies
on having been asked here.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from concordat import conventions
from concordat.api import Microservice, parse
from concordat.consequences import Severity, consequences
from concordat.errors import InvalidInput
from concordat.plan import Plan, plan
from concordat.reconcile.engine import Engine
from concordat.reconcile.gather import gather

CLEANERS = frozenset(
    {
        "system:kube-controller-manager",
        "system:serviceaccount:kube-system:namespace-controller",
        "system:serviceaccount:kube-system:generic-garbage-collector",
    }
)
"""Who deletes what is in a namespace that goes: to refuse them would leave it ending for ever."""
MOST_LISTED = 10
MOST_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class Question:
    """What somebody is about to do."""

    kind: str
    namespace: str
    name: str
    operation: str
    """``CREATE``, ``UPDATE`` or ``DELETE``."""
    user: str
    after: Mapping[str, Any] | None
    """The object as it would be; nothing when it is deleted."""
    before: Mapping[str, Any] | None
    """The object as it is; nothing when it is created."""

    @classmethod
    def of(cls, request: Mapping[str, Any]) -> "Question":
        """From the ``request`` of an AdmissionReview."""
        return cls(
            kind=request["kind"]["kind"],
            namespace=request.get("namespace") or "",
            name=request.get("name") or "",
            operation=request["operation"],
            user=(request.get("userInfo") or {}).get("username") or "",
            after=request.get("object"),
            before=request.get("oldObject"),
        )

    @property
    def changes_nothing(self) -> bool:
        """As far as we are concerned: labels, a status, finalizers of something that is being deleted."""
        if self.after is None or self.before is None:
            return False
        if "deletionTimestamp" in self.after["metadata"]:
            return True
        return self.after.get("spec") == self.before.get("spec") and _decisive(self.after) == _decisive(self.before)

    @property
    def named(self) -> str:
        """``Microservice shop/orders``."""
        return f"{self.kind} {self.namespace}/{self.name}"

    def __str__(self) -> str:
        return f"{self.operation} {self.named}"


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What is said to it."""

    refusal: str = ""
    """Why not; empty when it may be."""
    warnings: tuple[str, ...] = ()


class Admission:
    """Answers from the engine's caches."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def judge(self, question: Question) -> Judgement:
        """One question."""
        if question.changes_nothing or question.user in CLEANERS:
            return Judgement()
        if question.kind == conventions.MICROSERVICE:
            return self._service(question)
        return Judgement()

    def _service(self, question: Question) -> Judgement:
        before = _understood(question.before)
        if question.after is None:
            return Judgement(warnings=tuple(self._loses(before)) if before else ())
        try:
            after = parse(question.after)
        except InvalidInput as invalid:
            return Judgement(refusal=listed(f"{question.named} refused", map(str, invalid.problems)))
        planned = self._plan(after)
        notices = tuple(str(notice.problem) for notice in planned.notices)
        if planned.violations:
            problems = (str(violation.problem) for violation in planned.violations)
            return Judgement(refusal=listed(f"{question.named} refused", problems), warnings=notices)
        disruptions = tuple(_disruptions(self._plan(before), planned)) if before else ()
        return Judgement(warnings=(*disruptions, *notices))

    def _plan(self, service: Microservice) -> Plan:
        engine = self._engine
        facts = gather(service, engine.neighbours, platform=engine.settings.platform, installed=engine.installed)
        return plan(service, facts)

    def _loses(self, service: Microservice) -> Iterator[str]:
        names = sorted({consumer.reference for consumer, *_ in self._engine.parents.consumers(service)})
        if names:
            more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
            yield f"{service.reference} is consumed by {', '.join(names[:MOST_NAMED])}{more}: they lose it"


def listed(what: str, findings: Iterable[str], *, remedy: str = "") -> str:
    """
    A refusal as kubectl shows it, which shows text alone: one line a finding, :data:`MOST_LISTED` at most.

    >>> print(listed("Microservice shop/orders refused", ["spec.env[0].name: is required"]))
    Microservice shop/orders refused:
     1. spec.env[0].name: is required
    """
    lines = list(findings)
    numbered = [f" {number}. {line}" for number, line in enumerate(lines[:MOST_LISTED], start=1)]
    more = [f" and {len(lines) - MOST_LISTED} more"] if len(lines) > MOST_LISTED else []
    return "\n".join((f"{what}:", *numbered, *more, *([f" fix: {remedy}"] if remedy else [])))


def _disruptions(before: Plan, after: Plan) -> Iterator[str]:
    """Who is cut off, and what restarts at once."""
    for change in consequences(before.children, after.children):
        for consequence in change.consequences:
            if consequence.severity is Severity.DISRUPTION:
                yield f"{change.child}: {consequence.text}"


def _understood(manifest: Mapping[str, Any] | None) -> Microservice | None:
    try:
        return parse(manifest) if manifest is not None else None
    except InvalidInput:
        return None


def _decisive(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Annotations of ours, by which a person decides something."""
    annotations = manifest["metadata"].get("annotations") or {}
    return {name: value for name, value in annotations.items() if name.startswith(f"{conventions.GROUP}/")}
