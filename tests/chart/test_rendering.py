"""
What an installation consists of.
"""

import json
from typing import Any

import pytest
import yaml

from concordat import __version__
from concordat.facts import Platform
from concordat.reconcile.configuration import KNOWN, Configuration, read
from concordat.reconcile.settings import Settings
from concordat_lab.control_plane.controlplane import ControlPlane
from tests.chart.helm import CHART, DASHBOARD, EVERYTHING, MATRIX, NAMESPACE, Helm, of_kind, only
from tests.chart.pages import GENERATED, ROOT
from tests.conftest import kubectl


def test_it_is_the_version_of_the_package() -> None:
    """One release, one number."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())

    assert (__version__, __version__) == (chart["version"], chart["appVersion"])


def test_crds_are_those_of_the_repository(helm: Helm) -> None:
    """What is installed is what ``crds/`` holds, and stays when the release goes."""
    installed = {crd["metadata"]["name"]: crd for crd in of_kind(helm.manifests({}), "CustomResourceDefinition")}
    written = {crd["metadata"]["name"]: crd for crd in map(_yaml, sorted((ROOT / "crds").glob("*.yaml")))}

    assert {name: crd["spec"] for name, crd in written.items()} == {n: crd["spec"] for n, crd in installed.items()}
    assert {"keep"} == {crd["metadata"]["annotations"]["helm.sh/resource-policy"] for crd in installed.values()}


def test_crds_are_left_to_others_on_request(helm: Helm) -> None:
    """A second release in the same cluster must not fight over them."""
    assert [] == of_kind(helm.manifests(MATRIX["without CRDs"]), "CustomResourceDefinition")


def test_crds_go_with_the_release_on_request(helm: Helm) -> None:
    """``crds.keep: false`` is for throw-away clusters."""
    crds = of_kind(helm.manifests({"crds": {"keep": False}}), "CustomResourceDefinition")

    assert [None] * len(crds) == [crd["metadata"].get("annotations") for crd in crds]


@pytest.mark.parametrize("name", MATRIX)
def test_the_operators_pod_is_locked_down(helm: Helm, name: str) -> None:
    """Non-root, nothing writable, no capability, no token but its own, no service links."""
    pod = only(helm.manifests(MATRIX[name]), "Deployment")["spec"]["template"]["spec"]
    (container,) = pod["containers"]

    assert (True, 65532) == (pod["securityContext"]["runAsNonRoot"], pod["securityContext"]["runAsUser"])
    assert {"type": "RuntimeDefault"} == pod["securityContext"]["seccompProfile"]
    assert {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    } == container["securityContext"]
    assert False is pod["enableServiceLinks"]
    assert {"memory"} <= set(container["resources"]["limits"])


def test_replicas_are_kept_apart_and_up(helm: Helm) -> None:
    """Two replicas spread over nodes and zones, one of them always up."""
    manifests = helm.manifests({})
    deployment = only(manifests, "Deployment")

    assert 2 == deployment["spec"]["replicas"]
    assert 1 == only(manifests, "PodDisruptionBudget")["spec"]["maxUnavailable"]
    assert {"kubernetes.io/hostname", "topology.kubernetes.io/zone"} == {
        spread["topologyKey"] for spread in deployment["spec"]["template"]["spec"]["topologySpreadConstraints"]
    }


def test_one_replica_does_not_block_a_drain(helm: Helm) -> None:
    """A disruption budget over a single pod would only hold nodes up."""
    assert [] == of_kind(helm.manifests(MATRIX["one replica"]), "PodDisruptionBudget")


def test_selectors_find_the_pods(helm: Helm) -> None:
    """Service, disruption budget and network policy select what the Deployment makes, and nothing a user may change."""
    manifests = helm.manifests(EVERYTHING)
    deployment = only(manifests, "Deployment")
    selected = deployment["spec"]["selector"]["matchLabels"]

    assert selected.items() <= deployment["spec"]["template"]["metadata"]["labels"].items()
    services = of_kind(manifests, "Service")
    assert [selected] * 2 == [service["spec"]["selector"] for service in services]
    assert selected == only(manifests, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"]
    assert selected == only(manifests, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"]
    assert all(selected.items() <= service["metadata"]["labels"].items() for service in services)


def test_a_digest_wins_over_a_tag(helm: Helm) -> None:
    """Who pins the image gets what was pinned."""
    deployment = only(helm.manifests(MATRIX["image by digest"] | {}), "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]

    assert f"concordat-operator@sha256:{'1b' * 32}" == container["image"]


def test_namespaces_reach_the_operator(helm: Helm) -> None:
    """It watches what its Roles let it see."""
    assert ("shop", "billing") == _configured(helm, MATRIX["two namespaces"]).engine.namespaces
    assert () == _configured(helm, {}).engine.namespaces


def test_what_the_chart_shows_as_default_is_what_the_operator_takes_for_granted(helm: Helm) -> None:
    """One truth, wherever it is read."""
    assert Settings() == _configured(helm, {}).engine


def test_every_setting_reaches_the_operator(helm: Helm) -> None:
    """Each in its own words, read by the operator itself."""
    configured = _configured(
        helm,
        {
            "platform": {
                "gateway": {"namespace": "gateways", "name": "public", "pods": {"app": "traefik", "tier": "edge"}},
                "monitoring": {"namespace": "observability", "sampleLimit": 1100},
                "dns": {
                    "namespace": "dns",
                    "pods": {"k8s-app": None, "app": "dns"},
                    "addresses": ["10.11.12.13/32"],
                    "ports": [5353],
                },
                "clusterDomain": "example.internal",
                "privateNetworks": ["10.0.0.0/8"],
            },
            "workers": 11,
            "log": {"level": "debug", "format": "text"},
        },
    )

    assert (
        Configuration(
            engine=Settings(
                platform=Platform(
                    gateway_namespace="gateways",
                    gateway_name="public",
                    gateway_pods={"app": "traefik", "tier": "edge"},
                    monitoring_namespace="observability",
                    sample_limit=1100,
                    dns_namespace="dns",
                    dns_pods={"app": "dns"},
                    dns_addresses=("10.11.12.13/32",),
                    dns_ports=(5353,),
                    cluster_domain="example.internal",
                    private_networks=("10.0.0.0/8",),
                ),
                workers=11,
            ),
            lease_name="concordat",
            lease_namespace=NAMESPACE,
            identity="concordat-7f9c-x2b4k",
            webhook="concordat",
            webhook_hosts=(f"concordat-webhook.{NAMESPACE}.svc",),
            log_level="debug",
            log_format="text",
        )
        == configured
    )


KONNECTIVITY = {
    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
    "podSelector": {"matchLabels": {"k8s-app": "konnectivity-agent"}},
}
"""What the questions of a control plane outside of the cluster's network come through."""


