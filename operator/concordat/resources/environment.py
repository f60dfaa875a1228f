"""
Environment variables: what the user wrote, where its providers are, who it is.
"""

import json
from decimal import Decimal
from typing import Any

from concordat.api import EnvVar, KeyReference, Microservice, injected_variable
from concordat.api.values.promql import number
from concordat.facts import Facts
from concordat.manifest import conventions
from concordat.resources.edges import url


def environment(service: Microservice, facts: Facts) -> list[dict[str, Any]]:
    """Ours first, sorted by name, unless the user wrote a variable of the same name; then theirs, in their order."""
    theirs = {variable.name for variable in service.spec.env}
    ours = (
        _identity(service)
        | _addresses(service, facts)
        | _calling(service)
        | _asking(service, facts)
        | _demanding(service, facts)
        | _measurement(service, facts)
        | _tracing(service, facts)
    )
    return [
        *({"name": name, "value": literal(value)} for name, value in sorted(ours.items()) if name not in theirs),
        *map(_rendered, service.spec.env),
    ]


def literal(text: str) -> str:
    """``text`` so that it arrives as it is: Kubernetes expands ``$(NAME)`` and takes ``$$`` for a dollar sign."""
    return text.replace("$", "$$")


def _identity(service: Microservice) -> dict[str, str]:
    """By OpenTelemetry's names: any SDK picks them up without a line of configuration."""
    return {
        "OTEL_SERVICE_NAME": service.name,
        "OTEL_RESOURCE_ATTRIBUTES": f"service.namespace={service.namespace},service.version={service.spec.version}",
    }


def _measurement(service: Microservice, facts: Facts) -> dict[str, str]:
    """What makes the service count so that its objectives can be measured."""
    match service.spec.telemetry.metrics.profile:
        case "default":
            promised = (one for objectives in facts.promised.values() for one in objectives)
            every = (*(service.spec.objectives or ()), *promised)
            limits = sorted({one.limit for one in every if one.limit is not None})
            return {"SLO_BUCKETS": ",".join(map(number, limits))} if limits else {}
        case "otel":
            return dict([_STABLE_NAMES])
        case "otel-native":
            return dict([_STABLE_NAMES, _NATIVE_HISTOGRAMS])
    return {}


def _tracing(service: Microservice, facts: Facts) -> dict[str, str]:
    """A trace begun elsewhere is kept or dropped as whoever began it decided."""
    found = {}
    if facts.platform.otlp_endpoint:
        found["OTEL_EXPORTER_OTLP_ENDPOINT"] = facts.platform.otlp_endpoint
    if service.spec.telemetry.tracing.sample is not None:
        found["OTEL_TRACES_SAMPLER"] = "parentbased_traceidratio"
        found["OTEL_TRACES_SAMPLER_ARG"] = number(Decimal(str(service.spec.telemetry.tracing.sample)))
    return found


_STABLE_NAMES = ("OTEL_SEMCONV_STABILITY_OPT_IN", "http")
"""Some SDKs, Python's among them, still write the names of before 2023 by default."""
_NATIVE_HISTOGRAMS = (
    "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
    "base2_exponential_bucket_histogram",
)


def _addresses(service: Microservice, facts: Facts) -> dict[str, str]:
    found = {
        injected_variable(use.reference): url(
            use, service.namespace, facts.providers.get(use.reference), facts.platform
        )
        for use in service.spec.consumes
    }
    return {name: address for name, address in found.items() if address is not None}


def _calling(service: Microservice) -> dict[str, str]:
    return {name: value for use in service.spec.consumes for name, value in use.settings.items()}


def _asking(service: Microservice, facts: Facts) -> dict[str, str]:
    """Which tokens to ask for, of whom."""
    found: dict[str, str] = {}
    for use in service.spec.consumes:
        offer = facts.offers.get(use.reference) if use.contract else None
        if offer and offer.token and facts.platform.allows_issuer(offer.token.issuer):
            said = (offer.token.issuer, offer.token.audience, " ".join(offer.token.scopes))
            found |= dict(zip(use.token_variables, said, strict=True))
    return found


def _demanding(service: Microservice, facts: Facts) -> dict[str, str]:
    """Which tokens to demand of whoever calls."""
    offers = [facts.provided[name] for name in service.spec.provides if name in facts.provided]
    said = [
        {
            "contract": offer.reference,
            "issuer": offer.auth.issuer,
            "audience": offer.auth.audience,
            "operations": [
                {"method": one.method, "paths": list(one.paths), "scopes": list(one.scopes)}
                for one in offer.auth.operations
                if one.paths
            ],
        }
        for offer in offers
        if offer.auth is not None
    ]
    return {conventions.ENV_AUTH_REQUIREMENTS: json.dumps(said, separators=(",", ":"))} if said else {}


def _rendered(variable: EnvVar) -> dict[str, Any]:
    if variable.secret:
        return {"name": variable.name, "valueFrom": {"secretKeyRef": _key(variable.secret)}}
    if variable.config_map:
        return {"name": variable.name, "valueFrom": {"configMapKeyRef": _key(variable.config_map)}}
    return {"name": variable.name, "value": literal(variable.value or "")}


def _key(reference: KeyReference) -> dict[str, Any]:
    return {"name": reference.name, "key": reference.key} | ({"optional": True} if reference.optional else {})
