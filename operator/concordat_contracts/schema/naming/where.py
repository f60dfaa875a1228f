"""Where in a contract a schema stands: decides the words of a finding, and how its instances travel."""

from dataclasses import dataclass
from enum import StrEnum


class Surface(StrEnum):
    """The place of a schema in an API, with the word that oasdiff's rule ids use for it."""

    BODY = "body"
    """Of a request, a response or a message."""
    PARAMETER = "parameter"
    """In a path, a query or a cookie: its scalars travel as text."""
    REQUEST_HEADER = "header"
    """A header parameter of a request."""
    RESPONSE_HEADER = "response-header"
    DOCUMENT = "document"
    """A plain JSON Schema: exactly the instances a validator accepts, nothing assumed about who sends them."""


@dataclass(frozen=True, kw_only=True)
class Where:
    """
    ``Where(surface=Surface.BODY, location="POST /payments 201")``; findings add the path inside the instance: ``$.state``.
    """

    surface: Surface
    location: str = ""
    path: str = "$"
    textual: bool | None = None
    """Whether scalars travel as text; by default so for parameters and headers (not for those with ``content``)."""

    @property
    def is_api(self) -> bool:
        """Whether senders are taken to send only what they declare."""
        return self.surface is not Surface.DOCUMENT

    @property
    def is_textual(self) -> bool:
        if self.textual is not None:
            return self.textual
        return self.surface in (Surface.PARAMETER, Surface.REQUEST_HEADER, Surface.RESPONSE_HEADER)

    def at(self, path: str) -> str:
        """The location of a finding: ``POST /payments 201 $.state``."""
        inside = f"{self.path}{path}"
        return f"{self.location} {inside}".strip() if self.location else inside


PLAIN = Where(surface=Surface.DOCUMENT)
