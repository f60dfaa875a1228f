"""kind's configuration. That kind accepts it is shown where Docker is; here, that it says what it should."""

from pathlib import Path

import yaml

from concordat_lab.providers.kind import configuration

FLAGS = {"audit-log-path", "audit-policy-file"}


def test_the_audit_log_is_asked_for_in_both_versions_of_kubeadm() -> None:
    """v1beta3 takes a map of flags, v1beta4 a list: kind picks by the version of Kubernetes."""
    [node] = configuration(Path("/state"))["nodes"]
    arguments = {
        patch["apiVersion"]: patch["apiServer"]["extraArgs"]
        for patch in map(yaml.safe_load, node["kubeadmConfigPatches"])
    }

    assert FLAGS == set(arguments["kubeadm.k8s.io/v1beta3"])
    assert FLAGS == {argument["name"] for argument in arguments["kubeadm.k8s.io/v1beta4"]}


def test_what_the_api_server_writes_is_mounted_out() -> None:
    """Every path of a flag lies under a mount of the node, and under one of the API server's pod."""
    [node] = configuration(Path("/state"))["nodes"]
    patch = yaml.safe_load(node["kubeadmConfigPatches"][0])["apiServer"]
    from_host = [mount["containerPath"] for mount in node["extraMounts"]]
    into_pod = [volume["mountPath"] for volume in patch["extraVolumes"]]

    for path in patch["extraArgs"].values():
        assert any(path.startswith(mount) for mount in from_host)
        assert any(path.startswith(mount) for mount in into_pod)
