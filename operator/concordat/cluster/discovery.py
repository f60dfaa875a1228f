"""
Which optional kinds the API server serves: Gateway API and prometheus-operator may come and go.

Asked of the aggregated discovery document rather than of CustomResourceDefinitions, because everybody who is logged in
may read it: an installation with Roles alone learns of new kinds the same way. An unchanged document is a 304 without
a body.
"""

from collections.abc import Iterable, Iterator

from concordat.cluster.connection.client import Client
from concordat.manifest import Kind, Object


class Discovery:
    """Remembers the last document, so that asking again is cheap."""

    def __init__(self, client: Client, optional: Iterable[Kind]) -> None:
        self._client = client
        self._optional = tuple(optional)
        self._etag = ""
        self._served: frozenset[Kind] = frozenset()

    async def served(self) -> frozenset[Kind]:
        """The optional kinds that exist now. Raises :exc:`~concordat.cluster.connection.failures.ApiError`."""
        document, self._etag = await self._client.discover(self._etag)
        if document is not None:
            resources = set(_resources(document))
            self._served = frozenset(
                kind for kind in self._optional if (kind.group, kind.version, kind.plural) in resources
            )
        return self._served


def _resources(document: Object) -> Iterator[tuple[str, str, str]]:
    for group in document.get("items") or ():
        for version in group.get("versions") or ():
            if version.get("freshness") == "Stale":
                continue
            for resource in version.get("resources") or ():
                yield group["metadata"].get("name", ""), version["version"], resource["resource"]
