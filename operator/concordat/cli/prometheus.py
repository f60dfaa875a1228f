"""
A Prometheus to ask, and what to say when it cannot be asked.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from prometheus_api_client.exceptions import PrometheusApiClientException
from prometheus_api_client.prometheus_connect import PrometheusConnect
from requests import RequestException
from urllib3.util import Retry

from concordat.cli.output import fail

PATIENCE_SECONDS = 20
"""For one answer; budgets of 90 days are recorded, so none takes long."""


class Prometheus:
    """
    One Prometheus, by its address: ``http://localhost:9090``.

    Every method ends the program with a message for people when there is no answer.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        if not self.url.startswith(("http://", "https://")):
            fail(f"--prometheus: {url!r} is no address; give one like http://localhost:9090")
        self._connection = PrometheusConnect(url=self.url, timeout=PATIENCE_SECONDS, retry=Retry(0))

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Series with their value now: ``[{"metric": {...}, "value": [time, "text"]}]``."""
        return list(self._asked(lambda: self._connection.custom_query(expression)))

    def query_range(self, expression: str, *, seconds: int, step: int) -> list[dict[str, Any]]:
        """Series with their values over the last ``seconds``: ``[{"metric": {...}, "values": [[time, "text"]]}]``."""
        now = datetime.now(UTC)
        begin = now - timedelta(seconds=seconds)
        return list(self._asked(lambda: self._connection.custom_query_range(expression, begin, now, f"{step}s")))

    def _asked(self, question: Any) -> Sequence[dict[str, Any]]:
        try:
            answer: Sequence[dict[str, Any]] = question()
        except PrometheusApiClientException as error:
            fail(f"--prometheus: {self.url} refuses: {str(error)[:300]}")
        except (KeyError, TypeError, ValueError):  # before the next: an answer that is no JSON is both
            fail(f"--prometheus: {self.url} answers, but not as Prometheus does")
        except RequestException as error:
            fail(
                f"--prometheus: {self.url} cannot be reached ({_why(error)}). In a cluster: "
                "kubectl -n monitoring port-forward service/prometheus-operated 9090, then --prometheus http://localhost:9090"
            )
        return answer


def _why(error: RequestException) -> str:
    """The innermost reason: the outer ones repeat the address three times."""
    text = str(error)
    for known in ("Connection refused", "Name or service not known", "No route to host", "timed out"):
        if known in text:
            return known.lower()
    return type(error).__name__
