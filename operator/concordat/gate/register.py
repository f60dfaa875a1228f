"""
What a cluster knows of its contracts, as data: accepted versions, and who uses what of them.

``concordat contract export`` writes it, so that CI asks the gate's question without a cluster.
"""

import base64
import gzip
import re
import zlib
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from concordat.api import AcceptedAuth, Compatibility, ServiceContract, State
from concordat.errors import InvalidInput, Problem
from concordat.facts.tokens import Token
from concordat.gate.authorization import tokens_of_external
from concordat.gate.decision import Case, InForce
from concordat.gate.question import Assessment, Question

Usages = dict[str, dict[str, tuple[str, ...] | None] | None]
"""By consumer: operations with what is read of each answer; ``None`` for all of it, or for everything."""

MOST_UNPACKED = 64 * 1024 * 1024
"""Bytes of one version; a megabyte of gzip may hold a thousand."""


class _Plain(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Accepted(_Plain):
    """One accepted version of a contract."""

    version: str
    digest: str
    packed: str
    """The normal form, gzip in base64: as the cluster keeps it."""

    @property
    def document(self) -> str:
        """The normal form. Raises :exc:`InvalidInput` for what is not one."""
        unpacking = zlib.decompressobj(wbits=31)
        try:
            text = unpacking.decompress(base64.b64decode(self.packed, validate=True), MOST_UNPACKED)
            if unpacking.unconsumed_tail or not unpacking.eof:
                raise _unusable(f"version {self.version} has more than {MOST_UNPACKED // 2**20} MiB, or is cut off")
            return text.decode()
        except (ValueError, zlib.error) as error:
            raise _unusable(f"version {self.version} is damaged ({error}): export it again") from error


def pack(normal: str) -> str:
    """A normal form as :attr:`Accepted.packed` holds it."""
    return base64.b64encode(gzip.compress(normal.encode(), mtime=0)).decode()


class Published(_Plain):
    """What binds of one contract, and whom."""

    type: str
    compatibility: Compatibility = Compatibility.BACKWARD
    state: str = ""
    """As accepted: draft, active, deprecated or retired; empty before the first version."""
    sunset: str = ""
    successor: str = ""
    versions: tuple[Accepted, ...] = ()
    """Oldest first; the last one is in force."""
    usages: Usages = {}
    auth: AcceptedAuth | None = None
    """The tokens it demands; null where it demands none."""
    tokens: dict[str, tuple[Token | None, ...]] = {}
    """By consumer, which tokens its pods ask for: null for none."""
    draft: Accepted | None = None
    """The version of a draft: it binds nobody, and is what the next one would be compared with if it did."""

    def as_if_in_force(self, next_version: str) -> "Published":
        """
        What a draft would be if it bound.

        A draft may change without a step of its version: then what it was counts as a pre-release of what it becomes.
        """
        if self.draft is None:
            return self
        same = self.draft.version == next_version
        before = f"{re.split('[-+]', next_version)[0]}-0.draft" if same else self.draft.version
        kept = self.draft.model_copy(update={"version": before})
        return self.model_copy(update={"versions": (kept,), "state": State.ACTIVE.value, "draft": None})

    @property
    def in_force(self) -> InForce:
        """For the decision."""
        return InForce(
            versions=tuple((each.version, each.digest) for each in self.versions),
            state=self.state,
            sunset=self.sunset,
            auth=self.auth,
        )

    def version(self, wanted: str | None) -> Accepted | None:
        """The version of that name; the one in force for ``None``."""
        found = [each for each in self.versions if wanted in (None, each.version)]
        return found[-1] if found else None

    def question(self, contract: ServiceContract, document: str) -> Question:
        """What to ask about ``document`` as the next version."""
        known = self.in_force.digest_of(contract.spec.version) is not None
        transitive = contract.spec.compatibility.value.endswith("-transitive")
        before = self.versions if transitive else self.versions[-1:]
        return Question(
            document=document,
            format=contract.spec.type.value,
            new=not known,
            before=() if known else tuple(each.document for each in before),
            compatibility=contract.spec.compatibility,
            usages={} if known else self.usages_with(contract),
            scopes=contract.spec.auth.scopes if contract.spec.auth else None,
        )

    def usages_with(self, contract: ServiceContract) -> Usages:
        """Of the services that run, and of the external consumers ``contract`` names."""
        external: Usages = {
            each.name: None if each.uses is None else {use.operation: use.reads for use in each.uses}
            for each in contract.spec.external_consumers
        }
        running = {name: uses for name, uses in self.usages.items() if "/" in name}
        return external | running

    def case(self, contract: ServiceContract, assessment: Assessment) -> Case:
        """What is to be decided about it."""
        usages = self.usages_with(contract)
        tokens = {name: found for name, found in self.tokens.items() if "/" in name}
        return Case(
            contract=contract,
            in_force=self.in_force,
            assessment=assessment,
            users=tuple(sorted(usages)),
            usages=usages,
            tokens=tokens | tokens_of_external(contract, self.auth),
        )


class Register(_Plain):
    """All contracts of a cluster, or of some of its namespaces."""

    format: Literal["concordat.dev/contracts/1"] = "concordat.dev/contracts/1"
    contracts: dict[str, Published] = Field(default_factory=dict)
    """By ``namespace/name``."""

    @classmethod
    def parse(cls, text: bytes | str) -> "Register":
        """Raises :exc:`InvalidInput` for what ``concordat contract export`` did not write."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the file"
            raise _unusable(f"{where}: {first['msg']}; write it with `concordat contract export`") from None

    def find(self, reference: str) -> Published | None:
        """What is known of ``namespace/name``."""
        return self.contracts.get(reference)


def _unusable(message: str) -> InvalidInput:
    return InvalidInput((Problem(path="", message=message),))
