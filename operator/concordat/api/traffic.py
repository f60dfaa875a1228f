"""
Who talks to whom: consumed services, consent, the world outside, routes from it.
"""

import re
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, Strict, StringConstraints

from concordat.api.auth import Scopes
from concordat.api.schema.base import Check, Distinct, Schema, matching, without_nulls
from concordat.api.values.duration import seconds
from concordat.api.values.scalars import (
    DnsLabel,
    Duration,
    Host,
    LabelKey,
    LabelValue,
    Network,
    PathPrefix,
    PortName,
    PortNumber,
    Protocol,
    Reference,
)
from concordat.api.values.semver import RANGE


class Use(Schema):
    """One operation of a contract that a consumer calls."""

    # No rules here: inside lists of lists the API server finds them too costly; what is not there the gate says anyway.
    operation: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    """Its operationId, or method and path: `GET /payments/{id}`; in GraphQL `Query.payment`; a channel's operation."""
    reads: (
        Annotated[
            tuple[Annotated[str, StringConstraints(min_length=1, max_length=256)], ...],
            Field(min_length=1, max_length=64),
            Distinct(),
        ]
        | None
    ) = None
    """What of the answer it reads: `id`, `items[].sku`; everything if left out."""


class Consumption(Schema):
    """Another service this one calls: opens the network policy on both sides and injects its URL."""

    checks: ClassVar = (
        Check(
            cel="has(self.service) != has(self.contract)",
            holds=lambda use: (use.service is None) != (use.contract is None),
            message="give exactly one of service and contract",
        ),
        Check(
            cel="has(self.contract) || !(has(self.version) || has(self.uses))",
            holds=lambda use: bool(use.contract) or (use.version is None and use.uses is None),
            message="version and uses speak of a contract: name it with contract instead of service",
        ),
        Check(
            cel="has(self.contract) || !has(self.scopes)",
            holds=lambda use: bool(use.contract) or use.scopes is None,
            message="scopes are what a contract demands: name it with contract instead of service",
            path=".scopes",
        ),
    )

    service: Reference | None = None
    """A Microservice: `name`, or `namespace/name`."""
    contract: Reference | None = None
    """A contract some Microservice provides: `name`, or `namespace/name`."""
    ports: Annotated[tuple[PortName, ...], Field(max_length=8), Distinct()] = ()
    """Names of the provider's ports; all but its metrics port if left out."""
    criticality: Literal["hard", "soft", "async"] = "hard"
    """What happens without it: nothing works (`hard`, whose page silences ours), something is missing, or it comes later."""
    timeout: Duration | None = None
    """How long one attempt may take, e.g. `800ms`: injected as `<NAME>_TIMEOUT_SECONDS`, which the service's client keeps."""
    retries: Annotated[int, Strict(), Field(ge=0, le=10)] | None = None
    """How often a failed call is tried again: injected as `<NAME>_RETRIES`, which the service's client keeps."""
    version: (
        Annotated[
            str,
            StringConstraints(max_length=128),
            matching(RANGE, 'give a range of versions, bounds apart by one space, e.g. ">=1.2 <2"'),
        ]
        | None
    ) = None
    """Versions of the contract it was written for, e.g. `">=1.2 <2"`; any if left out."""
    uses: Annotated[tuple[Use, ...], Field(min_length=1, max_length=128), Distinct(by="operation")] | None = None
    """Operations it calls; everything if left out, so that every break of the contract concerns it."""
    scopes: Scopes | None = None
    """
    Scopes it asks its tokens for where the contract demands tokens: injected with issuer and audience as `<NAME>_TOKEN_SCOPES`,
    `_ISSUER`, `_AUDIENCE`. `[]` for a token without any; without it, it sends none.
    """

    @property
    def reference(self) -> str:
        """What was asked for, as it was written."""
        return self.service or self.contract or ""

    @property
    def attempts(self) -> int:
        """How often one call is made at most."""
        return 1 + (self.retries or 0)

    @property
    def limit(self) -> Decimal | None:
        """``timeout`` in seconds."""
        return None if self.timeout is None else seconds(self.timeout)

    @property
    def patience(self) -> Decimal | None:
        """Seconds one call may take, all attempts together; None where nothing limits it."""
        return None if self.limit is None else self.limit * self.attempts

    @property
    def settings(self) -> dict[str, str]:
        """What of the environment says how it is called, by the name of the variable."""
        found = {}
        if self.limit is not None:
            found[injected_variable(self.reference, "timeout_seconds")] = f"{self.limit.normalize():f}"
        if self.retries is not None:
            found[injected_variable(self.reference, "retries")] = f"{self.retries}"
        return found

    @property
    def token_variables(self) -> tuple[str, ...]:
        """Names of the variables that say which token to ask for; none where it asks for none."""
        names = ("token_issuer", "token_audience", "token_scopes") if self.scopes is not None else ()
        return tuple(injected_variable(self.reference, name) for name in names)


