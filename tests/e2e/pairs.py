"""
Every pod tries every other: who gets through must be who was declared.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from tests.e2e.stage import Stage, at_once


@dataclass(frozen=True, kw_only=True, order=True)
class Place:
    """Some equal pods, found by a label."""

    namespace: str
    name: str
    label: str
    ports: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, kw_only=True, order=True)
class Edge:
    """Pods of ``source`` may open a connection to this port of pods of ``target``."""

    source: str
    target: str
    port: int

    def __str__(self) -> str:
        return f"{self.source} -> {self.target}:{self.port}"


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One connection from one pod to one port of another."""

    edge: Edge
    source_pod: str
    target_pod: str
    opened: bool


@dataclass(frozen=True, kw_only=True)
class Pod:
    """Where it is."""

    place: Place
    name: str
    address: str


def attempts(stage: Stage, places: Iterable[Place]) -> list[Attempt]:
    """From every pod to every other pod's every port."""
    pods = [pod for place in places for pod in _pods(stage, place)]
    return [attempt for found in at_once(partial(_from, stage, source, pods) for source in pods) for attempt in found]


def wrong(tried: Iterable[Attempt], declared: Iterable[Edge]) -> list[str]:
    """In words; empty when connections and declarations agree."""
    allowed = set(declared)
    return [
        f"{attempt.edge} ({attempt.source_pod} to {attempt.target_pod}) {'gets through' if attempt.opened else 'is shut out'}"
        for attempt in tried
        if attempt.opened != (attempt.edge in allowed)
    ]


def _from(stage: Stage, source: Pod, pods: list[Pod]) -> list[Attempt]:
    targets = [(pod, port) for pod in pods if pod != source for port in pod.place.ports]
    answers = stage.ask(source.name, source.place.namespace, "try", *(f"{pod.address}:{port}" for pod, port in targets))
    return [
        Attempt(
            edge=Edge(source=str(source.place), target=str(pod.place), port=port),
            source_pod=source.name,
            target_pod=pod.name,
            opened=answers[f"{pod.address}:{port}"],
        )
        for pod, port in targets
    ]


def _pods(stage: Stage, place: Place) -> Iterator[Pod]:
    for pod in stage.find("pods", place.namespace, f"--selector={place.label}"):
        if "deletionTimestamp" not in pod["metadata"]:
            yield Pod(place=place, name=pod["metadata"]["name"], address=pod["status"]["podIP"])
