"""
``ServiceContract``: what an API is, who may use it and how it may change.
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, StringConstraints

from concordat.api.auth import Auth, Scopes
from concordat.api.conformance import Conformance
from concordat.api.objectives import ContractObjective
from concordat.api.schema.base import Check, Distinct, Schema, Transition, matching
from concordat.api.traffic import Access, Use
from concordat.api.values.scalars import DnsLabel, Key, ObjectName
from concordat.api.values.semver import SEMVER
from concordat.manifest import conventions

MOST_INLINE = 200 * 1024
"""
Bytes of a document inside the resource.

``kubectl apply`` keeps a copy of the whole resource in an annotation, and annotations hold 256 KiB.
"""


class ContractType(StrEnum):
    """The language the document is written in."""

    OPENAPI = "openapi"
    GRAPHQL = "graphql"
    ASYNCAPI = "asyncapi"


class Compatibility(StrEnum):
    """Which changes are no break."""

    BACKWARD = "backward"
    BACKWARD_TRANSITIVE = "backward-transitive"
    FORWARD = "forward"
    FORWARD_TRANSITIVE = "forward-transitive"
    FULL = "full"
    FULL_TRANSITIVE = "full-transitive"
    NONE = "none"


class State(StrEnum):
    """Where in its life a contract is."""

    DRAFT = "draft"
    ACTIVE = "active"
    DEPRECATED = "deprecated"
    RETIRED = "retired"


SemanticVersion = Annotated[
    str,
    StringConstraints(max_length=64),
    matching(SEMVER, "give a semantic version of three numbers, e.g. 1.4.0 or 2.0.0-rc.1"),
]


_MONTH_AND_DAY = "((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|[12][0-9]))"


def _written(value: Any) -> Any:
    """YAML 1.1 reads an unquoted date as one; the API server does not."""
    return value.isoformat() if type(value) is date else value


Day = Annotated[
    str,
    StringConstraints(max_length=10),
    matching(f"[0-9]{{4}}-{_MONTH_AND_DAY}", "give a day as year, month and day, e.g. 2027-06-30"),
    BeforeValidator(_written),
]


class Part(Schema):
    """One entry of a ConfigMap of this namespace."""

    name: ObjectName
    """Name of the ConfigMap."""
    key: Key
    """Key in its `data`, or in its `binaryData`, where it may be compressed with gzip."""


class Document(Schema):
    """Where the document is; YAML, JSON or SDL."""

    checks: ClassVar = (
        Check(
            cel="[has(self.inline), has(self.configMap), has(self.parts)].filter(x, x).size() == 1",
            holds=lambda document: [document.inline, document.config_map, document.parts].count(None) == 2,
            message="give exactly one of inline, configMap and parts",
        ),
    )

    inline: Annotated[str, StringConstraints(min_length=1, max_length=MOST_INLINE)] | None = None
    """The document itself, up to 200 KiB; `concordat contract push` puts larger ones into ConfigMaps."""
    config_map: Part | None = None
    """The ConfigMap that holds it."""
    parts: Annotated[tuple[Part, ...], Field(min_length=1, max_length=64)] | None = None
    """ConfigMaps that hold it in pieces, in this order, because one holds a mebibyte."""


class Lifecycle(Schema):
    """Where in its life the contract is, and how it ends."""

    checks: ClassVar = (
        Check(
            cel="!has(self.sunset) || (has(self.state) && self.state in ['deprecated', 'retired'])",
            holds=lambda life: life.sunset is None or life.state in (State.DEPRECATED, State.RETIRED),
            message="a sunset is the end of something deprecated: set state to deprecated, or leave it out",
            path=".sunset",
        ),
    )

    state: State = State.ACTIVE
    """Drafts bind nobody and may change at will; what is active keeps its promise; retired is the end."""
    sunset: Day | None = None
    """The day from which it may be retired (RFC 8594). It can be moved later, never earlier."""
    successor: ObjectName | None = None
    """Contract of this namespace to use instead."""


class ExternalConsumer(Schema):
    """Somebody outside the cluster who relies on the contract; counts like a running service."""

    name: DnsLabel
    """How to call them in messages."""
    uses: Annotated[tuple[Use, ...], Field(min_length=1, max_length=128), Distinct(by="operation")] | None = None
    """What they use; everything if left out."""
    scopes: Scopes | None = None
    """Scopes they ask their tokens for, as far as you know; `[]` for a token without any. Without it they send no token."""


class ServiceContractSpec(Schema):
    """What an API is, who may use it and how it may change."""

    checks: ClassVar = (
        Check(
            cel="!has(self.conformance) || self.type != 'asyncapi'",
            holds=lambda spec: spec.conformance is None or spec.type is not ContractType.ASYNCAPI,
            message="what messages a service sends cannot be tried by asking it (openapi and graphql can): leave conformance out",
            path=".conformance",
        ),
        Check(
            cel="!has(self.auth) || self.type != 'asyncapi'",
            holds=lambda spec: spec.auth is None or spec.type is not ContractType.ASYNCAPI,
            message="a broker sees no tokens of operations: leave auth out, and give each service its own account of the broker",
            path=".auth",
        ),
        Check(
            cel="!has(self.auth) || !has(self.auth.scopes) || size(self.auth.scopes) == 0 || self.type == 'openapi'",
            holds=lambda spec: spec.auth is None or not spec.auth.scopes or spec.type is ContractType.OPENAPI,
            message="scopes are demanded by method and path, which only OpenAPI documents tell: leave scopes out,"
            " so that every request wants a token",
            path=".auth",
        ),
    )
    transitions: ClassVar = (
        Transition(
            cel="self.type == oldSelf.type",
            holds=lambda old, new: old.type == new.type,
            message="the type of a contract stays: publish the other language under another name",
            path=".type",
        ),
    )

    type: ContractType
    """Language of the document: openapi (2.0, 3.0, 3.1), graphql (SDL), asyncapi (2.6, 3.0)."""
    version: SemanticVersion
    """Version of the contract; the same as the document's own, where it has one. Never goes back."""
    document: Document
    """Where the document is."""
    compatibility: Compatibility = Compatibility.BACKWARD
    """What a version without a major step must keep: consumers (`backward`), providers (`forward`), or both (`full`)."""
    lifecycle: Lifecycle = Lifecycle()
    """Where in its life it is."""
    access: Access = Access()
    """Who may consume it from other namespaces: consent to the network policies."""
    auth: Auth | None = None
    """Tokens every request must carry; none if left out. Comes into force once everybody who runs asks for them."""
    objectives: Annotated[tuple[ContractObjective, ...], Field(max_length=16), Distinct(by="name")] = ()
    """What its users may rely on: every Microservice that provides it is measured by it, and its team alerted."""
    external_consumers: Annotated[tuple[ExternalConsumer, ...], Field(max_length=64), Distinct(by="name")] = ()
    """Consumers this cluster does not see."""
    conformance: Conformance | None = None
    """How the running service is tried against it; not at all if left out."""


