"""
CustomResourceDefinitions from the types: JSON Schema as pydantic writes it, made structural as Kubernetes wants it.

``concordat crds`` prints them; ``crds/`` holds the printed result.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from concordat.api.contract import ServiceContract, ServiceContractSpec
from concordat.api.contract_status import ServiceContractStatus
from concordat.api.microservice import Microservice, MicroserviceSpec
from concordat.api.schema.base import VALIDATIONS, Check, Schema, Transition
from concordat.api.status import MicroserviceStatus
from concordat.manifest import conventions

_DROPPED = {"title", "additionalProperties", "$defs", "default", "propertyNames", "anyOf", "$ref", "const"}


_READY = '.status.conditions[?(@.type=="Ready")]'


def microservice_crd() -> dict[str, Any]:
    """The CustomResourceDefinition of ``Microservice``."""
    return _definition(
        kind=conventions.MICROSERVICE,
        plural=conventions.MICROSERVICES,
        short_name="msvc",
        description="Declares a service; everything around it is built, guarded and watched.",
        spec=structural(MicroserviceSpec),
        status=structural(MicroserviceStatus),
        rules=Microservice.checks,
        columns=[
            _column("Ready", f"{_READY}.status"),
            _column("Team", ".spec.team"),
            _column("Version", ".status.version"),
            _column("Replicas", ".status.replicas"),
            _column("Contracts", '.status.conditions[?(@.type=="ContractsSatisfied")].status'),
            _column("Reason", f"{_READY}.reason", priority=1),
            _column("Message", f"{_READY}.message", priority=1),
        ],
    )


def service_contract_crd() -> dict[str, Any]:
    """The CustomResourceDefinition of ``ServiceContract``."""
    return _definition(
        kind=conventions.SERVICE_CONTRACT,
        plural=conventions.SERVICE_CONTRACTS,
        short_name="contract",
        description="Declares an API: who may use it and how it may change. No change breaks a consumer that is running.",
        spec=structural(ServiceContractSpec),
        status=structural(ServiceContractStatus),
        rules=(*ServiceContract.checks, *ServiceContract.transitions),
        columns=[
            _column("Ready", f"{_READY}.status"),
            _column("Type", ".spec.type"),
            _column("Version", ".status.version"),
            _column("State", ".status.state"),
            _column("Consumers", ".status.consumerCount", type_="integer"),
            _column("Reason", f"{_READY}.reason", priority=1),
            _column("Message", f"{_READY}.message", priority=1),
        ],
    )


def crds() -> tuple[dict[str, Any], ...]:
    """All we have."""
    return (microservice_crd(), service_contract_crd())


def _definition(
    *,
    kind: str,
    plural: str,
    short_name: str,
    description: str,
    spec: Mapping[str, Any],
    status: Mapping[str, Any],
    rules: Iterable[Check | Transition],
    columns: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    validations = [rule.validation for rule in rules]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{conventions.GROUP}"},
        "spec": {
            "group": conventions.GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": kind,
                "listKind": f"{kind}List",
                "plural": plural,
                "singular": kind.lower(),
                "shortNames": [short_name],
                "categories": ["concordat"],
            },
            "versions": [
                {
                    "name": conventions.VERSION,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": [
                        *columns,
                        _column("Age", ".metadata.creationTimestamp", type_="date"),
                    ],
                    "schema": {
                        "openAPIV3Schema": {
                            "type": "object",
                            "description": description,
                            "required": ["spec"],
                            "properties": {
                                "apiVersion": {"type": "string"},
                                "kind": {"type": "string"},
                                "metadata": {"type": "object"},
                                "spec": spec,
                                "status": status,
                            },
                            **({VALIDATIONS: validations} if validations else {}),
                        }
                    },
                }
            ],
        },
    }


def structural(model: type[Schema]) -> dict[str, Any]:
    """
    The model's JSON Schema as a structural schema: references inlined, ``null`` alternatives and titles dropped.

    Defaults stay out of the CRD: what is left unsaid stays visible as unsaid, and a changed default reaches
    objects that are already stored.
    """
    schema = model.model_json_schema(by_alias=True)
    return _inlined(schema, schema.get("$defs", {}))


def _inlined(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        target = definitions[schema["$ref"].rsplit("/", 1)[1]]
        return _inlined(target, definitions) | _inlined({k: v for k, v in schema.items() if k != "$ref"}, definitions)
    if "anyOf" in schema:
        (only,) = [option for option in schema["anyOf"] if option != {"type": "null"}]
        return _inlined(only, definitions) | _inlined({k: v for k, v in schema.items() if k != "anyOf"}, definitions)

    out = {key: value for key, value in schema.items() if key not in _DROPPED}
    if "const" in schema:
        out["enum"] = [schema["const"]]
    if isinstance(schema.get("additionalProperties"), Mapping):
        out["additionalProperties"] = _inlined(schema["additionalProperties"], definitions)
    if "properties" in schema:
        out["properties"] = {name: _inlined(item, definitions) for name, item in schema["properties"].items()}
    if "items" in schema:
        out["items"] = _inlined(schema["items"], definitions)
    return out


def _column(name: str, path: str, *, type_: str = "string", priority: int = 0) -> dict[str, Any]:
    column: dict[str, Any] = {"name": name, "type": type_, "jsonPath": path}
    return column | {"priority": priority} if priority else column
