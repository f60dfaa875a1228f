"""
The operator's whole configuration: environment variables called ``CONCORDAT_*``, nothing else.

    CONCORDAT_NAMESPACES            look after these only, comma-separated; all when empty
    CONCORDAT_GATEWAY               the Gateway of routes that name none, namespace/name
    CONCORDAT_GATEWAY_PODS          labels of the gateway's pods, a=b,c=d
    CONCORDAT_MONITORING_NAMESPACE  where Prometheus scrapes from
    CONCORDAT_DNS_NAMESPACE         where the cluster's DNS pods are
    CONCORDAT_DNS_PODS              their labels, a=b,c=d
    CONCORDAT_DNS_ADDRESSES         resolvers that are no pods, networks, comma-separated
    CONCORDAT_DNS_PORTS             ports resolvers listen on, comma-separated
    CONCORDAT_CLUSTER_DOMAIN        DNS suffix of the cluster
    CONCORDAT_PRIVATE_NETWORKS      networks that are not the Internet, comma-separated
    CONCORDAT_METADATA_ADDRESSES    instance metadata no service may reach, networks, comma-separated
    CONCORDAT_CLUSTER_NETWORKS      networks of pods, Services, nodes and the API server, comma-separated; closed to egress
    CONCORDAT_TOKEN_ISSUERS         issuers inside the cluster that contracts may name, comma-separated
    CONCORDAT_MONITORING_LABELS     labels prometheus-operator's Prometheus selects by, a=b,c=d
    CONCORDAT_SAMPLE_LIMIT          samples of one pod that Prometheus takes at most; 0 for no limit
    CONCORDAT_GRAFANA_URL           where people reach Grafana, for the links of alerts
    CONCORDAT_GRAFANA_INSTANCES     labels of the Grafanas that get dashboards from grafana-operator, a=b,c=d
    CONCORDAT_RUNBOOKS_URL          folder of the runbooks, for the links of alerts
    CONCORDAT_OTLP_ENDPOINT         where services send traces, http://NAME.NAMESPACE:4318
    CONCORDAT_TRACES_URL            Jaeger, for the links of dashboards
    CONCORDAT_LOGS_URL              logs, for the links of dashboards; {namespace} and {service} are replaced
    CONCORDAT_ALERTS_URL            webhook of alerts; {team} and {severity} are replaced
    CONCORDAT_CONFORMANCE_IMAGE     what tries services against their contracts; nothing is tried without it
    CONCORDAT_LEASE_NAME            elect a leader by this Lease; without it there is no election
    CONCORDAT_LEASE_NAMESPACE       its namespace; the pod's own when empty
    CONCORDAT_IDENTITY              who we are in the election; the host name when empty
    CONCORDAT_HTTP_PORT             health and metrics; 8080
    CONCORDAT_WORKERS               Microservices reconciled at the same time; 8
    CONCORDAT_WEBHOOK               our ValidatingWebhookConfiguration; without it nothing is asked at admission
    CONCORDAT_WEBHOOK_HOSTS         names and addresses it calls us by, comma-separated
    CONCORDAT_WEBHOOK_PORT          where we listen for it; 9443
    CONCORDAT_WEBHOOK_CLIENT_CA     authority, PEM, of the certificate that the API server must show us; none is asked for when empty
    CONCORDAT_WEBHOOK_CLIENT_NAMES  common names of such certificates, comma-separated; any that the authority signed when empty
    CONCORDAT_WEBHOOK_NETWORKS      networks the API server asks from, comma-separated; whoever asks from elsewhere is told less
    CONCORDAT_LOG_LEVEL             debug, info, warning, error; info
    CONCORDAT_LOG_FORMAT            text or json; text

What is not set has its default. Networks, labels and namespaces that are set to nothing are none.
"""

import os
import re
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_network

from concordat.errors import InvalidInput, Problem
from concordat.facts import Platform
from concordat.reconcile.settings import Settings

PREFIX = "CONCORDAT_"


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """How this operator runs."""

    engine: Settings
    lease_name: str = ""
    lease_namespace: str = ""
    identity: str = ""
    http_port: int = 8080
    webhook: str = ""
    webhook_hosts: tuple[str, ...] = ()
    webhook_port: int = 9443
    webhook_client_ca: str = ""
    webhook_client_names: tuple[str, ...] = ()
    webhook_networks: tuple[str, ...] = ()
    log_level: str = "info"
    log_format: str = "text"


