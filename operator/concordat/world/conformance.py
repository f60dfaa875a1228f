"""
What trials of running services found: the termination messages of pods that carry the label ``concordat.dev/tries``.

Whoever may make pods in the namespace of a contract may say so of it; who may not cannot. A verdict outlives its pod in the
contract's status.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from concordat.manifest import Kind, conventions, object_name
from concordat.world.keys import Key
from concordat_contracts.conformance.verdict import Verdict, read

POD = Kind(group="", version="v1", kind="Pod", plural="pods", watched_whole=True)
"""Only those with the label travel, and of them only the message is kept."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One that has ended."""

    namespace: str
    contract: str
    """Name of the contract, as a label can hold it."""
    created: str
    """When its pod was, RFC 3339: by the API server's clock, the only one that all trials have in common."""
    finished: str
    """RFC 3339, by the kubelet's clock: tells apart only pods of the same second."""
    verdict: Verdict


class Trials:
    """The latest one of each contract."""

    def __init__(self, heard: Callable[[str, str], object]) -> None:
        """``heard`` is told the namespace and the name of a contract, as a label can hold it."""
        self._tell = heard
        self._latest: dict[tuple[str, str], Trial] = {}
        self.refusal = ""

    def latest(self, contract: Key) -> Trial | None:
        """Of those whose pods were seen since the start."""
        return self._latest.get((contract.namespace, object_name(contract.name)))

    # --- the watch ----------------------------------------------------------------------------------------------------

    def take(self, item: Mapping[str, Any]) -> Trial | None:
        """What a pod has to say; nothing while it runs, and nothing when it is no verdict."""
        metadata = item["metadata"]
        name = (metadata.get("labels") or {}).get(conventions.LABEL_TRIES)
        if not name:
            return None
        for container in (item.get("status") or {}).get("containerStatuses") or ():
            ended = (container.get("state") or {}).get("terminated") or {}
            try:
                verdict = read(ended.get("message") or "")
            except ValueError:
                continue
            return Trial(
                namespace=metadata["namespace"],
                contract=name,
                created=str(metadata.get("creationTimestamp") or ""),
                finished=str(ended.get("finishedAt") or ""),
                verdict=verdict,
            )
        return None

    def replace(self, items: Iterable[Trial | None], resource_version: str) -> None:
        """A LIST. What is no longer there was true all the same."""
        for trial in items:
            self._heard(trial)

    def observe(self, event: str, item: Mapping[str, Any]) -> None:
        """One event of a watch."""
        self._heard(self.take(item))

    def knows(self, namespace: str, name: str, resource_version: str) -> bool:
        return False

    def _heard(self, trial: Trial | None) -> None:
        if trial is None:
            return
        place = trial.namespace, trial.contract
        known = self._latest.get(place)
        if known is None or (known.created, known.finished) < (trial.created, trial.finished):
            self._latest[place] = trial
            self._tell(*place)