def test_the_operator_s_ports_are_closed_by_default(helm: Helm) -> None:
    """Metrics name every contract and team: for the monitoring namespace alone."""
    metrics, webhook = only(helm.manifests({}), "NetworkPolicy")["spec"]["ingress"]

    assert [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}] == metrics["from"]
    assert [{"protocol": "TCP", "port": "http"}] == metrics["ports"]
    assert [{"protocol": "TCP", "port": "webhook"}] == webhook["ports"]


def test_a_certificate_can_be_demanded_of_the_api_server(helm: Helm, cluster: ControlPlane) -> None:
    """As the authority's own PEM; the operator reads it as it stands."""
    authority = (cluster.folder / "pki" / "ca.crt").read_text()
    configured = _configured(helm, {"webhook": {"clientCA": authority, "clientNames": ["kube-apiserver-webhooks"]}})

    assert (authority.strip(), ("kube-apiserver-webhooks",)) == (
        configured.webhook_client_ca,
        configured.webhook_client_names,
    )


@pytest.mark.controlplane
def test_the_webhook_is_open_to_where_the_cluster_says_its_api_server_is(helm: Helm, cluster: ControlPlane) -> None:
    """Looked up when helm installs: both families, and the port it listens on."""
    for family, address in (("IPv4", "10.21.22.23"), ("IPv6", "fd00::15")):
        kubectl(cluster, "apply", "--server-side", "-f", "-", stdin=json.dumps(_endpoints(family, address)))
    rendered = helm.run(
        *("template", "concordat", str(CHART), "--dry-run=server", f"--kubeconfig={cluster.kubeconfig}"), values={}
    )
    assert rendered.returncode == 0, rendered.stderr
    policy = only([one for one in yaml.safe_load_all(rendered.stdout) if one], "NetworkPolicy")["spec"]

    assert [
        {"ipBlock": {"cidr": "10.21.22.23/32"}},
        {"ipBlock": {"cidr": "fd00::15/128"}},
        KONNECTIVITY,
    ] == policy["ingress"][1]["from"]
    assert {443, 6443, 16443} == {port["port"] for port in policy["egress"][1]["ports"]}
    assert "to" not in policy["egress"][1]  # its addresses may change, and the operator must not be cut off


def _endpoints(family: str, address: str) -> dict[str, Any]:
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": f"kubernetes-{family.lower()}",
            "namespace": "default",
            "labels": {"kubernetes.io/service-name": "kubernetes"},
        },
        "addressType": family,
        "endpoints": [{"addresses": [address]}],
        "ports": [{"name": "https", "port": 16443, "protocol": "TCP"}],
    }


