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
    """The consents to record: those given now, and those withdrawn whose grace has not ended."""
    given = set(contract.spec.access.namespaces)
    withdrawn = {one.namespace: one.until or (now + GRACE).strftime(_FORMAT) for one in recorded}
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
    ends = [datetime.strptime(f"{one.until}+0000", f"{_FORMAT}%z") for one in recorded if one.until]
    return max(0.0, min((end - now).total_seconds() for end in ends)) if ends else None
