"""
What one call becomes further down: those who are called call others, and try again themselves.

Computed once for every service that is asked about and kept until something beneath it changes, so that all services of a cluster
together cost a few steps for each declared use (``uses x DEEPEST``), however often their ways cross.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from concordat.api import Microservice
from concordat.facts import Retried
from concordat.world.keys import Key, Target, asked_for

DEEPEST = 4
"""Calls in a row that are followed; a request that goes further down has other worries."""
_HIDDEN = "a service of another namespace"

LetsIn = Callable[[Microservice, Target, str], bool]
"""Whether a service, asked for by a target, lets a namespace in."""


class _Step(NamedTuple):
    """A service on a way, and how it was asked for."""

    reference: str
    target: Target
    service: Microservice | None
    """None where nobody is there, or the caller is not let in."""


class _Way(NamedTuple):
    """The calls that one call becomes on one way down."""

    times: int
    steps: tuple[_Step, ...]
    """Beneath the service the way begins at; empty where nothing beneath tries again."""


class _Beneath(NamedTuple):
    """What lies beneath a service, within a number of hops."""

    ways: tuple[_Way, ...]
    """The best, and the best that begins with another call: one of them may lead through whoever asks."""
    circular: bool
    """Somewhere beneath, a way leads back to where it has been, and tries again on it."""


_NOTHING = _Beneath((), False)


class RetryAmplification:
    """Of all services. :meth:`forget` must be told of every change, with everybody above it."""

    def __init__(self, provider: Callable[[Target], Microservice | None]) -> None:
        self._provider = provider
        self._known: dict[str, dict[int, _Beneath]] = {}
        self._consents = -1
        self.steps = 0
        """Uses that were looked at since the start; what tests count instead of seconds."""

    def forget(self, services: Iterable[Key]) -> None:
        """They, or something beneath them, changed."""
        for key in services:
            self._known.pop(str(key), None)

    def beneath(
        self, provider: Microservice, *, seen_from: Microservice, lets_in: LetsIn, consents: int = 0
    ) -> Retried:
        """
        The most calls that one call to ``provider`` may become, each hop trying again for itself.

        A way ends where it would come back to a service it has been at, so in a circle this is the least it may be, and ``circular``
        says so. Of what does not let the consumer in, it learns no name. ``consents`` is another number whenever ``lets_in`` may
        answer differently.
        """
        if consents != self._consents:
            self._known.clear()
            self._consents = consents
        found = self._beneath(provider, DEEPEST, lets_in)
        best, cut = _best_without(seen_from.reference, found.ways)
        shown = (_shown(step, seen_from, lets_in) for step in best.steps)
        return Retried(times=best.times, way=(provider.reference, *shown), circular=cut or found.circular)

    def _beneath(self, service: Microservice, hops: int, lets_in: LetsIn) -> _Beneath:
        """By recursion of at most :data:`DEEPEST` levels; each service and number of hops is computed once."""
        if hops == 0:
            return _NOTHING
        known = self._known.setdefault(service.reference, {})
        if hops not in known:
            known[hops] = self._computed(service, hops, lets_in)
        return known[hops]

    def _computed(self, service: Microservice, hops: int, lets_in: LetsIn) -> _Beneath:
        ways: list[_Way] = []
        circular = False
        for attempts, step in self._calls(service, lets_in):
            if step.reference == service.reference:
                circular |= attempts > 1
                continue
            further = self._beneath(step.service, hops - 1, lets_in) if step.service else _NOTHING
            onward, cut = _best_without(service.reference, further.ways)
            circular |= further.circular or cut
            if attempts * onward.times > 1:
                ways.append(_Way(attempts * onward.times, (step, *onward.steps)))
        ways.sort(key=lambda way: (-way.times, len(way.steps)))
        other = next((way for way in ways[1:] if way.steps[0].reference != ways[0].steps[0].reference), None)
        return _Beneath((*ways[:1], *([other] if other else [])), circular)

    def _calls(self, caller: Microservice, lets_in: LetsIn) -> Iterator[tuple[int, _Step]]:
        """What a service calls, and how often. What is called is tried again even where nobody is there yet."""
        for use in caller.spec.consumes:
            self.steps += 1
            if use.criticality == "async":
                continue
            target = asked_for(use.service, use.contract, caller.namespace)
            found = self._provider(target)
            called = found if found and lets_in(found, target, caller.namespace) else None
            reference = called.reference if called else f"{target.namespace}/{target.name}"
            yield use.attempts, _Step(reference, target, called)


def _best_without(reference: str, ways: Iterable[_Way]) -> tuple[_Way, bool]:
    """The best way that does not lead through a service, and whether one that does was cut off."""
    best, cut = _Way(1, ()), False
    for way in ways:
        through = any(step.reference == reference for step in way.steps)
        cut |= through
        if not through and way.times > best.times:
            best = way
    return best, cut


def _shown(step: _Step, seen_from: Microservice, lets_in: LetsIn) -> str:
    own = step.target.namespace == seen_from.namespace
    known = step.service is not None and lets_in(step.service, step.target, seen_from.namespace)
    return step.reference if known or own else _HIDDEN
