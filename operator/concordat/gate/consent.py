"""
Whose use of a contract counts: its own namespace, those it lets in, and for a while those it let in before.

Without consent nobody is a consumer: what a stranger declares binds no provider. Consent that is withdrawn goes on
binding for :data:`GRACE`, so that taking it away is no way around consumers that run; the provider sees until when.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from concordat.api import ServiceContract
from concordat.api.contract_status import Consent

GRACE = timedelta(hours=24)
"""How long withdrawn consent still binds: a working day to tell those concerned, and no longer than people remember."""
_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def counts(namespace: str, contract: ServiceContract, recorded: Iterable[Consent]) -> bool:
    """Whether what ``namespace`` uses of the contract binds it."""
    return (
        namespace == contract.namespace
        or namespace in contract.spec.access.namespaces
        or any(consent.namespace == namespace for consent in recorded)
    )


def renewed(contract: ServiceContract, recorded: Iterable[Consent], now: datetime) -> tuple[Consent, ...]:
    """
    The consents to record: those given now, and those withdrawn whose grace has not ended.

    No grace ends later than :data:`GRACE` from now, whatever was recorded: by a clock that was ahead, or by somebody else.
    """
    given = set(contract.spec.access.namespaces)
    latest = (now + GRACE).strftime(_FORMAT)
    withdrawn = {one.namespace: min(one.until or latest, latest) for one in recorded}
    ends_later = {
        name: until for name, until in withdrawn.items() if name not in given and until > now.strftime(_FORMAT)
    }
    consents = (
        *(Consent(namespace=name) for name in given),
        *(Consent(namespace=n, until=u) for n, u in ends_later.items()),
    )
    return tuple(sorted(consents, key=lambda consent: consent.namespace))


def next_end(recorded: Iterable[Consent], now: datetime) -> float | None:
    """Seconds until the next withdrawn consent stops binding; ``None`` when there is none."""
    ends = [_seconds_until(one.until, now) for one in recorded if one.until]
    return max(0.0, min(ends)) if ends else None


def _seconds_until(written: str, now: datetime) -> float:
    """Of a time that does not exist, such as hour 99 of a day, the whole grace: it is recorded anew before that has passed."""
    try:
        return (datetime.strptime(f"{written}+0000", f"{_FORMAT}%z") - now).total_seconds()
    except ValueError:
        return GRACE.total_seconds()
