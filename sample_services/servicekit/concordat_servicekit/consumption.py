"""
How another service is called, as the operator injects it: ``PAYMENTS_URL``, ``PAYMENTS_TIMEOUT_SECONDS``, ``PAYMENTS_RETRIES``.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from concordat_servicekit.settings import WrongSetting, seconds

DEFAULT_TIMEOUT = 5.0
MOST_RETRIES = 10


@dataclass(frozen=True, kw_only=True)
class Consumption:
    """One entry of ``spec.consumes``."""

    url: str
    timeout: float = DEFAULT_TIMEOUT
    """Seconds one attempt may take."""
    retries: int = 0
    """Attempts after the first."""

    @classmethod
    def from_environment(cls, name: str, environment: Mapping[str, str] = os.environ) -> "Consumption":
        """
        Of the service or contract called ``name`` in ``spec.consumes``.

        Raises :exc:`WrongSetting` where its address is missing or a number is none.
        """
        prefix = re.sub("[^A-Z0-9]", "_", f"{'_' if name[:1].isdigit() else ''}{name}".upper())
        url = environment.get(f"{prefix}_URL", "").strip()
        if not url:
            raise WrongSetting(
                f"{prefix}_URL is not set: name {name} in spec.consumes, or set it where no operator does"
            )
        timeout = environment.get(f"{prefix}_TIMEOUT_SECONDS", "").strip()
        retries = environment.get(f"{prefix}_RETRIES", "").strip()
        if retries and (not retries.isdecimal() or int(retries) > MOST_RETRIES):
            raise WrongSetting(f"{prefix}_RETRIES={retries!r}: give a number from 0 to {MOST_RETRIES}")
        return cls(
            url=url,
            timeout=_limit(f"{prefix}_TIMEOUT_SECONDS", timeout) if timeout else DEFAULT_TIMEOUT,
            retries=int(retries or 0),
        )


def _limit(variable: str, text: str) -> float:
    try:
        value = seconds(text)
    except ValueError as error:
        raise WrongSetting(f"{variable}={text!r}: {error}") from None
    if value == 0:
        raise WrongSetting(f"{variable}={text!r}: give a time above 0 seconds")
    return value
