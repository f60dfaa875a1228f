"""
Environment variables arrive in the container as they were written.
"""

from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from concordat.api import parse, resolve
from concordat.facts import Facts, Platform, Provider
from concordat.resources.environment import environment, literal
from tests.api.strategies import manifests


def expanded(text: str, known: dict[str, str]) -> str:
    """What the kubelet makes of a value: third_party/forked/golang/expansion of Kubernetes, word by word."""
    out, at = "", 0
    while at < len(text):
        if text[at] != "$" or at + 1 == len(text):
            out, at = out + text[at], at + 1
        elif text[at + 1] == "$":
            out, at = out + "$", at + 2
        elif text[at + 1] == "(" and ")" in text[at + 2 :]:
            end = text.index(")", at + 2)
            name = text[at + 2 : end]
            out, at = out + known.get(name, f"$({name})"), end + 1
        else:
            out, at = out + text[at : at + 2], at + 2
    return out


@given(st.text(st.sampled_from("$()A ")))
@example("$(A)")
@example("$$(A)")
@example("pa$$word$")
def test_a_value_arrives_as_it_was_written(text: str) -> None:
    """``$(A)`` is not expanded and ``$$`` stays two dollars, whatever else is set."""
    assert text == expanded(literal(text), {"A": "secret", "": "secret"})


@given(manifests())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_name_stands_once_and_the_users_wins(manifest: dict[str, Any]) -> None:
    """Server-side apply takes variables by name; what the user wrote is never replaced by ours."""
    service = parse(manifest)
    found = environment(service, Facts())
    names = [variable["name"] for variable in found]

    assert len(set(names)) == len(names)
    assert [variable.name for variable in service.spec.env] == names[len(names) - len(service.spec.env) :]


def test_an_address_stays_while_providers_come_and_go() -> None:
    """Pods restart for what their author changed, not because a neighbour was created, renumbered or deleted."""
    service = parse(
        {
            "apiVersion": "concordat.dev/v1alpha1",
            "kind": "Microservice",
            "metadata": {"name": "orders", "namespace": "shop"},
            "spec": {
                "team": "checkout",
                "image": "example.com/orders:1.11",
                "ports": {"http": {"port": 8011}},
                "consumes": [{"service": "payments/payments"}],
            },
        }
    )

    def with_port(number: int) -> Facts:
        provider = Provider(
            name="payments", namespace="payments", object_name="payments", ports={"http": (number, "TCP")}
        )
        return Facts(providers={"payments/payments": provider})

    assert environment(service, Facts()) == environment(service, with_port(8011))
    assert environment(service, with_port(8011)) == environment(service, with_port(8013))


def traced(**telemetry: Any) -> dict[str, Any]:
    """Ours, by name."""
    manifest = {
        "apiVersion": "concordat.dev/v1alpha1",
        "kind": "Microservice",
        "metadata": {"name": "orders", "namespace": "shop"},
        "spec": {"team": "x", "image": "x:1.11", "ports": {"http": {"port": 8011}}, "telemetry": telemetry},
    }
    facts = Facts(platform=Platform(otlp_endpoint="http://collector.traces:4318"))
    return {variable["name"]: variable["value"] for variable in environment(resolve(parse(manifest)), facts)}


def test_traces_go_where_the_platform_says() -> None:
    """As many of them as the author says; without a word the SDK decides."""
    assert "http://collector.traces:4318" == traced()["OTEL_EXPORTER_OTLP_ENDPOINT"]
    assert "OTEL_TRACES_SAMPLER" not in traced()
    assert ("parentbased_traceidratio", "0.13") == (
        traced(tracing={"sample": 0.13})["OTEL_TRACES_SAMPLER"],
        traced(tracing={"sample": 0.13})["OTEL_TRACES_SAMPLER_ARG"],
    )


def test_an_sdk_counts_under_the_names_its_profile_says() -> None:
    """Stable names, and native histograms where they are meant; a threshold is only handed to who makes a bucket of it."""
    assert "0.5" == traced()["SLO_BUCKETS"]
    assert {"OTEL_SEMCONV_STABILITY_OPT_IN"} == traced(metrics={"profile": "otel"}).keys() - traced().keys()
    assert "SLO_BUCKETS" not in traced(metrics={"profile": "otel"})
    native = traced(metrics={"profile": "otel-native"})
    assert "base2_exponential_bucket_histogram" == native["OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION"]
