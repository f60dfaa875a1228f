"""
What we must know of the world to decide: read before, never during.

Everything here is a value. Time, if it matters, is a fact as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from concordat.api import AcceptedAuth, Microservice
from concordat.api.objectives import ContractObjective
from concordat.facts.networks import closed, outside_issuer
from concordat.facts.tokens import Lack, Token
from concordat.manifest import ChildKey
from concordat.manifest.conventions import RUNBOOKS


@dataclass(frozen=True, kw_only=True)
class Platform:
    """How this cluster is set up: the operator's own configuration, the same for every service."""

    gateway_namespace: str = "gateway-system"
    gateway_name: str = "concordat"
    gateway_pods: Mapping[str, str] = field(default_factory=dict)
    """Labels of the gateway's pods; empty lets in every pod of the gateway's namespace."""
    monitoring_namespace: str = "monitoring"
    """Namespace Prometheus scrapes from."""
    dns_namespace: str = "kube-system"
    dns_pods: Mapping[str, str] = field(default_factory=lambda: {"k8s-app": "kube-dns"})
    dns_addresses: tuple[str, ...] = ("169.254.20.10/32",)
    """Resolvers that are no pods: node-local DNS, or a resolver on the node itself. Networks in CIDR notation."""
    dns_ports: tuple[int, ...] = (53,)
    """Where resolvers listen. Policies see the pod's port, not the Service's: 5353 on OpenShift."""
    cluster_domain: str = "cluster.local"
    private_networks: tuple[str, ...] = (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "100.64.0.0/10",
        "fc00::/7",
        "fe80::/10",
    )
    """What ``egress.host`` does not open besides instance metadata: every network that is not public."""
    metadata_addresses: tuple[str, ...] = ("169.254.169.254/32", "fd00:ec2::254/128", "168.63.129.16/32")
    """
    The cloud's instance metadata, which hands out the node's credentials: closed inside every ``egress``.

    That of most clouds, the IPv6 one of AWS, and Azure's WireServer, which is a public address.
    """
    cluster_networks: tuple[str, ...] = ()
    """Networks of pods, Services and nodes, and the API server's addresses: closed inside every ``egress``."""
    token_issuers: tuple[str, ...] = ()
    """Issuers inside the cluster that contracts may name; those outside need no entry."""
    monitoring_labels: Mapping[str, str] = field(default_factory=dict)
    """Labels by which prometheus-operator's Prometheus selects what is meant for it."""
    sample_limit: int = 20_000
    """Samples of one pod at most; what offers more is not scraped at all. 0 for no limit."""
    grafana_url: str = ""
    """Where people reach Grafana: alerts link to its dashboards."""
    grafana_instances: Mapping[str, str] = field(default_factory=lambda: {"dashboards": "grafana"})
    """Labels of the Grafanas that grafana-operator gives the dashboards to."""
    runbooks_url: str = RUNBOOKS
    """Folder of the runbooks: ``<runbooks>/<alert>``."""
    otlp_endpoint: str = ""
    """Where services send their traces: OTLP over HTTP, a Service of this cluster, ``http://NAME.NAMESPACE:4318``."""
    traces_url: str = ""
    """Jaeger's address, for links from dashboards."""
    logs_url: str = ""
    """Address of the logs, in which ``{namespace}`` and ``{service}`` are replaced."""
    conformance_image: str = ""
    """What tries services against their contracts; empty when this platform has none."""
    alerts_url: str = ""
    """Webhook of alerts, in which ``{team}`` and ``{severity}`` are replaced; empty leaves routing to Alertmanager's own file."""

    @property
    def closed_networks(self) -> tuple[str, ...]:
        """What no ``egress`` opens, in every form in which it can be addressed."""
        return closed((*self.metadata_addresses, *self.cluster_networks))

    def allows_issuer(self, issuer: str) -> bool:
        """Whether pods are led to it: a public host, or one of ``token_issuers``."""
        return issuer in self.token_issuers or outside_issuer(issuer, self.cluster_domain)


@dataclass(frozen=True, kw_only=True)
class Provider:
    """A service another one may consume, as far as its consumer may know it."""

    name: str
    namespace: str
    object_name: str
    """Name of its Service, which is shortened where Kubernetes wants it."""
    ports: Mapping[str, tuple[int, str]]
    """Number and transport protocol by port name; without the metrics port, unless it is the only one."""
    promise: Decimal | None = None
    """Percent of its requests that it promises to serve, the strictest where it promises twice; None for no promise."""
    takes: Decimal = Decimal(0)
    """Seconds its own hard calls may take one after the other, every attempt of each; those without a timeout not counted."""


@dataclass(frozen=True, kw_only=True)
class Retried:
    """What one call to a provider may become beneath it."""

    times: int
    """Calls at the far end, at most."""
    way: tuple[str, ...]
    """From the provider to there, as far as the consumer may know it."""
    circular: bool = False
    """Calls come back to a service they have been at, and are tried again on the way: ``times`` is the least they may become."""