KNOWN = frozenset(line.split()[0] for line in (__doc__ or "").splitlines() if line.startswith(f"    {PREFIX}"))


OTHERS = frozenset({"CONCORDAT_BINARIES", "CONCORDAT_PROVIDER", "CONCORDAT_LOAD_IMAGE"})
"""The local cluster's, which stand in the same shell."""


def read(environ: Mapping[str, str] = os.environ) -> Configuration:
    """
    From environment variables.

    Raises :exc:`InvalidInput` with one problem per variable that is misspelt or cannot be used.
    """
    stated = {name: value.strip() for name, value in environ.items() if name.startswith(PREFIX) and name not in OTHERS}
    problems = [
        Problem(path=name, message=f"there is no such setting; possible are {', '.join(sorted(KNOWN))}")
        for name in sorted(stated.keys() - KNOWN)
    ]
    given = _Reader(stated, problems)
    gateway_namespace, _, gateway_name = given.text("GATEWAY", "gateway-system/concordat").rpartition("/")
    defaults = Platform()
    platform = replace(
        defaults,
        gateway_namespace=gateway_namespace or defaults.gateway_namespace,
        gateway_name=gateway_name,
        gateway_pods=given.labels("GATEWAY_PODS", defaults.gateway_pods),
        monitoring_namespace=given.text("MONITORING_NAMESPACE", defaults.monitoring_namespace),
        dns_namespace=given.text("DNS_NAMESPACE", defaults.dns_namespace),
        dns_pods=given.labels("DNS_PODS", defaults.dns_pods),
        dns_addresses=given.networks("DNS_ADDRESSES", defaults.dns_addresses),
        dns_ports=given.numbers("DNS_PORTS", defaults.dns_ports),
        cluster_domain=given.text("CLUSTER_DOMAIN", defaults.cluster_domain),
        private_networks=given.networks("PRIVATE_NETWORKS", defaults.private_networks),
        metadata_addresses=given.networks("METADATA_ADDRESSES", defaults.metadata_addresses),
        cluster_networks=given.networks("CLUSTER_NETWORKS", defaults.cluster_networks),
        token_issuers=given.texts("TOKEN_ISSUERS") or (),
        monitoring_labels=given.labels("MONITORING_LABELS", defaults.monitoring_labels),
        sample_limit=given.count("SAMPLE_LIMIT", defaults.sample_limit),
        grafana_url=given.url("GRAFANA_URL", defaults.grafana_url),
        grafana_instances=given.labels("GRAFANA_INSTANCES", defaults.grafana_instances),
        runbooks_url=given.url("RUNBOOKS_URL", defaults.runbooks_url),
        otlp_endpoint=given.address("OTLP_ENDPOINT", defaults.otlp_endpoint),
        traces_url=given.url("TRACES_URL", defaults.traces_url),
        logs_url=given.url("LOGS_URL", defaults.logs_url),
        alerts_url=given.url("ALERTS_URL", defaults.alerts_url),
        conformance_image=given.text("CONFORMANCE_IMAGE", defaults.conformance_image),
    )
    configuration = Configuration(
        engine=Settings(
            platform=platform,
            namespaces=given.texts("NAMESPACES") or (),
            workers=given.numbers("WORKERS", (Settings().workers,), least=1)[0],
        ),
        lease_name=given.text("LEASE_NAME", ""),
        lease_namespace=given.text("LEASE_NAMESPACE", ""),
        identity=given.text("IDENTITY", socket.gethostname()),
        http_port=given.numbers("HTTP_PORT", (8080,))[0],
        webhook=given.text("WEBHOOK", ""),
        webhook_hosts=given.texts("WEBHOOK_HOSTS") or (),
        webhook_port=given.numbers("WEBHOOK_PORT", (9443,))[0],
        webhook_client_ca=given.authority("WEBHOOK_CLIENT_CA"),
        webhook_client_names=given.texts("WEBHOOK_CLIENT_NAMES") or (),
        webhook_networks=given.networks("WEBHOOK_NETWORKS", ()),
        log_level=given.choice("LOG_LEVEL", "info", ("debug", "info", "warning", "error")),
        log_format=given.choice("LOG_FORMAT", "text", ("text", "json")),
    )
    if configuration.webhook and not configuration.webhook_hosts:
        message = "is empty, and the webhook's certificate needs a name: give the host of its clientConfig"
        problems.append(Problem(path=f"{PREFIX}WEBHOOK_HOSTS", message=message))
    if configuration.webhook_client_names and not configuration.webhook_client_ca:
        message = "are names of certificates, and none is asked for: give CONCORDAT_WEBHOOK_CLIENT_CA as well"
        problems.append(Problem(path=f"{PREFIX}WEBHOOK_CLIENT_NAMES", message=message))
    if problems:
        raise InvalidInput(tuple(problems))
    return configuration


