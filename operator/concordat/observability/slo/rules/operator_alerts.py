"""
Alerts on Concordat itself, on controller-runtime's metrics, and on contracts, which it alone knows of. ``alerts/concordat.yaml`` is generated from here.
"""

from typing import Any

from concordat.observability.slo.rules.objective import Links

_SELECTOR = 'job="concordat"'
_PROVIDERS = '{{ or $labels.team "platform" }}'
"""The team of the service that provides a contract; the platform's where nobody does."""


def operator_group(links: Links) -> dict[str, Any]:
    """One rule group; ``links`` lead to the operator's dashboard and to the runbooks."""
    return {"name": "concordat:operator", "interval": "30s", "rules": [_linked(rule, links) for rule in _rules()]}


def _rules() -> list[dict[str, Any]]:
    return [
        _alert(
            "ConcordatDown",
            f"absent(up{{{_SELECTOR}}} == 1)",
            hold="5m",
            severity="critical",
            summary="Concordat does not run",
            description="No operator has answered for 5 minutes. What runs keeps running; no change and no repair happens.",
        ),
        _alert(
            "ConcordatWithoutLeader",
            f"sum(leader_election_master_status{{{_SELECTOR}}}) == 0",
            hold="5m",
            severity="critical",
            summary="No Concordat leads",
            description="Operators run and none holds the lease: nothing is reconciled.",
        ),
        _alert(
            "ConcordatReconcileErrors",
            f"sum(rate(controller_runtime_reconcile_errors_total{{{_SELECTOR}}}[5m]))"
            f" / sum(rate(controller_runtime_reconcile_total{{{_SELECTOR}}}[5m])) > 0.1",
            hold="15m",
            summary="Concordat fails to reconcile",
            description="{{ $value | humanizePercentage }} of its passes have failed for 15 minutes.",
        ),
        _alert(
            "ConcordatQueueStuck",
            f"max(workqueue_longest_running_processor_seconds{{{_SELECTOR}}}) > 300",
            hold="5m",
            summary="Concordat is stuck on one Microservice",
            description="One pass has been running for {{ $value | humanizeDuration }}; others of the same name wait.",
        ),
        _alert(
            "ConcordatQueueGrowing",
            f"sum(workqueue_depth{{{_SELECTOR}}}) > 100 and sum(deriv(workqueue_depth{{{_SELECTOR}}}[10m])) > 0",
            hold="15m",
            summary="Concordat does not keep up",
            description="{{ $value | humanize }} Microservices wait, and more every minute.",
        ),
        _alert(
            "ConcordatApiErrors",
            f'sum(rate(rest_client_requests_total{{{_SELECTOR},code=~"5..|<error>"}}[5m]))'
            f" / sum(rate(rest_client_requests_total{{{_SELECTOR}}}[5m])) > 0.1",
            hold="10m",
            summary="The API server fails Concordat",
            description="{{ $value | humanizePercentage }} of its requests to the API server fail.",
        ),
        _alert(
            "ConcordatApiThrottled",
            f'sum(rate(rest_client_requests_total{{{_SELECTOR},code="429"}}[5m])) > 0.1',
            hold="15m",
            summary="The API server throttles Concordat",
            description="It is turned away {{ $value | humanize }} times a second (429); changes arrive late.",
        ),
        _alert(
            "ConcordatWatchStale",
            f"max by (kind) (concordat_watch_age_seconds{{{_SELECTOR}}}) > 900",
            hold="5m",
            summary="Concordat hears nothing of a kind",
            description="The API server has said nothing about {{ $labels.kind }} for {{ $value | humanizeDuration }}.",
        ),
        _alert(
            "ConcordatServicesNotReady",
            f'sum(concordat_microservices{{{_SELECTOR},ready!="True"}})'
            f" / sum(concordat_microservices{{{_SELECTOR}}}) > 0.2",
            hold="30m",
            summary="Many Microservices are not ready",
            description="{{ $value | humanizePercentage }} of all Microservices are not ready: more than their teams' doing.",
        ),
        _alert(
            "ConcordatContractNotKept",
            f'max by (contract, team) (concordat_contract_failing{{{_SELECTOR},condition="Conformant"}}) == 1',
            hold="15m",
            team=_PROVIDERS,
            summary="{{ $labels.contract }} is not kept",
            description="The latest trial of the service that provides {{ $labels.contract }} found that it answers"
            " otherwise than the contract says.",
        ),
        _alert(
            "ConcordatContractRefused",
            f'max by (contract, team, reason) (concordat_contract_failing{{{_SELECTOR},condition="Ready"}}) == 1',
            hold="1h",
            team=_PROVIDERS,
            summary="{{ $labels.contract }} is not in force as written",
            description="What {{ $labels.contract }} says has been refused for an hour ({{ $labels.reason }});"
            " services that provide it are not rolled out.",
        ),
    ]


def _alert(
    name: str,
    expr: str,
    *,
    hold: str,
    summary: str,
    description: str,
    severity: str = "warning",
    team: str = "platform",
) -> dict[str, Any]:
    return {
        "alert": name,
        "expr": expr,
        "for": hold,
        "labels": {"severity": severity, "team": team, "service": "concordat"},
        "annotations": {"summary": summary, "description": description},
    }


def _linked(rule: dict[str, Any], links: Links) -> dict[str, Any]:
    urls = {"runbook_url": links.runbook(rule["alert"]), "dashboard_url": links.dashboard}
    return {**rule, "annotations": {**rule["annotations"], **urls}}
