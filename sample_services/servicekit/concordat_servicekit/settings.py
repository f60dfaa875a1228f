"""
What the environment may say. The operator injects the ports' numbers and ``SLO_BUCKETS``; a laptop needs none of it.
"""

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from concordat_servicekit.requirement import VARIABLE, Requirement, requirements

Value = TypeVar("Value")


class WrongSetting(ValueError):
    """An environment variable cannot be understood; the message names it and says what would do."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a service listens, logs and ends."""

    http_port: int = 8080
    """``HTTP_PORT``: requests, ``/healthz``, ``/readyz``; 0 takes a free one."""
    metrics_port: int | None = None
    """``METRICS_PORT``: a port of its own for ``/metrics``, out of the consumers' reach; unset, the HTTP port serves it."""
    buckets: tuple[float, ...] = ()
    """``SLO_BUCKETS``: seconds, comma-separated. Every latency threshold of an objective must be a bucket."""
    log_level: str = "info"
    """``LOG_LEVEL``: debug, info, warning, error."""
    drain_seconds: float = 1.0
    """``DRAIN_SECONDS``: time between "not ready" and the closed door, for clients to look elsewhere."""
    grace_seconds: float = 8.0
    """``GRACE_SECONDS``: time the requests in flight then still have."""
    revision: str = "unknown"
    """``APP_REVISION``: commit the image was built from."""
    auth: tuple[Requirement, ...] = ()
    """``AUTH_REQUIREMENTS``: the tokens its contracts demand; unset, it is open to everybody."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Raises :exc:`WrongSetting`."""

        def read(name: str, parse: Callable[[str], Value], default: Value) -> Value:
            text = environment.get(name, "").strip()
            if not text:
                return default
            try:
                return parse(text)
            except ValueError as error:
                raise WrongSetting(f"{name}={text!r}: {error}") from None

        return cls(
            http_port=read("HTTP_PORT", port, cls.http_port),
            metrics_port=read("METRICS_PORT", port, cls.metrics_port),
            buckets=read("SLO_BUCKETS", buckets, cls.buckets),
            log_level=read("LOG_LEVEL", level, cls.log_level),
            drain_seconds=read("DRAIN_SECONDS", seconds, cls.drain_seconds),
            grace_seconds=read("GRACE_SECONDS", seconds, cls.grace_seconds),
            revision=read("APP_REVISION", str, cls.revision),
            auth=read(VARIABLE, requirements, cls.auth),
        )


def port(text: str) -> int:
    """0 to 65535."""
    if not text.isdecimal() or int(text) > 65535:
        raise ValueError("give a port number from 0 (any free one) to 65535")
    return int(text)


def seconds(text: str) -> float:
    """A finite number of seconds, 0 or more."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (0 <= value < math.inf):
        raise ValueError("give seconds, such as 0.5 or 8")
    return value


def buckets(text: str) -> tuple[float, ...]:
    """``0.2,0.5`` to bucket bounds in seconds, sorted, without repetition."""
    bounds = {seconds(part.strip()) for part in text.split(",") if part.strip()}
    if 0.0 in bounds:
        raise ValueError("a bucket bound must be above 0 seconds")
    return tuple(sorted(bounds))


def level(text: str) -> str:
    """A log level, in lower case."""
    if text.lower() not in ("debug", "info", "warning", "error"):
        raise ValueError("give debug, info, warning or error")
    return text.lower()