_STATE = "has(self.spec.lifecycle) && has(self.spec.lifecycle.state)"
_BEFORE = "has(oldSelf.status) && has(oldSelf.status.state)"
_SUNSET_BEFORE = "has(oldSelf.status) && has(oldSelf.status.sunset) && oldSelf.status.sunset != ''"


def _secrets_are_for_trials(contract: "ServiceContract") -> bool:
    """The operator cannot read who a Secret is meant for, so its name has to say it."""
    marked = f"{contract.name}-conformance"
    headers = contract.spec.conformance.headers if contract.spec.conformance else ()
    # A bare dash after the mark is no name; ObjectName forbids it.
    return all(header.secret.name == marked or header.secret.name.startswith(f"{marked}-") for header in headers)


class ServiceContract(Schema):
    """
    A ServiceContract with the part of its metadata that decides anything.

    Its life is compared with what is accepted, in the status, and not with the former spec: what was refused binds nobody,
    and must not keep people from going back.
    """

    checks: ClassVar = (
        Check(
            # No startsWith: its estimated cost grows with the name, whose length the API server takes for unbounded.
            cel="!has(self.spec.conformance) || !has(self.spec.conformance.headers)"
            " || self.spec.conformance.headers.all(h, h.secret.name == self.metadata.name + '-conformance'"
            " || (size(h.secret.name) > size(self.metadata.name) + 13"
            " && h.secret.name.substring(0, size(self.metadata.name)) == self.metadata.name"
            " && h.secret.name.substring(size(self.metadata.name), size(self.metadata.name) + 13) == '-conformance-'))",
            holds=_secrets_are_for_trials,
            message="a trial sends only Secrets made for it: call the Secret like the contract with -conformance after it,"
            " e.g. orders-api-conformance or orders-api-conformance-token",
            path=".spec.conformance.headers",
        ),
    )
    transitions: ClassVar = (
        Transition(
            cel=f"!({_BEFORE} && oldSelf.status.state == 'retired') || ({_STATE} && self.spec.lifecycle.state == 'retired')",
            holds=lambda status, spec: status.state != State.RETIRED or spec.lifecycle.state == State.RETIRED,
            message="a retired contract stays retired: publish it anew under another name",
            path=".spec.lifecycle",
        ),
        Transition(
            cel=f"!({_BEFORE} && !(oldSelf.status.state in ['', 'draft'])) || !({_STATE} && self.spec.lifecycle.state == 'draft')",
            holds=lambda status, spec: status.state in ("", State.DRAFT) or spec.lifecycle.state != State.DRAFT,
            message="others may rely on what was active: it cannot become a draft again; deprecate it instead",
            path=".spec.lifecycle",
        ),
        Transition(
            cel=f"!({_SUNSET_BEFORE}) || !has(self.spec.lifecycle) || !has(self.spec.lifecycle.sunset)"
            " || self.spec.lifecycle.sunset >= oldSelf.status.sunset",
            holds=lambda status, spec: (
                not status.sunset or spec.lifecycle.sunset is None or spec.lifecycle.sunset >= status.sunset
            ),
            message="consumers plan with the sunset: it can be moved later or taken back, never earlier",
            path=".spec.lifecycle",
        ),
    )

    name: ObjectName
    namespace: DnsLabel
    uid: str = ""
    generation: int = 0
    paused: bool = False
    break_glass: str = ""
    """Why a break is let through this once; empty when it is not."""
    spec: ServiceContractSpec

    @classmethod
    def of_metadata(cls, metadata: Mapping[str, Any]) -> dict[str, Any]:
        """What else of a Kubernetes object's metadata decides something."""
        found = metadata.get("annotations")
        annotations = found if isinstance(found, dict) else {}
        return {
            "paused": annotations.get(conventions.ANNOTATION_PAUSED) == "true",
            "break_glass": annotations.get(conventions.ANNOTATION_BREAK_GLASS) or "",
        }

    @property
    def reference(self) -> str:
        """``namespace/name``."""
        return f"{self.namespace}/{self.name}"
