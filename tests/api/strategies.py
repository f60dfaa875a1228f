"""
Hypothesis strategies: any Microservice somebody may write, valid by the types; and one of them with one thing wrong.
"""

from typing import Any

from hypothesis import strategies as st

Json = dict[str, Any]

labels = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?", fullmatch=True)
names = st.one_of(
    labels,
    st.from_regex(r"[a-z0-9]([-a-z0-9]{0,80}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,80}[a-z0-9])?){0,2}", fullmatch=True),
)
port_names = st.from_regex(r"[a-z](-?[a-z0-9]){0,7}|[a-z][a-z0-9]{0,14}", fullmatch=True) | st.sampled_from(
    ["http", "metrics"]
)
hosts = st.from_regex(r"[a-z0-9]{1,8}(\.[a-z0-9]{1,8}){1,3}", fullmatch=True)
url_paths = st.from_regex(r"/|(/[a-z0-9_~-]{1,6}){1,3}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=24)
cpus = st.one_of(st.integers(1, 64), st.integers(1, 9000).map(lambda m: f"{m}m"), st.sampled_from(["0.5", "1.25"]))
memories = st.integers(4, 9000).map(lambda m: f"{m}Mi") | st.sampled_from(["1Gi", "0.5Gi", "64M", 2**28])


def _some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    """Any subset of the fields."""
    return st.fixed_dictionaries({}, optional=fields)


@st.composite
def ports(draw: st.DrawFn) -> Json:
    chosen = draw(st.lists(port_names, min_size=1, max_size=4, unique=True))
    numbers = draw(st.lists(st.integers(1024, 65535), min_size=len(chosen), max_size=len(chosen), unique=True))
    found = {
        name: {"port": number}
        | draw(
            _some(protocol=st.sampled_from(["TCP", "UDP"]), appProtocol=st.sampled_from(["http", "kubernetes.io/h2c"]))
        )
        for name, number in zip(chosen, numbers, strict=True)
    }
    found[chosen[0]].pop("protocol", None)
    return found


@st.composite
def probes(draw: st.DrawFn, tcp: list[str], *, with_path: bool) -> Json:
    seconds = st.integers(1, 300)
    fields: dict[str, st.SearchStrategy[Any]] = {
        "port": st.sampled_from(tcp),
        "periodSeconds": seconds,
        "timeoutSeconds": seconds,
        "failureThreshold": seconds,
    }
    return draw(_some(**fields, **({"path": url_paths} if with_path else {})))


@st.composite
def health(draw: st.DrawFn, tcp: list[str]) -> Json:
    found = draw(_some(live=url_paths, ready=url_paths, port=st.sampled_from(tcp)))
    detailed = {
        name: probes(tcp, with_path=name not in found)
        for name in draw(st.sets(st.sampled_from(["live", "ready", "startup"])))
    }
    return found | ({"probes": draw(st.fixed_dictionaries(detailed))} if detailed else {})


@st.composite
def variables(draw: st.DrawFn, service: str) -> list[Json]:
    keys = st.from_regex(r"[.]?[-_a-zA-Z0-9][-._a-zA-Z0-9]{0,12}", fullmatch=True)
    optional = _some(optional=st.booleans())
    reference = st.builds(lambda key, rest: {"key": key} | rest, keys, optional)
    secret = st.builds(
        lambda end, rest: {"name": f"{service}{end}"[:253]} | rest, st.sampled_from(["", "-db"]), reference
    )
    if len(service) > 249:
        secret = reference.map(lambda rest: {"name": service} | rest)
    config = st.builds(lambda name, rest: {"name": name} | rest, names, reference)
    value = st.one_of(
        texts.map(lambda text: {"value": text}),
        secret.map(lambda item: {"secret": item}),
        config.map(lambda item: {"configMap": item}),
    )
    unique = st.lists(st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,12}", fullmatch=True), max_size=4, unique=True)
    return [{"name": name} | draw(value) for name in draw(unique)]


@st.composite
def resources(draw: st.DrawFn) -> Json:
    """A limit is only drawn alone, or equal to the request: the rest is for tests of the rule."""
    found: Json = {}
    for name, amounts in (("cpu", cpus), ("memory", memories)):
        amount = draw(amounts)
        found |= draw(
            st.sampled_from([{}, {name: amount}, {f"{name}Limit": amount}, {name: amount, f"{name}Limit": amount}])
        )
    return found


@st.composite
def scaling(draw: st.DrawFn) -> Json:
    low, high = sorted(draw(st.tuples(st.integers(1, 20), st.integers(1, 20))))
    return draw(_some(min=st.just(low), max=st.just(high), cpu=st.integers(1, 1000), memory=st.integers(1, 1000)))


_ports = st.lists(port_names, max_size=2, unique=True)
_uses = st.lists(
    st.builds(
        lambda operation, rest: {"operation": operation} | rest,
        st.text(min_size=1, max_size=20),
        _some(reads=st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=3, unique=True)),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda use: use["operation"],
)
_ranges = st.sampled_from([">=1.2 <2", "1.2", "^0.3.1", "~1.2.3-rc.1", ">1 <=1.4"])
_calling = {
    "ports": _ports,
    "criticality": st.sampled_from(["hard", "soft", "async"]),
    "timeout": st.sampled_from(["800ms", "0.1ms", "1.5s", "99999s"]),
    "retries": st.integers(0, 10),
}
_by_service = _some(**_calling).map(lambda rest: lambda reference: {"service": reference} | rest)
_scopes = st.lists(st.from_regex(r"[!#-\[\]-~]{1,20}", fullmatch=True), max_size=3, unique=True)
_by_contract = _some(**_calling, version=_ranges, uses=_uses, scopes=_scopes).map(
    lambda rest: lambda reference: {"contract": reference} | rest
)


@st.composite
def consumptions(draw: st.DrawFn) -> list[Json]:
    references = draw(
        st.lists(
            st.builds(lambda ns, name: f"{ns}{name}", st.sampled_from(["", "billing/", "shop/"]), labels),
            max_size=3,
            unique_by=lambda reference: reference.rpartition("/")[2].upper().replace("-", "_"),
        )
    )
    return [draw(_by_service | _by_contract)(reference) for reference in references]


egress = st.builds(
    lambda where, port, rest: where | {"port": port} | rest,
    st.one_of(
        hosts.map(lambda host: {"host": host}),
        st.sampled_from(["10.20.0.0/16", "198.51.100.7/32", "0.0.0.0/0", "2001:db8::/32", "10.1.2.3/8"]).map(
            lambda cidr: {"cidr": cidr}
        ),
        st.dictionaries(st.sampled_from(["app", "app.kubernetes.io/name"]), labels, min_size=1).map(
            lambda pods: {"pods": pods}
        ),
    ),
    st.integers(1, 65535),
    _some(protocol=st.sampled_from(["TCP", "UDP"])),
)


@st.composite
def routings(draw: st.DrawFn, tcp: list[str]) -> Json:
    gateway = st.builds(lambda name, rest: {"name": name} | rest, labels, _some(namespace=labels, sectionName=labels))
    return {"hosts": draw(st.lists(hosts, min_size=1, max_size=3, unique=True))} | draw(
        _some(
            paths=st.lists(url_paths, min_size=1, max_size=3, unique=True),
            port=st.sampled_from(tcp),
            gateway=gateway,
            provider=st.just("gateway-api"),
        )
    )


below = {
    "otel": ["5ms", "0.25s", "2500ms"],
    "istio": ["0.5ms", "250ms", "10s"],
    "gateway": ["1ms", "100ms", "30s"],
}
"""Thresholds that are buckets; the other profiles have every one."""
_waiting = st.lists(st.from_regex("[A-Za-z0-9._:@/#+~-]{1,20}", fullmatch=True), max_size=3, unique=True)
counters = st.sampled_from(
    ["settled_total", 'settled_total{outcome="ok"}', 'jobs_count{ state =~ "a|b", queue!="x\\"y" }', "a:b_bucket{}"]
)


@st.composite
def objectives(draw: st.DrawFn, profile: str, *, read: bool) -> list[Json]:
    """Such as the profile can measure; ``read`` says whether Prometheus reads the service itself."""
    found = []
    for name in draw(st.lists(labels, max_size=3, unique=True)):
        custom = st.fixed_dictionaries({"good": counters, "total": counters})
        limits = st.sampled_from(below.get(profile, ["200ms", "1.5s", "0.1ms", "99999.999s"]))
        routed = {"route": url_paths | st.just("/orders/{id}"), "method": st.sampled_from(["GET", "POST"])}
        standard = _some(below=limits, **(routed if profile in ("default", "otel", "otel-native") else {}))
        kind = draw(custom if not read and profile not in ("istio", "gateway") else st.one_of(custom, standard))
        if name.startswith("latency") and "good" not in kind:
            kind["below"] = draw(limits)
        target = st.sampled_from([99, 99.9, 99.999, 1]) | st.floats(1, 99.999, allow_nan=False)
        window = st.sampled_from(["7d", "28d", "30d", "90d"])
        found.append(
            {"name": name, "target": draw(target)}
            | kind
            | draw(_some(window=window, minimumBadEvents=st.integers(1, 1000)))
        )
    return found


@st.composite
def manifests(draw: st.DrawFn, *, namespace: str = "shop") -> Json:
    """A Microservice as somebody could write it; always valid."""
    name = draw(names)
    declared = draw(ports())
    tcp = [port for port, item in declared.items() if item.get("protocol", "TCP") == "TCP"]
    profiles = st.sampled_from(["default", "otel", "otel-native", "istio", "gateway"])
    metrics = _some(enabled=st.booleans(), port=st.sampled_from(tcp), path=url_paths, profile=profiles)
    spec: Json = {
        "team": draw(labels),
        "image": draw(st.sampled_from(["example.com/a/b:1.11", "a@sha256:" + "0f" * 32, "localhost:5000/x:v2-rc.1"])),
        "ports": declared,
    } | draw(
        _some(
            tier=st.sampled_from(["critical", "standard", "besteffort"]),
            args=st.lists(texts, max_size=3),
            health=health(tcp),
            env=variables(name),
            resources=resources(),
            scaling=scaling(),
            provides=st.lists(labels, max_size=2, unique=True),
            consumes=consumptions(),
            access=_some(namespaces=st.lists(labels, max_size=3, unique=True)),
            egress=st.lists(egress, max_size=3),
            routing=routings(tcp),
            telemetry=_some(
                metrics=metrics,
                tracing=_some(sample=st.sampled_from([0, 1, 0.25]) | st.floats(0, 1)),
                backlog=_some(queues=_waiting, consumerGroups=_waiting),
            ),
        )
    )
    said = spec.get("telemetry", {}).get("metrics", {})
    profile = said.get("profile", "default")
    if profile == "gateway" and "routing" not in spec:
        spec["routing"] = draw(routings(tcp))
    spec |= draw(_some(objectives=objectives(profile, read=said.get("enabled", True))))
    return {
        "apiVersion": "concordat.dev/v1alpha1",
        "kind": "Microservice",
        "metadata": {"name": name, "namespace": namespace, "uid": "11111111-1111-1111-1111-111111111111"},
        "spec": spec,
    }


_WRONG: tuple[Any, ...] = (
    "", "x" * 5000, "A B", "-x", "x-", "../x", "/", "//", "/a//b", "/a/./b", "/..", "/a%2fb", "*.example.com", "10.0.0.0",
    "10.0.0.0/08", "10.0.0.0/33", "::ffff:1.2.3.4/120", "fe80::1%eth0/64", "010.0.0.0/8", "10.0.0.0/255.0.0.0", "::/0", "1.2.3.4/24",
    0, -1, 1, 80, 70000, 2**40, True, False, None, [], {}, ["x"], ["x", "x"], {"x": "y"}, "1e3", "0", "0m", "3Mi", "5Mi", "300m", "0.0001", ".5", "5.",
    "http", "metrics", "UDP", "x\n", "é", "a/b/c", "a/b", "a.b", "x:latest", "UPPER", "1x", "a" * 64,
    99.9, 0.5, 99.9999, 1e-300, "200ms", "0s", "0.0001s", "1h", "11d", "otel", "gateway", "x_total", 'x_total{a="b"', "x{}", "sum(x_total)",
    'x_total{a="b\\"}', 'x_total{a="b"} or up', 'x_total{a=~"b',
)  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn) -> Json:
    """A valid one in which one field holds something else, or a field is added or gone. May be valid all the same."""
    manifest = draw(manifests())
    spec = manifest["spec"]
    path = draw(st.sampled_from(_paths(spec)[::-1]))
    alike = [other for other in _WRONG if type(other) is type(_at(spec, path))]
    wrong = draw(
        st.sampled_from(alike or _WRONG) if draw(st.sampled_from([True, True, False])) else st.sampled_from(_WRONG)
    )
    return manifest | {"spec": _with(spec, path, wrong, remove=draw(st.sampled_from([False, False, False, True])))}


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for step, item in items for found in ((*path, step), *_paths(item, (*path, step)))]


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        value = value[step]
    return value


def _with(value: Any, path: tuple[Any, ...], new: Any, *, remove: bool) -> Any:
    step, *rest = path
    if isinstance(value, list):
        inner = [_with(item, tuple(rest), new, remove=remove) if rest else new for item in value[step : step + 1]]
        return [*value[:step], *([] if remove and not rest else inner), *value[step + 1 :]]
    if not rest and remove:
        return {key: item for key, item in value.items() if key != step}
    return {**value, step: _with(value[step], tuple(rest), new, remove=remove) if rest else new}
