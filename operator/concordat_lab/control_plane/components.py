"""
Every flag of every component, as values. Nothing is started here.

Traps each of these flags avoids stand beside it; the sources are the components' own ``--help`` of the pinned version.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from concordat_lab.control_plane.audit import MEGABYTES_BEFORE_ROTATION

Command = Sequence[str]

CLIENT_RATE = ("--kube-api-qps=300", "--kube-api-burst=600")
"""The default of 20 a second caps every mass test: 500 pods take exactly 25 s."""


@dataclass(frozen=True, kw_only=True)
class ControlPlanePlan:
    """Where one control plane listens and keeps its files."""

    binaries: Mapping[str, Path]
    pki: Path
    kubeconfigs: Path
    etcd_data: Path
    audit_policy: Path
    audit_log: Path
    admission: Path
    """AdmissionConfiguration: who the API server says it is to the webhooks it asks."""
    api_host: str
    api_port: int
    etcd_port: int
    etcd_peer_port: int
    manager_port: int
    scheduler_port: int
    service_cidr: str
    pod_cidr: str
    advertise: bool
    """Write ``api_host`` into the Service ``kubernetes``; not possible for a loopback address."""
    fsync: bool
    """Whether etcd waits for the disk, as in production; tests need no such thing."""
    autoscaler_sync_seconds: int

    @property
    def api_url(self) -> str:
        return f"https://{self.api_host}:{self.api_port}"

    @property
    def etcd_url(self) -> str:
        return f"http://127.0.0.1:{self.etcd_port}"

    def kubeconfig(self, identity: str) -> Path:
        return self.kubeconfigs / f"{identity}.kubeconfig"


def etcd(plan: ControlPlanePlan) -> Command:
    peer = f"http://127.0.0.1:{plan.etcd_peer_port}"
    return (
        str(plan.binaries["etcd"]),
        "--name=lab",
        f"--data-dir={plan.etcd_data}",
        f"--listen-client-urls={plan.etcd_url}",
        f"--advertise-client-urls={plan.etcd_url}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=lab={peer}",
        *(() if plan.fsync else ("--unsafe-no-fsync",)),
    )


def kube_apiserver(plan: ControlPlanePlan) -> Command:
    pki = plan.pki
    return (
        str(plan.binaries["kube-apiserver"]),
        f"--etcd-servers={plan.etcd_url}",
        f"--bind-address={plan.api_host}",
        f"--secure-port={plan.api_port}",
        f"--advertise-address={plan.api_host}",
        *(() if plan.advertise else ("--endpoint-reconciler-type=none",)),
        f"--tls-cert-file={pki}/apiserver.crt",
        f"--tls-private-key-file={pki}/apiserver.key",
        f"--client-ca-file={pki}/ca.crt",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
        f"--service-cluster-ip-range={plan.service_cidr}",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={pki}/service-account.pub",
        f"--service-account-signing-key-file={pki}/service-account.key",
        f"--requestheader-client-ca-file={pki}/front-proxy-ca.crt",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={pki}/front-proxy-client.crt",
        f"--proxy-client-key-file={pki}/front-proxy-client.key",
        "--kubelet-preferred-address-types=InternalIP,Hostname",
        f"--kubelet-client-certificate={pki}/kubelet-client.crt",
        f"--kubelet-client-key={pki}/kubelet-client.key",
        f"--admission-control-config-file={plan.admission}",
        f"--audit-policy-file={plan.audit_policy}",
        f"--audit-log-path={plan.audit_log}",
        f"--audit-log-maxsize={MEGABYTES_BEFORE_ROTATION}",
    )


def kube_controller_manager(plan: ControlPlanePlan) -> Command:
    return (
        str(plan.binaries["kube-controller-manager"]),
        # An administrator's certificate: with credentials of their own, every controller first waits for a token (3.8 s).
        *_identified(plan, "admin"),
        "--use-service-account-credentials=false",
        "--bind-address=127.0.0.1",
        f"--secure-port={plan.manager_port}",
        "--leader-elect=false",
        f"--root-ca-file={plan.pki}/ca.crt",
        f"--service-account-private-key-file={plan.pki}/service-account.key",
        f"--cluster-signing-cert-file={plan.pki}/ca.crt",
        f"--cluster-signing-key-file={plan.pki}/ca.key",
        "--allocate-node-cidrs=true",
        f"--cluster-cidr={plan.pod_cidr}",
        f"--horizontal-pod-autoscaler-sync-period={plan.autoscaler_sync_seconds}s",
        *CLIENT_RATE,
    )


def kube_scheduler(plan: ControlPlanePlan) -> Command:
    return (
        str(plan.binaries["kube-scheduler"]),
        *_identified(plan, "kube-scheduler"),
        "--bind-address=127.0.0.1",
        f"--secure-port={plan.scheduler_port}",
        "--leader-elect=false",
        *CLIENT_RATE,
    )


CONTROL_PLANE = {
    "etcd": etcd,
    "kube-apiserver": kube_apiserver,
    "kube-controller-manager": kube_controller_manager,
    "kube-scheduler": kube_scheduler,
}
"""In the order they start; they end in the other order."""


def _identified(plan: ControlPlanePlan, identity: str) -> Command:
    file = plan.kubeconfig(identity)
    return (f"--kubeconfig={file}", f"--authentication-kubeconfig={file}", f"--authorization-kubeconfig={file}")
