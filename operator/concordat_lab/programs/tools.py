"""
The programs of a cluster, and the pinned Go modules they come from. Versions stand in each ``go.mod`` and nowhere else.
"""

import hashlib
import platform
import re
from dataclasses import dataclass, field
from pathlib import Path

from concordat_lab.machine import paths

STATIC = ("-s", "-w")
KUBERNETES_TAGS = ("selinux", "notest", "grpcnotrace")
"""Upstream's own (hack/lib/golang.sh); the last two let the linker drop dead code: 376 MB become 291."""


@dataclass(frozen=True, kw_only=True)
class Tool:
    """One Go module under ``tools/`` and the programs built from it."""

    name: str
    module: str
    """Whose version is the tool's."""
    programs: dict[str, str]
    """Program -> package to build, in the order to build them."""
    tags: tuple[str, ...] = ()
    data: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """File to make -> patterns of the YAML files of the module that are joined into it."""

    @property
    def files(self) -> tuple[str, ...]:
        """Everything the tool's folder in the cache holds."""
        return (*self.programs, *self.data)

    @property
    def folder(self) -> Path:
        return paths.tools() / self.name

    @property
    def version(self) -> str:
        """As in ``go.mod``: ``v1.36.4``; ``v0`` for a program of our own."""
        return self.pinned(self.module) or "v0"

    def pinned(self, module: str) -> str:
        """The version of ``module`` in this tool's ``go.mod``; empty when it is not there."""
        required = rf"^(?:require )?\s*{re.escape(module)} (v\S+)"
        found = re.search(required, (self.folder / "go.mod").read_text(), re.MULTILINE)
        return found[1] if found else ""

    @property
    def key(self) -> str:
        """Names one exact content: version, every pinned sum, our own source, the processor."""
        digest = hashlib.sha256()
        for file in sorted(self.folder.iterdir()):
            if file.suffix in {".mod", ".sum", ".go"}:
                digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
        return f"{self.name}-{self.version}-{architecture()}-{digest.hexdigest()[:12]}"

    @property
    def cached(self) -> Path:
        return paths.cache() / "binaries" / self.key

    def ldflags(self) -> tuple[str, ...]:
        if self.name == "helm":
            return (*STATIC, f"-X {self.module}/internal/version.version={self.version}")
        if self.name == "prometheus":
            return (*STATIC, f"-X github.com/prometheus/common/version.Version={prometheus_release(self.version)}")
        if self.name != "kubernetes":
            return STATIC
        return (*STATIC, *_version_stamp(self.version))


TOOLS = {
    tool.name: tool
    for tool in (
        Tool(
            name="kubernetes",
            module="k8s.io/kubernetes",
            tags=KUBERNETES_TAGS,
            programs={
                **{
                    name: f"k8s.io/kubernetes/cmd/{name}"
                    for name in (
                        "kube-apiserver",
                        "kube-controller-manager",
                        "kube-scheduler",
                        "kubelet",
                        "kube-proxy",
                        "kubectl",
                    )
                },
                "etcd": "go.etcd.io/etcd/server/v3",
                "etcdctl": "go.etcd.io/etcd/etcdctl/v3",
            },
        ),
        Tool(name="coredns", module="github.com/coredns/coredns", programs={"coredns": "."}),
        Tool(name="kube-router", module="github.com/cloudnativelabs/kube-router/v2", programs={"kube-router": "."}),
        Tool(
            name="kwok",
            module="sigs.k8s.io/kwok",
            programs={"kwok": "sigs.k8s.io/kwok/cmd/kwok"},
            data={
                "stages.yaml": (
                    "kustomize/stage/node/fast/node-*.yaml",
                    "kustomize/stage/node/heartbeat-with-lease/node-*.yaml",
                    "kustomize/stage/pod/fast/pod-*.yaml",
                )
            },
        ),
        Tool(name="pause", module="concordat.dev/tools/pause", programs={"pause": "."}),
        Tool(
            name="gateway-api",
            module="sigs.k8s.io/gateway-api",
            programs={},
            data={"gateway-api.yaml": ("config/crd/standard/*.yaml",)},
        ),
        Tool(
            name="prometheus-operator",
            module="github.com/prometheus-operator/prometheus-operator",
            programs={},
            data={
                "prometheus-operator.yaml": (
                    "example/prometheus-operator-crd/*_servicemonitors.yaml",
                    "example/prometheus-operator-crd/*_prometheusrules.yaml",
                    "example/prometheus-operator-crd/*_alertmanagerconfigs.yaml",
                )
            },
        ),
        Tool(
            name="grafana-operator",
            module="github.com/grafana/grafana-operator/v5",
            programs={},
            data={"grafana-operator.yaml": ("config/crd/bases/*_grafanadashboards.yaml",)},
        ),
        Tool(name="helm", module="helm.sh/helm/v4", programs={"helm": "helm.sh/helm/v4/cmd/helm"}),
        Tool(
            name="prometheus",
            module="github.com/prometheus/prometheus",
            # Without the clouds' service discoveries, which are most of its dependencies. Built so, it has no pages.
            tags=("remove_all_sd", "enable_kubernetes_sd"),
            programs={name: f"github.com/prometheus/prometheus/cmd/{name}" for name in ("promtool", "prometheus")},
        ),
        Tool(name="history", module="github.com/prometheus/prometheus", programs={"history": "."}),
    )
}

TOOL_OF = {file: tool for tool in TOOLS.values() for file in tool.files}


def architecture() -> str:
    """In Go's words: ``amd64``, ``arm64``."""
    machine = platform.machine()
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)


def prometheus_release(version: str) -> str:
    """The release a version of its module is: ``3.16.0`` for ``v0.316.0``."""
    _, minor, patch = version.removeprefix("v").split(".")
    return f"{int(minor) // 100}.{int(minor) % 100}.{patch}"


def _version_stamp(version: str) -> tuple[str, ...]:
    """Without it the programs call themselves v0.0.0-master and every semver check on them fails."""
    major, minor, *_ = version.removeprefix("v").split(".")
    values = {
        "gitVersion": version,
        "gitMajor": major,
        "gitMinor": minor,
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
    }
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    return tuple(f"-X {package}.{name}={value}" for package in packages for name, value in values.items())
