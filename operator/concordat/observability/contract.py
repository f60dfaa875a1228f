"""
The dashboard of a contract, a child of the ServiceContract.

Its rules come with its providers: each has those of every contract it provides. As long as nobody provides it, there is
nothing to show. In Grafana it is in the folder of the team that provides it, the first where several do.
"""

from typing import Any

from concordat.api import ServiceContract
from concordat.facts import ContractFacts
from concordat.manifest import Manifest, object_name
from concordat.observability.boards import for_operator, for_sidecar
from concordat.observability.dashboards.contract import contract_dashboard
from concordat.observability.dashboards.delivery import file_name
from concordat.observability.subjects import drawn_contract
from concordat.resources import kinds
from concordat.resources.metadata import contract_metadata


def resource(contract: ServiceContract, facts: ContractFacts) -> Manifest | None:
    """A ``GrafanaDashboard``, where grafana-operator is installed."""
    if not facts.providers or kinds.GRAFANA_DASHBOARD.kind not in facts.installed:
        return None

    dashboard = contract_dashboard(drawn_contract(contract, facts))
    return for_operator(dashboard, _metadata(contract), folder=_folder(facts), platform=facts.platform)


def file(contract: ServiceContract, facts: ContractFacts) -> Manifest | None:
    """A ConfigMap, where it is not."""
    if not facts.providers or kinds.GRAFANA_DASHBOARD.kind in facts.installed:
        return None

    dashboard = contract_dashboard(drawn_contract(contract, facts))
    key = file_name(contract.namespace, f"contract_{object_name(contract.name)}")
    return for_sidecar(dashboard, _metadata(contract), folder=_folder(facts), key=key)


def _folder(facts: ContractFacts) -> str:
    return facts.providers[0].spec.team


def _metadata(contract: ServiceContract) -> dict[str, Any]:
    """With a dot, which stands in no name of a service's children: any service may be called like the contract."""
    common = contract_metadata(contract, "dashboard")
    return {**common, "name": f"{object_name(contract.name)}.contract-dashboard"}
