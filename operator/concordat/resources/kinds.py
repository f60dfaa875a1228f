"""
The kinds we build, and how each is spelled.
"""

from concordat.manifest import Kind

SERVICE_ACCOUNT = Kind(group="", version="v1", kind="ServiceAccount", plural="serviceaccounts", guard=True)
DEPLOYMENT = Kind(
    group="apps",
    version="v1",
    kind="Deployment",
    plural="deployments",
    born_by_apply=True,
    watched_whole=True,
    wave=1,
)
SERVICE = Kind(group="", version="v1", kind="Service", plural="services", wave=2, points_at=DEPLOYMENT.kind)
"""
Selects the pods of our Deployment. Where that cannot be ours, a Service that was to be adopted keeps leading to the pods it
leads to: taken over first, it would have no endpoints.
"""
AUTOSCALER = Kind(
    group="autoscaling",
    version="v2",
    kind="HorizontalPodAutoscaler",
    plural="horizontalpodautoscalers",
    wave=2,
    points_at=DEPLOYMENT.kind,
)
DISRUPTION_BUDGET = Kind(
    group="policy",
    version="v1",
    kind="PodDisruptionBudget",
    plural="poddisruptionbudgets",
    wave=2,
    points_at=DEPLOYMENT.kind,
)
NETWORK_POLICY = Kind(
    group="networking.k8s.io", version="v1", kind="NetworkPolicy", plural="networkpolicies", guard=True
)
"""
Points at nothing that could be a stranger's: it selects pods by a label that only the pods of this service carry, and it
must guard them whatever else is wrong.
"""
HTTP_ROUTE = Kind(
    group="gateway.networking.k8s.io",
    version="v1",
    kind="HTTPRoute",
    plural="httproutes",
    optional=True,
    wave=3,
    points_at=SERVICE.kind,
)
SERVICE_MONITOR = Kind(
    group="monitoring.coreos.com",
    version="v1",
    kind="ServiceMonitor",
    plural="servicemonitors",
    optional=True,
    wave=3,
    points_at=SERVICE.kind,
)
JOB = Kind(group="batch", version="v1", kind="Job", plural="jobs", born_by_apply=True, wave=2)
"""Its selector is defaulted and can never be changed: a POST would make it ours."""
CRON_JOB = Kind(group="batch", version="v1", kind="CronJob", plural="cronjobs", wave=2)
CONFIG_MAP = Kind(group="", version="v1", kind="ConfigMap", plural="configmaps", wave=2)
PROMETHEUS_RULE = Kind(
    group="monitoring.coreos.com",
    version="v1",
    kind="PrometheusRule",
    plural="prometheusrules",
    optional=True,
    wave=2,
)
ALERTMANAGER_CONFIG = Kind(
    group="monitoring.coreos.com",
    version="v1alpha1",
    kind="AlertmanagerConfig",
    plural="alertmanagerconfigs",
    optional=True,
    wave=2,
)
GRAFANA_DASHBOARD = Kind(
    group="grafana.integreatly.org",
    version="v1beta1",
    kind="GrafanaDashboard",
    plural="grafanadashboards",
    optional=True,
    wave=2,
)

OF_SERVICES = (
    SERVICE_ACCOUNT,
    SERVICE,
    NETWORK_POLICY,
    DEPLOYMENT,
    AUTOSCALER,
    DISRUPTION_BUDGET,
    HTTP_ROUTE,
    SERVICE_MONITOR,
    PROMETHEUS_RULE,
    CONFIG_MAP,
    GRAFANA_DASHBOARD,
    ALERTMANAGER_CONFIG,
)
"""What a Microservice becomes, in the order of creation: what guards a pod exists before the pod does."""

OF_CONTRACTS = (NETWORK_POLICY, CRON_JOB, JOB, GRAFANA_DASHBOARD, CONFIG_MAP)
"""What a ServiceContract becomes, likewise."""

ALL = tuple(dict.fromkeys((*OF_SERVICES, *OF_CONTRACTS)))
