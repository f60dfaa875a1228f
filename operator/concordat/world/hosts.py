"""
Whose a host name is, of all who claim it.
"""

from collections.abc import Callable, Collection

from concordat.cluster.workqueue import Lane
from concordat.world.index import Index
from concordat.world.keys import Key
from concordat.world.microservice_record import Parent


class Hosts:
    """Who claims which host."""

    def __init__(self, parent: Callable[[Key], Parent], enqueue: Callable[[Key, Lane], object]) -> None:
        self._parent = parent
        self._enqueue = enqueue
        self._claims = Index[str]()

    def holder(self, host: str) -> Key | None:
        """
        Whose ``host`` is: theirs whose status says so, else the oldest's.

        The age of a Microservice is not the age of its claim: an old one may claim a new host any day.
        """
        claims = map(self._parent, self._claims.of(host))
        first = min(claims, key=lambda claim: (host not in claim.status.hosts, *_age(claim)), default=None)
        return first.key if first else None

    def move(self, key: Key, before: set[str], after: set[str], *, handed_over: Collection[str] = ()) -> None:
        """``key`` claimed ``before`` and claims ``after``: queue whoever else claims one of those that moved."""
        self._claims.move(key, before, after)
        moved = (before ^ after).union(handed_over)
        for other in {claim for host in moved for claim in self._claims.of(host)} - {key}:
            self._enqueue(other, Lane.BACKGROUND)


def claimed(parent: Parent) -> set[str]:
    """What it asks for, and what it holds until its route is without it."""
    if parent.deleting:
        return set()
    routing = parent.service.spec.routing if parent.service else None
    return {*(routing.hosts if routing else ()), *parent.status.hosts}


def _age(parent: Parent) -> tuple[str, str]:
    return parent.service.created if parent.service else "", str(parent.key)
