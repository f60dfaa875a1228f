"""The files containerd, CNI and kubelet read. Pure: values in, text out."""

import json
from pathlib import Path
from typing import Any

from concordat_lab.node.network import BRIDGE
from concordat_lab.node.spec import CONTAINERD_SOCKET, KUBELET, PAUSE_IMAGE, RUN, NodeSpec


def containerd(spec: NodeSpec, *, cni: Path, cni_configuration: Path, snapshotter: str) -> str:
    """
    Version 2 of containerd's configuration.

    ``restrict_oom_score_adj``: without CAP_SYS_RESOURCE a negative score cannot be written, and every sandbox would die
    with "can't get final child's PID from pipe".
    """
    return f"""version = 2
root = "{spec.containerd}"
state = "{RUN}/containerd"

[grpc]
  address = "{CONTAINERD_SOCKET}"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE_IMAGE}"
  enable_selinux = false
  disable_apparmor = true
  restrict_oom_score_adj = true

  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "{snapshotter}"
    default_runtime_name = "runc"

    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"

      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false

  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{cni}"
    conf_dir = "{cni_configuration}"
"""


def cni(spec: NodeSpec) -> str:
    """One bridge for all pods; a pod reaches itself through its Service (hairpin)."""
    return json.dumps(
        {
            "cniVersion": "0.4.0",
            "name": "pods",
            "plugins": [
                {
                    "type": "bridge",
                    "bridge": BRIDGE,
                    "isGateway": True,
                    "ipMasq": True,
                    "hairpinMode": True,
                    "ipam": {
                        "type": "host-local",
                        "ranges": [[{"subnet": spec.network.node_pods}]],
                        "routes": [{"dst": "0.0.0.0/0"}],
                    },
                },
                {"type": "portmap", "capabilities": {"portMappings": True}},
            ],
        },
        indent=2,
    )


def kubelet(spec: NodeSpec) -> str:
    address = spec.network.bridge
    configuration: dict[str, Any] = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": address,  # the default is every interface
        "healthzBindAddress": "127.0.0.1",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": f"{spec.pki}/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "clusterDNS": [spec.network.dns],
        "clusterDomain": "cluster.local",
        "resolvConf": f"{RUN}/resolv.conf",  # empty: nothing of the host's resolver reaches a pod
        "containerRuntimeEndpoint": f"unix://{CONTAINERD_SOCKET}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{spec.cgroup}",
        "failCgroupV1": False,  # the default refuses such machines since 1.35
        "failSwapOn": False,
        "enforceNodeAllocatable": ["pods"],
        "makeIPTablesUtilChains": False,
        "podLogsDir": f"{spec.folder}/pod-logs",
        "volumePluginDir": f"{KUBELET}/volume-plugins",
        "maxPods": 200,
        # The disk is shared with everything else on this machine, and a removed image could not be pulled again.
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {
            "memory.available": "100Mi",
            "nodefs.available": "0%",
            "nodefs.inodesFree": "0%",
            "imagefs.available": "0%",
            "imagefs.inodesFree": "0%",
        },
    }
    return json.dumps(configuration, indent=2)
