"""
One change for every property of ``spec`` in the CRD's schema; a test compares the list with the schema.
"""

from typing import Any

BASE: dict[str, Any] = {
    "team": "checkout",
    "tier": "standard",
    "image": "registry.example.com/shop/orders:1.4.2",
    "args": ["--verbose"],
    "ports": {
        "http": {"port": 8080},
        "grpc": {"port": 7000, "appProtocol": "kubernetes.io/h2c"},
        "metrics": {"port": 9090},
    },
    "health": {"probes": {name: {"path": f"/{name}", "periodSeconds": 11} for name in ("live", "ready", "startup")}},
    "env": [
        {"name": "LOG_LEVEL", "value": "info"},
        {"name": "PASSWORD", "secret": {"name": "orders-db", "key": "password"}},
        {"name": "FLAGS", "configMap": {"name": "flags", "key": "orders"}},
    ],
    "resources": {"cpu": "110m", "memory": "120Mi", "cpuLimit": "1300m", "memoryLimit": "140Mi"},
    "scaling": {"min": 2, "max": 7, "cpu": 61, "memory": 62},
    "provides": ["orders-api"],
    "consumes": [{"service": "payments", "ports": ["http"]}, {"contract": "catalog-api"}],
    "access": {"namespaces": ["billing"]},
    "egress": [
        {"host": "api.example.com", "port": 443},
        {"cidr": "10.20.0.0/16", "port": 5432},
        {"pods": {"app": "cache"}, "port": 6379},
    ],
    "routing": {
        "hosts": ["orders.example.com"],
        "paths": ["/orders"],
        "port": "http",
        "gateway": {"name": "edge", "namespace": "gateways", "sectionName": "https"},
    },
    "objectives": [
        {"name": "availability", "target": 99.7, "window": "28d", "route": "/orders/{id}", "method": "POST"},
        {"name": "latency", "target": 97.3, "below": "130ms", "minimumBadEvents": 7},
        {"name": "settled", "target": 99.1, "good": 'settled_total{outcome="ok"}', "total": "settled_total"},
    ],
    "telemetry": {
        "metrics": {"enabled": True, "port": "metrics", "path": "/metrics", "profile": "default"},
        "tracing": {"sample": 0.3},
        "backlog": {"queues": ["orders.created"], "consumerGroups": ["orders"]},
    },
}


def with_(key: str, **changes: Any) -> dict[str, Any]:
    """A top-level object with some fields changed."""
    return {key: {**BASE[key], **changes}}


def entry(key: str, position: int, **changes: Any) -> dict[str, Any]:
    """A top-level list with one entry changed."""
    changed = [*BASE[key]]
    changed[position] = {**changed[position], **changes}
    return {key: changed}


def backlog(**changes: Any) -> dict[str, Any]:
    return with_("telemetry", backlog={**BASE["telemetry"]["backlog"], **changes})


def source(position: int, kind: str, **changes: Any) -> dict[str, Any]:
    """An environment variable from elsewhere."""
    return entry("env", position, **{kind: {**BASE["env"][position][kind], **changes}})


def probe(name: str, **changes: Any) -> dict[str, Any]:
    probes = BASE["health"]["probes"]
    return {"health": {"probes": {**probes, name: {**probes[name], **changes}}}}


def port(name: str, **changes: Any) -> dict[str, Any]:
    return with_("ports", **{name: {**BASE["ports"][name], **changes}})


def gateway(**changes: Any) -> dict[str, Any]:
    return with_("routing", gateway={**BASE["routing"]["gateway"], **changes})


def metrics(**changes: Any) -> dict[str, Any]:
    return {"telemetry": {**BASE["telemetry"], "metrics": {**BASE["telemetry"]["metrics"], **changes}}}