_SERVICE = re.compile(r"https?://[a-z][a-z0-9-]*[.][a-z0-9-]+([.][a-z0-9.-]+)?:[0-9]{1,5}/?")
_URL = re.compile(r"https?://[^\s\"'<>\\]+")


class _Reader:
    """Values by name without their prefix; complaints are collected, so that all of them are seen at once."""

    def __init__(self, values: Mapping[str, str], problems: list[Problem]) -> None:
        self._values = values
        self._problems = problems

    def text(self, name: str, default: str) -> str:
        """No name is empty: nothing stated and stated to be nothing are the same."""
        return self._values.get(PREFIX + name) or default

    def texts(self, name: str) -> tuple[str, ...] | None:
        """``None`` when it is not set, which is not the same as none."""
        if PREFIX + name not in self._values:
            return None
        parts = (part.strip() for part in self._values[PREFIX + name].split(","))
        return tuple(part for part in parts if part)

    def choice(self, name: str, default: str, possible: tuple[str, ...]) -> str:
        value = self.text(name, default).lower()
        if value not in possible:
            self._complain(name, f"{value} is not possible here: give one of {', '.join(possible)}")
            return default
        return value

    def url(self, name: str, default: str) -> str:
        """A link people follow, or a webhook: nothing else than HTTP."""
        value = self.text(name, default)
        if value and not _URL.fullmatch(value):
            self._complain(
                name, f"{value}: give an address like https://grafana.example.com, without spaces and quotes"
            )
            return default
        return value

    def address(self, name: str, default: str) -> str:
        """A Service of this cluster: the network policy opens the way to its namespace."""
        value = self.text(name, default)
        if value and not _SERVICE.fullmatch(value):
            self._complain(name, f"{value}: give a Service of this cluster like http://collector.monitoring:4318")
            return default
        return value

    def authority(self, name: str) -> str:
        """Certificates in PEM. One that cannot be read must not be taken for none: then everybody would be let in."""
        value = self.text(name, "")
        try:
            if value:
                ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(cadata=value)
        except (ssl.SSLError, ValueError):
            self._complain(name, "is no certificate: give the authority in PEM, as in the file --client-ca-file names")
            return ""
        return value

    def numbers(self, name: str, default: tuple[int, ...], *, least: int = 0) -> tuple[int, ...]:
        texts = self.texts(name)
        if texts is None:
            return default
        if not texts or not all(text.isdigit() and least <= int(text) <= 65535 for text in texts):
            self._complain(name, f"{', '.join(texts) or 'nothing'}: give whole numbers from {least} to 65535")
            return default
        return tuple(map(int, texts))

    def count(self, name: str, default: int) -> int:
        value = self.text(name, str(default))
        if not (value.isascii() and value.isdigit() and len(value) <= 9):
            self._complain(name, f"{value}: give a whole number, 0 for no limit")
            return default
        return int(value)

    def networks(self, name: str, default: tuple[str, ...]) -> tuple[str, ...]:
        texts = self.texts(name)
        try:
            return default if texts is None else tuple(str(ip_network(text)) for text in texts)
        except ValueError as error:
            self._complain(name, f"{error}: give networks like 10.0.0.0/8")
            return default

    def labels(self, name: str, default: Mapping[str, str]) -> Mapping[str, str]:
        texts = self.texts(name)
        if texts is None:
            return default
        pairs = [text.partition("=") for text in texts]
        if not all(key and separator for key, separator, _ in pairs):
            self._complain(name, "give labels like k8s-app=kube-dns, comma-separated")
            return default
        return {key: value for key, _, value in pairs}

    def _complain(self, name: str, message: str) -> None:
        self._problems.append(Problem(path=PREFIX + name, message=message))
