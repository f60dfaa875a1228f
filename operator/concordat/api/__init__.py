"""
What people write: the custom resources as frozen, typed values, parsed once at the edge.

The types are the single source: ``crds/*.yaml`` is generated from them (:mod:`concordat.api.schema.crd`) and a test fails
when the two differ. Every string, list and map carries a bound, so that nobody can exhaust the API server or us, and
CEL rules say what a schema cannot. No cluster facts here: what needs them is a policy.
"""

from concordat.api.auth import AcceptedAuth, Auth, OperationScopes
from concordat.api.condition import Condition
from concordat.api.conformance import Conformance
from concordat.api.contract import (
    Compatibility,
    ContractType,
    ExternalConsumer,
    ServiceContract,
    ServiceContractSpec,
    State,
)
from concordat.api.contract_status import AcceptedVersion, ConsumerStatus, ServiceContractStatus
from concordat.api.defaults import TIERS, TierDefaults, resolve
from concordat.api.microservice import Metrics, Microservice, MicroserviceSpec, Telemetry, Tier, main_port
from concordat.api.objectives import Objective, Profile, Promise
from concordat.api.schema.compact import compact
from concordat.api.schema.parse import parse, parse_contract
from concordat.api.status import ChildStatus, MicroserviceStatus, ProblemStatus
from concordat.api.traffic import Access, Consumption, Egress, Gateway, Routing, Use, injected_variable
from concordat.api.workload import EnvVar, Health, KeyReference, Port, Probe, Probes, Resources, Scaling

__all__ = [
    "TIERS",
    "AcceptedAuth",
    "AcceptedVersion",
    "Access",
    "Auth",
    "ChildStatus",
    "Compatibility",
    "Condition",
    "Conformance",
    "ConsumerStatus",
    "Consumption",
    "ContractType",
    "Egress",
    "EnvVar",
    "ExternalConsumer",
    "Gateway",
    "Health",
    "KeyReference",
    "Metrics",
    "Microservice",
    "MicroserviceSpec",
    "MicroserviceStatus",
    "Objective",
    "OperationScopes",
    "Port",
    "Probe",
    "Probes",
    "ProblemStatus",
    "Profile",
    "Promise",
    "Resources",
    "Routing",
    "Scaling",
    "ServiceContract",
    "ServiceContractSpec",
    "ServiceContractStatus",
    "State",
    "Telemetry",
    "Tier",
    "TierDefaults",
    "Use",
    "compact",
    "injected_variable",
    "main_port",
    "parse",
    "parse_contract",
    "resolve",
]