@dataclass(frozen=True, kw_only=True)
class Consumer:
    """A service that consumes this one, with our consent."""

    name: str
    namespace: str
    ports: tuple[str, ...] = ()
    """Port names it asked for; empty for all."""


@dataclass(frozen=True, kw_only=True)
class Missing:
    """Something a consumer declares to use that a contract does not offer."""

    operation: str
    field: str | None
    """What it reads of the answer; ``None`` where the operation itself is not there."""
    message: str


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A contract, as far as those may know it who consume or provide it."""

    reference: str
    """``namespace/name``."""
    version: str = ""
    """In force; empty as long as none is."""
    state: str = ""
    sunset: str = ""
    successor: str = ""
    refused: str = ""
    """Why the version in its spec is not in force; empty when it is."""
    unknown: tuple[Missing, ...] = ()
    """Of what this service declares to use."""
    over_http: bool = True
    """Its operations are requests, not messages of a broker."""
    auth: AcceptedAuth | None = None
    """The tokens it demands; ``None`` where it demands none."""
    token: Token | None = None
    """What this service asks for, as it declares; ``None`` where it asks for none, or nobody knows yet where."""
    lacking: tuple[Lack, ...] = ()
    """Of what is demanded for what this service uses."""
    lacking_soon: tuple[Lack, ...] = ()
    """Of what will be, once everybody asks for it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ObservedChild:
    """What the cache knows of a child that exists and is ours."""

    uid: str
    resource_version: str
    applied_hash: str = ""
    """Our annotation: digest of the manifest as last written."""
    fingerprint: str = ""
    """Digest of the fields we own there now; see :mod:`concordat.cluster.ownership`."""
    paused: bool = False
    owns_replicas: bool = False
    """A Deployment whose ``spec.replicas`` is in our managed fields."""


@dataclass(frozen=True, kw_only=True)
class WorkloadState:
    """What a Deployment says of its rollout."""

    replicas: int = 0
    """Wanted, ``spec.replicas``."""
    ready: int = 0
    updated: int = 0
    available: int = 0
    generation: int = 0
    observed_generation: int = 0
    stuck: str = ""
    """Message of ``Progressing=False``."""
    failure: str = ""
    """Message of ``ReplicaFailure=True``: quota, Pod Security."""
    total: int = 0
    """Pods that exist, old ones included, ``status.replicas``."""
    revision: str = ""
    """Which template it is, counted by Kubernetes."""

    @property
    def rolled_out(self) -> bool:
        """Every pod is of the latest template. Scaling is no rollout."""
        return self.observed_generation >= self.generation and self.updated > 0 and self.total <= self.updated


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything a plan for one Microservice may depend on besides the Microservice itself."""

    platform: Platform = field(default_factory=Platform)
    installed: frozenset[str] = frozenset()
    """Optional kinds the API server serves, e.g. ``HTTPRoute``, ``ServiceMonitor``."""
    providers: Mapping[str, Provider] = field(default_factory=dict)
    """By the reference as the consumer wrote it; what is missing here does not exist, or must look as if."""
    consumers: tuple[Consumer, ...] = ()
    indispensable: frozenset[str] = frozenset()
    """
    References of known providers it cannot work without, and who can work without it: on a cycle, services would silence
    each other's alerts, and nobody would be told.
    """
    retried: Mapping[str, Retried] = field(default_factory=dict)
    """Of what it tries again, what is tried again beneath as well: by the reference as it was written."""
    offers: Mapping[str, Offer] = field(default_factory=dict)
    """Contracts it consumes, by the reference as it was written; without those nobody has published as a resource."""
    provided: Mapping[str, Offer] = field(default_factory=dict)
    """Contracts it provides, by name."""
    relied_on: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Contracts it provided and no longer does, though nobody else does: with who relies on them."""
    promised: Mapping[str, tuple[ContractObjective, ...]] = field(default_factory=dict)
    """What the contracts it provides promise their users, by the contract's name."""
    taken_hosts: Mapping[str, str] = field(default_factory=dict)
    """Hosts we claim that another Microservice holds, with its ``namespace/name``."""
    children: Mapping[ChildKey, ObservedChild] = field(default_factory=dict)
    workload: WorkloadState | None = None


@dataclass(frozen=True, kw_only=True)
class ContractFacts:
    """Everything a plan for one ServiceContract may depend on besides the ServiceContract itself."""

    platform: Platform = field(default_factory=Platform)
    installed: frozenset[str] = frozenset()
    """As in :class:`Facts`."""
    version: str = ""
    """In force; empty as long as none is."""
    document: str = ""
    """ConfigMap that holds the version in force."""
    provider: Provider | None = None
    """Whom its consumers reach."""
    rollout: str = ""
    """What the provider runs, wholly rolled out; empty while that changes."""
    providers: tuple[Microservice, ...] = ()
    """Who provides it, the oldest first."""
    consumers: tuple[Consumer, ...] = ()
    """Who consumes it, with its consent."""
