"""
The requests themselves, made and judged by schemathesis.

Ids are learned from answers: schemathesis derives which answer feeds which parameter (``GET /orders`` the path of
``GET /orders/{id}``) and uses what it saw, so that what exists is asked for and not only what is made up.
"""

import time
from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace
from typing import Any

import schemathesis
from graphql import GraphQLSchema, introspection_from_schema, parse
from graphql.error import GraphQLError
from schemathesis import Case, Response
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema
from schemathesis.engine.recorder import CheckNode, ScenarioRecorder
from schemathesis.errors import LoaderError
from schemathesis.graphql.checks import GraphQLClientError, GraphQLServerError
from schemathesis.schemas import BaseSchema

from concordat_contracts.conformance import graphql, openapi
from concordat_contracts.conformance.answer import first_wrong
from concordat_contracts.conformance.profile import Profile
from concordat_contracts.conformance.verdict import Breach, Verdict

EXAMPLES = 15
"""Requests an operation and phase: four times as many found nothing more in services with known breaches."""
SECONDS = 240
"""The whole trial ends after this, with what was found until then."""
REQUEST_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What is to be tried, and how."""

    document: Mapping[str, Any]
    """OpenAPI, parsed, or ``{"graphql": SDL}``: the normal form of the language."""
    url: str
    """
    Where the service answers. Without a path, that of an OpenAPI document's first server is added, or :data:`graphql.PATH`.
    """
    profile: Profile = Profile.CORE
    examples: int = EXAMPLES
    seconds: int = SECONDS
    headers: Mapping[str, str] = field(default_factory=dict)
    """Sent with every request, e.g. ``Authorization``."""
    per_second: int | None = None
    """Requests at most."""


def run(trial: Trial) -> Verdict:
    """Make the requests; the same ones for the same document."""
    document = trial.document
    if "graphql" not in document and "openapi" not in document and "swagger" not in document:
        return Verdict(unusable="only OpenAPI and GraphQL can be tried: this document is something else")
    try:
        schema, operations, language = _graphql(trial) if "graphql" in document else _openapi(trial)
    except (LoaderError, GraphQLError, TypeError) as error:
        return Verdict(unusable=f"the document cannot be used: {error}")
    if not operations:
        return Verdict(unusable=f"no operation of the document may be called with the profile {trial.profile}")
    heard, until = _Heard(trial.profile, language), time.monotonic() + trial.seconds
    stream = from_schema(schema).execute()
    for event in stream:
        heard.take(event)
        if time.monotonic() > until:  # not `max-time`, which fills the time it is given
            stream.stop()
    version = (document.get("info") or {}).get("version")
    return replace(heard.verdict(), version=str(version or ""))


def _openapi(trial: Trial) -> tuple[BaseSchema, list[str], None]:
    document = openapi.limited(trial.document, trial.profile)
    config = _configuration(trial, openapi.base_url(trial.url, document), core=openapi.CORE_CHECKS)
    return schemathesis.openapi.from_dict(document, config=config), openapi.operations(document), None


def _graphql(trial: Trial) -> tuple[BaseSchema, list[str], GraphQLSchema]:
    schema = graphql.limited(str(trial.document["graphql"]), trial.profile)
    config = _configuration(trial, graphql.endpoint(trial.url), core=graphql.CORE_CHECKS)
    # Not as SDL: a type that is called Mutation would be the root of mutations again.
    introspected: dict[str, Any] = dict(introspection_from_schema(schema))
    return schemathesis.graphql.from_dict(introspected, config=config), graphql.operations(schema), schema


def _configuration(trial: Trial, url: str, *, core: Set[str]) -> SchemathesisConfig:
    checks = core if trial.profile is Profile.CORE else _checks()
    settings: dict[str, Any] = {
        "base-url": url,
        "checks": {name: {"enabled": name in checks} for name in _checks()},
        "continue-on-failure": True,
        "generation": {
            "mode": "positive" if trial.profile is Profile.CORE else "all",
            "max-examples": trial.examples,
            "deterministic": True,
            "database": "none",
        },
        "headers": dict(trial.headers),
        "request-timeout": REQUEST_SECONDS,
    }
    if not trial.profile.writes:
        # What is not declared may exist all the same: a DELETE must not be found out by trying.
        tried = ["TRACE"] if trial.profile is not Profile.CORE else []
        settings["phases"] = {"coverage": {"unexpected-methods": tried}}
    if trial.per_second:
        settings["rate-limit"] = f"{trial.per_second}/s"
    return SchemathesisConfig.from_dict(settings)


def _checks() -> Set[str]:
    schemathesis.checks.load_all_checks()  # otherwise those alone are known that something has asked for
    return set(schemathesis.checks.CHECKS.get_all_names()) - {"max_response_time"}


class _Heard:
    """What the engine told so far."""

    def __init__(self, profile: Profile, schema: GraphQLSchema | None) -> None:
        self._profile = profile
        self._schema = schema
        self._breaches: dict[tuple[str, str], Breach] = {}
        self._statuses: dict[str, set[int]] = {}
        self._requests = 0
        self._troubles: list[str] = []

    def take(self, event: events.EngineEvent) -> None:
        """One event."""
        if isinstance(event, events.ScenarioFinished | events.FuzzScenarioFinished):
            self._scenario(event.recorder)
        elif isinstance(event, events.NonFatalError):
            self._troubles.append(f"{event.label}: {event.info.title}: {event.info.message}")
        elif isinstance(event, events.FatalError):
            self._troubles.append(f"{type(event.exception).__name__}: {event.exception}")

    def verdict(self) -> Verdict:
        """All of it."""
        answered = {label for label, statuses in self._statuses.items() if any(200 <= s < 400 for s in statuses)}
        return Verdict(
            breaches=tuple(self._breaches.values()),
            requests=self._requests,
            operations=len(self._statuses),
            unanswered=tuple(sorted(self._statuses.keys() - answered)),
            unusable="" if self._requests else "; ".join(dict.fromkeys(self._troubles))[:1000],
        )

    def _scenario(self, recorder: ScenarioRecorder) -> None:
        for case_id, interaction in recorder.interactions.items():
            node = recorder.cases.get(case_id)
            if node is None or interaction.response is None:
                continue
            self._requests += 1
            self._statuses.setdefault(node.value.operation.label, set()).add(interaction.response.status_code)
            if self._schema is not None:
                self._answer(self._schema, node.value, interaction.response)
        for case_id, checks in recorder.checks.items():
            node = recorder.cases.get(case_id)
            label = node.value.operation.label if node is not None else recorder.label
            for check in checks:
                self._check(label, check)

    def _answer(self, schema: GraphQLSchema, case: Case[Any], response: Response) -> None:
        try:
            query, answer = parse(str(case.body)), response.json()
        except (
            GraphQLError,
            ValueError,
        ):  # what is no query was meant to be none; what is no JSON is a check of its own
            return
        wrong = first_wrong(schema, query, answer.get("data")) if isinstance(answer, dict) else ""
        if wrong:
            self._found(case.operation.label, "Answer violates the schema", wrong, case.as_curl_command())

    def _check(self, label: str, check: CheckNode) -> None:
        if check.status is not Status.FAILURE or check.failure_info is None:
            return
        failure = check.failure_info.failure
        if isinstance(failure, GraphQLClientError | GraphQLServerError) and not graphql.counts(
            failure.errors, by_resolver=isinstance(failure, GraphQLServerError), profile=self._profile
        ):
            return
        title = f"{failure.title} {type(failure).__name__}"
        self._found(label, failure.title, failure.message.strip(), check.failure_info.code_sample, distinct=title)

    def _found(self, operation: str, check: str, message: str, reproducer: str, *, distinct: str = "") -> None:
        """The first of its sort."""
        breach = Breach(operation=operation, check=check, message=message, reproducer=reproducer)
        self._breaches.setdefault((operation, distinct or check), breach)