MUTATIONS: dict[str, dict[str, Any]] = {
    "team": {"team": "platform"},
    "tier": {"tier": "critical"},
    "image": {"image": "registry.example.com/shop/orders@sha256:" + "ab" * 32},
    "args[]": {"args": ["--quiet", "$(HOME)"]},
    "ports{}.port": port("http", port=8081),
    "ports{}.protocol": with_("ports", dns={"port": 5353, "protocol": "UDP"}),
    "ports{}.appProtocol": port("grpc", appProtocol="http"),
    "health.live": {"health": {"live": "/healthz"}},
    "health.ready": {"health": {"ready": "/readyz"}},
    "health.port": {"health": {"ready": "/readyz", "port": "grpc"}},
    **{f"health.probes.{name}.path": probe(name, path="/other") for name in ("live", "ready", "startup")},
    **{f"health.probes.{name}.port": probe(name, port="grpc") for name in ("live", "ready", "startup")},
    **{f"health.probes.{name}.periodSeconds": probe(name, periodSeconds=13) for name in ("live", "ready", "startup")},
    **{f"health.probes.{name}.timeoutSeconds": probe(name, timeoutSeconds=5) for name in ("live", "ready", "startup")},
    **{
        f"health.probes.{name}.failureThreshold": probe(name, failureThreshold=7)
        for name in ("live", "ready", "startup")
    },
    "env[].name": entry("env", 0, name="LEVEL"),
    "env[].value": entry("env", 0, value="de$bug"),
    "env[].secret.name": source(1, "secret", name="orders-other"),
    "env[].secret.key": source(1, "secret", key="other"),
    "env[].secret.optional": source(1, "secret", optional=True),
    "env[].configMap.name": source(2, "configMap", name="other"),
    "env[].configMap.key": source(2, "configMap", key="other"),
    "env[].configMap.optional": source(2, "configMap", optional=True),
    "resources.cpu": with_("resources", cpu="111m"),
    "resources.memory": with_("resources", memory="121Mi"),
    "resources.cpuLimit": with_("resources", cpuLimit="1301m"),
    "resources.memoryLimit": with_("resources", memoryLimit="141Mi"),
    "scaling.min": with_("scaling", min=7),
    "scaling.max": with_("scaling", max=13),
    "scaling.cpu": with_("scaling", cpu=71),
    "scaling.memory": with_("scaling", memory=72),
    "provides[]": {"provides": []},
    "consumes[].service": entry("consumes", 0, service="billing/payments"),
    "consumes[].contract": entry("consumes", 1, contract="other-api"),
    "consumes[].criticality": entry("consumes", 0, criticality="soft"),
    "consumes[].timeout": entry("consumes", 0, timeout="730ms"),
    "consumes[].retries": entry("consumes", 0, retries=3),
    "consumes[].version": entry("consumes", 1, version=">=1.2 <2"),
    "consumes[].uses[].operation": entry("consumes", 1, uses=[{"operation": "getProduct"}]),
    "consumes[].uses[].reads[]": entry("consumes", 1, uses=[{"operation": "getProduct", "reads": ["sku"]}]),
    "consumes[].scopes[]": entry("consumes", 1, scopes=["products:read"]),
    "consumes[].ports[]": entry("consumes", 0, ports=["grpc"]),
    "access.namespaces[]": {"access": {"namespaces": []}},
    "objectives[].name": entry("objectives", 0, name="paid"),
    "objectives[].target": entry("objectives", 0, target=99.71),
    "objectives[].window": entry("objectives", 0, window="7d"),
    "objectives[].below": entry("objectives", 1, below="170ms"),
    "objectives[].route": entry("objectives", 0, route="/orders"),
    "objectives[].method": entry("objectives", 0, method="PUT"),
    "objectives[].good": entry("objectives", 2, good='settled_total{outcome=~"ok|late"}'),
    "objectives[].total": entry("objectives", 2, total='settled_total{outcome!="test"}'),
    "objectives[].minimumBadEvents": entry("objectives", 1, minimumBadEvents=11),
    "egress[].host": entry("egress", 0, host="other.example.com"),
    "egress[].cidr": entry("egress", 1, cidr="10.30.0.0/16"),
    "egress[].pods{}": entry("egress", 2, pods={"app": "queue"}),
    "egress[].port": entry("egress", 1, port=5433),
    "egress[].protocol": entry("egress", 1, protocol="UDP"),
    "routing.provider": {"routing": None},  # one value only: with and without
    "routing.hosts[]": with_("routing", hosts=["other.example.com", "orders.example.com"]),
    "routing.paths[]": with_("routing", paths=["/"]),
    "routing.port": with_("routing", port="grpc"),
    "routing.gateway.name": gateway(name="other"),
    "routing.gateway.namespace": gateway(namespace="elsewhere"),
    "routing.gateway.sectionName": gateway(sectionName="http"),
    "telemetry.metrics.enabled": metrics(enabled=False) | {"objectives": []},
    "telemetry.metrics.port": metrics(port="http"),
    "telemetry.metrics.path": metrics(path="/other"),
    "telemetry.metrics.profile": metrics(profile="otel-native"),
    "telemetry.tracing.sample": with_("telemetry", tracing={"sample": 0.7}),
    "telemetry.backlog.queues[]": backlog(queues=["orders.paid", "orders.created"]),
    "telemetry.backlog.consumerGroups[]": backlog(consumerGroups=["billing"]),
}
"""By the path of the property: what is different from :data:`BASE`."""


def mutated(path: str) -> dict[str, Any]:
    """The spec with one property changed."""
    return {name: value for name, value in {**BASE, **MUTATIONS[path]}.items() if value is not None}


def properties(schema: dict[str, Any], path: str = "") -> list[str]:
    """Every leaf of a structural schema: ``ports{}.port``, ``env[].name``."""
    if "properties" in schema:
        nested = schema["properties"].items()
        return [leaf for name, part in nested for leaf in properties(part, f"{path}.{name}".lstrip("."))]
    if schema.get("type") == "array":
        return properties(schema["items"], f"{path}[]")
    if isinstance(schema.get("additionalProperties"), dict):
        return properties(schema["additionalProperties"], path + "{}")
    return [path]
