"""The default metric profile: what Prometheus reads."""

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from concordat_servicekit.metrics import DEFAULT_BUCKETS
from tests.samples.servicekit.shop import OPENMETRICS, application, client, samples, service

COUNT = "http_server_request_duration_seconds_count"


async def test_every_route_has_its_series_before_the_first_request() -> None:
    """Success and failure of each route and method begin to exist at 0, without a request."""
    async with client(service().instrument(application())) as http:
        assert {
            ("GET", "/broken", "200"): 0,
            ("GET", "/broken", "500"): 0,
            ("GET", "/chairs/{chair}", "200"): 0,
            ("GET", "/chairs/{chair}", "500"): 0,
            ("GET", "/lamps/{lamp}", "200"): 0,
            ("GET", "/lamps/{lamp}", "500"): 0,
            ("GET", "/v1/tables/{table}/legs", "200"): 0,
            ("GET", "/v1/tables/{table}/legs", "500"): 0,
            ("POST", "/chairs", "201"): 0,
            ("POST", "/chairs", "500"): 0,
        } == await samples(http, COUNT)


@pytest.mark.parametrize(
    ("method", "path", "series"),
    [
        ("GET", "/chairs/throne", ("GET", "/chairs/{chair}", "200")),
        ("GET", "/v1/tables/round/legs", ("GET", "/v1/tables/{table}/legs", "200")),
        ("GET", "/lamps/desk", ("GET", "/lamps/{lamp}", "200")),
        ("GET", "/lamps/desk/bulb", ("GET", "unmatched", "404")),
        ("POST", "/chairs", ("POST", "/chairs", "201")),
        ("DELETE", "/chairs/throne", ("DELETE", "/chairs/{chair}", "405")),
        ("GET", "/sofas/17", ("GET", "unmatched", "404")),
        ("GET", "/broken", ("GET", "/broken", "500")),
        ("BREW", "/teapot", ("_OTHER", "unmatched", "404")),
    ],
)
async def test_a_request_is_counted_under_its_template(method: str, path: str, series: tuple[str, ...]) -> None:
    """The label is the declared template; neither a path nor a method of the client's makes a series."""
    async with client(service().instrument(application())) as http:
        await http.request(method, path)
        counts = await samples(http, COUNT)
    assert [series] == [labels for labels, count in counts.items() if count == 1]
    assert 1 == sum(counts.values())


async def test_a_client_cannot_make_series() -> None:
    """A hundred invented paths and methods end in two series."""
    async with client(service().instrument(application())) as http:
        before = len(await samples(http, COUNT))
        for number in range(50):
            await http.request(f"METHOD{number}", "/sofas")
            await http.get(f"/sofas/{number}")
        assert before + 2 == len(await samples(http, COUNT))


async def test_a_declared_threshold_is_a_bucket() -> None:
    """SLO_BUCKETS joins the default ones: 200 ms is in nobody's defaults."""
    async with client(service(buckets=(0.2, 0.35)).instrument(application())) as http:
        buckets = await samples(http, "http_server_request_duration_seconds_bucket")
    bounds = {labels[-1] for labels in buckets}
    assert {str(bound) for bound in (*DEFAULT_BUCKETS, 0.2, 0.35)} | {"+Inf"} == bounds


async def test_probes_and_scrapes_are_not_measured() -> None:
    """They are no user's requests: counting them would thin out the error ratio."""
    async with client(service().instrument(application())) as http:
        for path in ("/healthz", "/readyz", "/metrics"):
            assert 200 == (await http.get(path)).status_code
        assert 0 == sum((await samples(http, COUNT)).values())


async def test_a_sampled_trace_becomes_the_exemplar() -> None:
    """The bucket a sampled request fell into names its trace; an unsampled one leaves none."""
    sampled, unsampled = "5" * 32, "6" * 32
    async with client(service().instrument(application())) as http:
        await http.get("/chairs/throne", headers={"traceparent": f"00-{sampled}-{'7' * 16}-01"})
        await http.post("/chairs", headers={"traceparent": f"00-{unsampled}-{'7' * 16}-00"})
        text = (await http.get("/metrics", headers=OPENMETRICS)).text
    exemplars = [
        (sample.labels["http_route"], sample.exemplar.labels)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.exemplar
    ]
    assert [("/chairs/{chair}", {"trace_id": sampled})] == exemplars


async def test_the_build_is_told() -> None:
    """``app_build_info`` carries version and revision, for deploy markers."""
    async with client(service(revision="c0ffee").instrument(application())) as http:
        assert {("11.12.13", "c0ffee"): 1} == await samples(http, "app_build_info")


async def test_a_plain_prometheus_text_is_served_too() -> None:
    """Without OpenMetrics in Accept the classic format comes, and no ``_created`` series in either."""
    async with client(service().instrument(application())) as http:
        classic = await http.get("/metrics")
        modern = await http.get("/metrics", headers=OPENMETRICS)
    assert classic.headers["content-type"].startswith("text/plain")
    assert modern.headers["content-type"].startswith("application/openmetrics-text")
    assert "_created" not in classic.text + modern.text