def injected_variable(reference: str, what: str = "url") -> str:
    """Name of the variable that holds the URL of what is consumed: ``PAYMENTS_URL`` for ``payments/payments``."""
    name = reference.rpartition("/")[2]
    return re.sub("[^A-Z0-9]", "_", f"{'_' if name[0].isdigit() else ''}{name}_{what}".upper())


class Access(Schema):
    """Who may consume this service from elsewhere; its own namespace always may."""

    namespaces: Annotated[tuple[DnsLabel, ...], Field(max_length=64), Distinct()] = ()
    """Namespaces whose services may call this one."""


class Egress(Schema):
    """Something outside the platform's services that this one calls."""

    checks: ClassVar = (
        Check(
            cel="[has(self.host), has(self.cidr), has(self.pods)].filter(x, x).size() == 1",
            holds=lambda egress: [egress.host, egress.cidr, egress.pods].count(None) == 2,
            message="give exactly one of host, cidr and pods",
        ),
    )

    host: Host | None = None
    """A public host. Network policies know addresses only: this opens the port to every public address."""
    cidr: Network | None = None
    """A network, e.g. `10.20.0.0/16`."""
    pods: (
        Annotated[
            dict[str, LabelValue],
            Field(min_length=1, max_length=8),
            Check(
                cel=f'self.all(key, size(key) <= 253 && key.matches(r"^(?:{LabelKey})$"))',
                holds=lambda pods: all(len(key) <= 253 and re.fullmatch(LabelKey, key) for key in pods),
                message="a label's key is a name with an optional prefix, e.g. app or app.kubernetes.io/name",
            ),
            BeforeValidator(without_nulls),
        ]
        | None
    ) = None
    """Labels of pods of this namespace that no Microservice describes, e.g. a database."""
    port: PortNumber
    """Port to reach there."""
    protocol: Protocol = "TCP"
    """Transport protocol."""


class Gateway(Schema):
    """The Gateway that carries the route; the platform's own if left out."""

    name: DnsLabel
    """Name of the Gateway."""
    namespace: DnsLabel | None = None
    """Its namespace; the service's own if left out."""
    section_name: DnsLabel | None = None
    """Listener of the Gateway; all if left out."""


class Routing(Schema):
    """How the world outside the cluster gets in."""

    provider: Literal["gateway-api"] = "gateway-api"
    """What carries the route."""
    hosts: Annotated[tuple[Host, ...], Field(min_length=1, max_length=16), Distinct()]
    """Host names; who holds one keeps it, whoever claims it later."""
    paths: Annotated[tuple[PathPrefix, ...], Field(min_length=1, max_length=16), Distinct()] = ("/",)
    """Path prefixes."""
    port: PortName | None = None
    """Name of the port that serves them; the main port if left out."""
    gateway: Gateway | None = None
    """The Gateway to attach to."""
