"""
The requests themselves, made and judged by schemathesis.

Ids are learned from answers: schemathesis derives which answer feeds which parameter (``GET /orders`` the path of
``GET /orders/{id}``) and uses what it saw, so that what exists is asked for and not only what is made up.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema
from schemathesis.engine.recorder import CheckNode, ScenarioRecorder
from schemathesis.errors import LoaderError

from concordat.conformance.profile import CORE_CHECKS, Profile, limited, operations
from concordat.conformance.verdict import Breach, Verdict

EXAMPLES = 15
"""Requests an operation and phase: four times as many found nothing more in services with known breaches."""
SECONDS = 240
"""The whole trial ends after this, with what was found until then."""
REQUEST_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What is to be tried, and how."""

    document: Mapping[str, Any]
    """OpenAPI, parsed."""
    url: str
    """Where the service answers. Without a path, that of the document's first server is added."""
    profile: Profile = Profile.CORE
    examples: int = EXAMPLES
    seconds: int = SECONDS
    headers: Mapping[str, str] = field(default_factory=dict)
    """Sent with every request, e.g. ``Authorization``."""
    per_second: int | None = None
    """Requests at most."""


def run(trial: Trial) -> Verdict:
    """Make the requests; the same ones for the same document."""
    document = limited(trial.document, trial.profile)
    if "openapi" not in document and "swagger" not in document:
        return Verdict(unusable="only OpenAPI can be tried: this document is something else")
    if not operations(document):
        return Verdict(unusable=f"no operation of the document may be called with the profile {trial.profile}")
    try:
        schema = schemathesis.openapi.from_dict(dict(document), config=_configuration(trial, document))
    except LoaderError as error:
        return Verdict(unusable=f"the document cannot be used: {error}")
    heard, until = _Heard(), time.monotonic() + trial.seconds
    stream = from_schema(schema).execute()
    for event in stream:
        heard.take(event)
        if time.monotonic() > until:  # not `max-time`, which fills the time it is given
            stream.stop()
    version = (document.get("info") or {}).get("version")
    return replace(heard.verdict(), version=str(version or ""))


def base_url(url: str, document: Mapping[str, Any]) -> str:
    """``url``, below the path of the document's first server unless it has one itself."""
    if urlsplit(url).path.strip("/"):
        return url.rstrip("/")
    servers = document.get("servers") or [{}]
    first = str(servers[0].get("url") or "") if isinstance(servers[0], Mapping) else ""
    path = document.get("basePath") or urlsplit(first).path
    return url.rstrip("/") + ("" if "{" in path else path.rstrip("/"))


def _configuration(trial: Trial, document: Mapping[str, Any]) -> SchemathesisConfig:
    core = trial.profile is Profile.CORE
    known = {name: {"enabled": not core or name in CORE_CHECKS} for name in _checks()}
    settings: dict[str, Any] = {
        "base-url": base_url(trial.url, document),
        "checks": known,
        "continue-on-failure": True,
        "generation": {
            "mode": "positive" if core else "all",
            "max-examples": trial.examples,
            "deterministic": True,
            "database": "none",
        },
        "headers": dict(trial.headers),
        "request-timeout": REQUEST_SECONDS,
    }
    if not trial.profile.writes:
        # What is not declared may exist all the same: a DELETE must not be found out by trying.
        settings["phases"] = {"coverage": {"unexpected-methods": ["TRACE"] if not core else []}}
    if trial.per_second:
        settings["rate-limit"] = f"{trial.per_second}/s"
    return SchemathesisConfig.from_dict(settings)


def _checks() -> list[str]:
    return [name for name in schemathesis.checks.CHECKS.get_all_names() if name != "max_response_time"]


class _Heard:
    """What the engine told so far."""

    def __init__(self) -> None:
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
        for case_id, checks in recorder.checks.items():
            node = recorder.cases.get(case_id)
            label = node.value.operation.label if node is not None else recorder.label
            for check in checks:
                self._check(label, check)

    def _check(self, label: str, check: CheckNode) -> None:
        if check.status is not Status.FAILURE or check.failure_info is None:
            return
        failure = check.failure_info.failure
        breach = Breach(
            operation=label,
            check=failure.title,
            message=failure.message.strip(),
            reproducer=check.failure_info.code_sample,
        )
        self._breaches.setdefault((label, f"{failure.title} {type(failure).__name__}"), breach)
