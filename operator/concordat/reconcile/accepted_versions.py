"""
The accepted versions of one contract: that each is still kept where its status says, and what is done where one is not.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from concordat.api import AcceptedVersion, ServiceContract
from concordat.api.contract_status import MOST_VERSIONS
from concordat.cluster.children import Child, Children
from concordat.cluster.connection.client import Client
from concordat.cluster.connection.failures import ApiError
from concordat.errors import Problem
from concordat.reconcile.document_store import Kept, Library
from concordat.resources import kinds
from concordat.world.contracts import Known

logger = logging.getLogger(__name__)

MOST_STORED = 16
"""Accepted versions that are kept whole. Only the one in force is compared with, unless compatibility is transitive: then
all are kept but the oldest of :data:`concordat.api.contract_status.MOST_VERSIONS`. Of older ones the digest stays."""

FromSpec = Callable[[AcceptedVersion], Awaitable[bytes | None]]
"""The packed normal form of a version, if the spec holds its document."""


@dataclass(frozen=True, kw_only=True)
class Past:
    """What is known of them now."""

    versions: tuple[AcceptedVersion, ...] = ()
    """Each with the ConfigMap that holds it; with none for a version that is no longer kept whole."""
    problems: tuple[Problem, ...] = ()


class Stores:
    """The ConfigMaps of accepted versions, seen through the watch that the children have anyway."""

    def __init__(self, client: Client, library: Library, children: Children) -> None:
        self._client = client
        self._library = library
        self._children = children

    async def looked_after(self, known: Known, contract: ServiceContract, from_spec: FromSpec) -> Past:
        """
        Write again what was deleted or altered, from memory or from the spec; delete what is older than is kept.

        Without a request as long as everything is in place.
        """
        versions, problems = [], []
        count = len(known.status.versions)
        transitive = is_transitive(contract)
        most = MOST_VERSIONS - 1 if transitive else MOST_STORED
        for index, version in enumerate(known.status.versions):
            if not version.config_map or await self._in_place(known, version):
                too_old = version.config_map and index < count - most
                versions.append(await self._given_up(known, version) if too_old else version)
                continue
            again = await self._written_again(known, contract, version, from_spec)
            if again is not None:
                versions.append(again)
            elif transitive or index == count - 1:
                versions.append(version)
                problems.append(Problem(path="status.versions", message=lost(version), severity="warning"))
            else:
                versions.append(version.model_copy(update={"config_map": ""}))
        return Past(versions=tuple(versions), problems=tuple(problems))

    def record(self, namespace: str, kept: Kept) -> None:
        """Our own write, known before the watch tells it."""
        store = self._children.store(kinds.CONFIG_MAP, namespace)
        if store is not None:
            store.record(kept.found)

    async def _in_place(self, known: Known, version: AcceptedVersion) -> bool:
        if self._find(known, version) is not None:
            return True
        return await self._library.stored(known.key.namespace, version) is not None

    async def _written_again(
        self, known: Known, contract: ServiceContract, version: AcceptedVersion, from_spec: FromSpec
    ) -> AcceptedVersion | None:
        packed = self._library.remembered(known.key.namespace, version.digest)
        if packed is None and contract.spec.version == version.version:
            packed = await from_spec(version)
        if packed is None:
            return None
        kept = await self._library.keep(contract, version.version, version.digest, packed)
        self.record(known.key.namespace, kept)
        logger.warning("%s: the ConfigMap of version %s was gone and is written again", known.key, version.version)
        return version.model_copy(update={"config_map": kept.name})

    async def _given_up(self, known: Known, version: AcceptedVersion) -> AcceptedVersion:
        found = self._find(known, version)
        if found is not None and found.controller_uid == known.uid:
            try:
                await self._client.delete(kinds.CONFIG_MAP, known.key.namespace, version.config_map, uid=found.uid)
            except ApiError as error:
                if not (error.not_found or error.conflicting):
                    raise
        return version.model_copy(update={"config_map": ""})

    def _find(self, known: Known, version: AcceptedVersion) -> Child | None:
        return self._children.find(kinds.CONFIG_MAP, known.key.namespace, version.config_map)


def is_transitive(contract: ServiceContract) -> bool:
    """Every accepted version is compared with, not only the one in force."""
    return contract.spec.compatibility.value.endswith("-transitive")


def lost(version: AcceptedVersion) -> str:
    """That a version is kept nowhere, and the way out."""
    return (
        f"version {version.version} was accepted, and its document is kept nowhere any more: ConfigMap {version.config_map}"
        f" was deleted or holds something else. Publish {version.version} with its document again, and it is written anew; or"
        " let the next version through with the annotation concordat.dev/break-glass"
    )
