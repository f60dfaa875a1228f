"""What is left to do after one pass."""

from dataclasses import dataclass

LOOK_AGAIN_AT_REFUSAL = 60.0
"""Seconds. Quotas, Pod Security, rights and documents are mended elsewhere; asking costs one request."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Of one pass."""

    result: str = "success"
    """controller-runtime's label: success, error, requeue, requeue_after."""
    retry: bool = False
    """Something failed: again after a backoff."""
    again_after: float = 0.0
    """Seconds; at least so long for a retry."""