def test_the_webhook_is_asked_where_it_listens_and_under_the_name_it_shows(helm: Helm) -> None:
    """Configuration, Service, port, certificate and network policy belong together; only our two kinds are asked about."""
    manifests = helm.manifests(EVERYTHING)
    configured = only(manifests, "ValidatingWebhookConfiguration")
    (webhook,) = configured["webhooks"]
    asked = webhook["clientConfig"]["service"]
    (service,) = (s for s in of_kind(manifests, "Service") if s["metadata"]["name"] == asked["name"])
    (container,) = only(manifests, "Deployment")["spec"]["template"]["spec"]["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    operator = _configured(helm, EVERYTHING)
    opened = only(manifests, "NetworkPolicy")["spec"]["ingress"][1]

    assert operator.webhook == configured["metadata"]["name"]
    assert operator.webhook_hosts == (f"{asked['name']}.{asked['namespace']}.svc",)
    assert operator.webhook_port == ports[service["spec"]["ports"][0]["targetPort"]]
    assert asked["port"] == service["spec"]["ports"][0]["port"]
    assert [{"protocol": "TCP", "port": "webhook"}] == opened["ports"]
    assert [{"ipBlock": {"cidr": "10.11.12.13/32"}}, KONNECTIVITY] == opened["from"]
    assert operator.webhook_networks == ("10.11.12.13/32",)
    assert (webhook["failurePolicy"], webhook["timeoutSeconds"]) == ("Ignore", 3)
    assert [["microservices", "servicecontracts"]] == [rule["resources"] for rule in webhook["rules"]]


@pytest.mark.parametrize("values", [{"webhook": {"enabled": False}}, MATRIX["two namespaces"]])
def test_without_its_configuration_there_is_no_webhook(helm: Helm, values: dict[str, Any]) -> None:
    """Turned off, or without a right on what is the cluster's: nobody listens, and nothing is left over."""
    manifests = helm.manifests(values)
    (container,) = only(manifests, "Deployment")["spec"]["template"]["spec"]["containers"]

    assert [] == of_kind(manifests, "ValidatingWebhookConfiguration")
    assert ["http"] == [port["name"] for port in container["ports"]]
    assert "" == _configured(helm, values).webhook


def test_every_setting_of_the_operator_is_in_the_chart(helm: Helm) -> None:
    """A setting the chart forgot could not be set."""
    assert KNOWN == _environment(helm, {}).keys()


def test_nothing_in_the_values_is_nothing_in_the_operator(helm: Helm) -> None:
    """An empty list is one, not the default; labels are taken away by ``null``, because helm merges maps."""
    dns = {"addresses": [], "pods": None}
    platform = _configured(
        helm, {"platform": {"dns": dns, "privateNetworks": [], "metadataAddresses": []}}
    ).engine.platform

    assert ((), {}, (), ()) == (
        platform.dns_addresses,
        platform.dns_pods,
        platform.private_networks,
        platform.metadata_addresses,
    )


def test_everything_lands_in_the_releases_namespace_or_one_it_looks_after(helm: Helm) -> None:
    """No object without a namespace of its own, none elsewhere."""
    manifests = helm.manifests(MATRIX["everything on, two namespaces"])
    cluster_wide = of_kind(manifests, "CustomResourceDefinition")
    where = {manifest["metadata"]["namespace"] for manifest in manifests if manifest not in cluster_wide}

    assert {NAMESPACE, "shop", "billing"} == where


def test_the_dashboard_arrives_as_it_is(helm: Helm) -> None:
    """Helm's templating leaves Grafana's alone."""
    config = only(helm.manifests({"dashboard": {"enabled": True}}), "ConfigMap")
    (text,) = config["data"].values()

    assert json.loads(text) == DASHBOARD


def test_what_is_made_from_other_files_is_up_to_date() -> None:
    """Tables of values and rights, copies of the definitions: ``make generated`` writes them again."""
    outdated = [file for file, text in GENERATED.items() if (ROOT / file).read_text() != text()]
    copies = {path.name for path in (CHART / "files" / "crds").iterdir()}

    assert [] == outdated
    assert {path.name for path in (ROOT / "crds").glob("*.yaml")} == copies


def _configured(helm: Helm, values: dict[str, Any]) -> Configuration:
    return read(_environment(helm, values))


def _environment(helm: Helm, values: dict[str, Any]) -> dict[str, str]:
    """With what the kubelet would fill in."""
    deployment = only(helm.manifests(values), "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return {variable["name"]: variable.get("value", "concordat-7f9c-x2b4k") for variable in container["env"]}


def _yaml(path: Any) -> Any:
    return yaml.safe_load(path.read_text())
