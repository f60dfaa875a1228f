"""
What a refused request means.
"""

from collections.abc import Mapping
from typing import Any

from concordat.errors import ConcordatError

LONGEST_PAUSE = 60.0
"""Seconds. Whoever asks us to stay away for longer is asked again all the same: nobody tells that it is over sooner."""


class ApiError(ConcordatError):
    """
    The API server answered with an error, or not at all (``status`` 0).

    :ivar status: HTTP status code.
    :ivar reason: CamelCase reason of the ``Status`` object, e.g. ``AlreadyExists``; may be empty.
    :ivar message: for people; names the object and the rule.
    :ivar causes: reasons of ``Status.details.causes``.
    :ivar retry_after: seconds the server asks us to stay away, a minute at most; 0 if it does not say.
    """

    def __init__(
        self, status: int, message: str, *, reason: str = "", causes: tuple[str, ...] = (), retry_after: float = 0.0
    ) -> None:
        super().__init__(f"{status} {reason}: {message}" if reason else f"{status}: {message}")
        self.status = status
        self.reason = reason
        self.message = message
        self.causes = causes
        self.retry_after = retry_after

    @classmethod
    def from_status(cls, code: int, body: Any, *, retry_after: float = 0.0) -> "ApiError":
        """From a ``metav1.Status``, or whatever a proxy sent in its place."""
        if not isinstance(body, Mapping):
            return cls(code, str(body)[:500], retry_after=min(retry_after, LONGEST_PAUSE))
        details = body.get("details") or {}
        return cls(
            code,
            body.get("message") or "",
            reason=body.get("reason") or "",
            causes=tuple(cause.get("reason") or "" for cause in details.get("causes") or ()),
            retry_after=min(retry_after or float(details.get("retryAfterSeconds") or 0), LONGEST_PAUSE),
        )

    @property
    def already_exists(self) -> bool:
        return self.status == 409 and self.reason == "AlreadyExists"

    @property
    def conflicting(self) -> bool:
        """Somebody else was faster: a precondition on uid or resourceVersion did not hold."""
        return self.status == 409 and self.reason != "AlreadyExists"

    @property
    def not_found(self) -> bool:
        return self.status == 404

    @property
    def expired(self) -> bool:
        """The resourceVersion is older than the server's history: list again."""
        return self.status == 410

    @property
    def invalid(self) -> bool:
        """The same request will be refused for ever."""
        return self.status in (400, 422)

    @property
    def forbidden(self) -> bool:
        return self.status == 403

    @property
    def unauthorised_kind(self) -> bool:
        """RBAC refuses it, as opposed to an admission plugin (quota, Pod Security) that answers 403 as well."""
        return self.status == 403 and " cannot " in self.message and " in API group " in self.message

    @property
    def namespace_ending(self) -> bool:
        """Nothing can be created where everything is being deleted."""
        return "NamespaceTerminating" in self.causes

    @property
    def transient(self) -> bool:
        """Time will help: the server is away, busy or failing."""
        return self.status in (0, 408, 429) or self.status >= 500
