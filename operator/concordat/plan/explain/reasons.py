"""
Why a field that nobody can change is what it is. Longest matching path wins; a test demands a reason for every field.
"""

_SELECTOR = "selects by one label of ours: selectors are immutable, and nobody's labels get into them"
_LABELS = "marks what belongs to the service and who manages it"
_OWNER = "deletes this object together with its Microservice"
_PEER = "the label by which the API server knows a namespace: nobody can forge it"

REASONS: dict[str, dict[str, str]] = {
    "*": {
        "apiVersion": "how Kubernetes spells this kind",
        "kind": "how Kubernetes spells this kind",
        "metadata.labels": _LABELS,
        "metadata.ownerReferences": _OWNER,
    },
    "ServiceAccount": {
        "automountServiceAccountToken": "a service that was broken into finds no credentials for the API server",
    },
    "Service": {
        "spec.type": "reachable inside the cluster only; the way in from outside is a route",
        "spec.selector": _SELECTOR,
        "spec.ports": "routes, health checks and metrics go over TCP",
        "spec.ports[concordat-main-port]": "the main port answers on 80 as well: the address follows from the name alone",
    },
    "NetworkPolicy": {
        "spec.podSelector": _SELECTOR,
        "spec.policyTypes": "closed both ways; what follows opens the declared edges and nothing else",
        "spec.ingress": "opened by a declared edge or for a lifeline: scraping, the gateway",
        "spec.egress": "opened by a declared edge or for a lifeline: name resolution over UDP and TCP",
    },
    "Deployment": {
        "spec.revisionHistoryLimit": "enough to see which images ran before; every kept ReplicaSet costs memory everywhere",
        "spec.progressDeadlineSeconds": "a rollout without progress for ten minutes is reported as stuck",
        "spec.selector": _SELECTOR,
        "spec.strategy": "a new pod is ready before an old one goes, a quarter of them at a time",
        "spec.template.metadata.labels": _LABELS,
        "spec.template.spec.automountServiceAccountToken": "no credentials for the API server inside the pod",
        "spec.template.spec.enableServiceLinks": "namespaces of more than about 1,200 Services could not start pods otherwise",
        "spec.template.spec.terminationGracePeriodSeconds": "5 s until no proxy sends requests any more, then 30 s to finish",
        "spec.template.spec.dnsConfig": "full names are looked up once instead of once per search domain",
        "spec.template.spec.securityContext": "Pod Security `restricted`; uid 65532 is `nonroot` of distroless images",
        "spec.template.spec.topologySpreadConstraints": "replicas keep apart over nodes and zones, each revision by itself",
        "spec.template.spec.volumes": "a place to write for a program on a read-only root, bounded",
        "spec.template.spec.containers[service].name": "there is one container",
        "spec.template.spec.containers[service].ports": "routes, health checks and metrics go over TCP",
        "spec.template.spec.containers[service].env": "who the service is, by OpenTelemetry's names; where its providers are",
        "spec.template.spec.containers[service].lifecycle": "serves on until every proxy knows it is leaving: loses no request",
        "spec.template.spec.containers[service].securityContext": "Pod Security `restricted`, and a read-only root",
        "spec.template.spec.containers[service].volumeMounts": "/tmp is writable",
    },
    "HorizontalPodAutoscaler": {
        "spec.scaleTargetRef": "scales the Deployment of this service",
        "spec.metrics": "utilization in percent of the request",
    },
    "PodDisruptionBudget": {
        "spec.maxUnavailable": "one replica at a time up to ten, then a tenth: counting the missing never blocks a drain",
        "spec.unhealthyPodEvictionPolicy": "broken pods never hold up the draining of a node",
        "spec.selector": _SELECTOR,
    },
    "HTTPRoute": {
        "spec.rules": "every path prefix of every host leads to one port",
    },
    "ServiceMonitor": {
        "spec.jobLabel": "the service's name becomes the job of its series",
        "spec.targetLabels": "series carry the team and the tier",
        "spec.podTargetLabels": "series carry the version of the pod they come from",
        "spec.selector": _SELECTOR,
        "spec.sampleLimit": "one service cannot fill Prometheus; the platform sets how many samples a pod may give",
        "spec.labelLimit": "one service cannot fill Prometheus with labels",
        "spec.labelNameLengthLimit": "one service cannot fill Prometheus with labels",
        "spec.labelValueLengthLimit": "one service cannot fill Prometheus with labels",
        "spec.bodySizeLimit": "one service cannot fill Prometheus's memory",
        "spec.endpoints": "read every 30 s: the windows of the alert rules are multiples of it",
    },
    "GrafanaDashboard": {
        "spec.allowCrossNamespaceImport": "Grafana is in another namespace",
    },
    "AlertmanagerConfig": {
        "spec.route": "one incident of a service is one notification; a page wakes, a ticket waits",
        "spec.inhibitRules": "the faster alert speaks for the slower, and what users feel for its cause",
        "spec.receivers": "a page wakes, a ticket waits",
    },
    "ConfigMap": {
        "metadata.labels.prometheus-rules": "by this label a sidecar or a projected volume finds rule files",
        "metadata.labels.grafana_dashboard": "by this label the sidecar of Grafana's chart finds dashboards",
    },
}

EXISTENCE = {
    "ServiceAccount": "every service has an identity of its own",
    "Service": "every service has a name and an address",
    "NetworkPolicy": "every service is closed but for what is declared",
    "Deployment": "every service has pods",
    "HorizontalPodAutoscaler": "the fewest and the most replicas differ",
    "PodDisruptionBudget": "there can be more than one replica",
    "HTTPRoute": "a route is declared",
    "ServiceMonitor": "metrics are read",
    "PrometheusRule": "every service has alerts",
    "GrafanaDashboard": "every service has a dashboard",
    "AlertmanagerConfig": "every service has alerts",
    "ConfigMap": "rule files and dashboards, where no operator for them is installed",
}


def reason(kind: str, path: str) -> str | None:
    """Why ``path`` of a child of that kind is what it is; None if nobody wrote it down."""
    for table in (REASONS.get(kind, {}), REASONS["*"]):
        known = [prefix for prefix in table if path == prefix or path.startswith((f"{prefix}.", f"{prefix}["))]
        if known:
            return table[max(known, key=len)]
    return None
