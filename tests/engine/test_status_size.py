"""
How large a status becomes, at all its bounds.
"""

import json

from concordat.api import MicroserviceStatus, ServiceContractStatus, parse_contract
from concordat.api.contract_status import AcceptedVersion
from concordat.errors import Problem
from concordat.facts import Platform
from concordat.gate import Assessment, Case, Change, InForce, decide
from concordat.manifest import ChildKey
from concordat.policies import Violation
from concordat.reconcile.status import ChildOutcome, Judgement, report_contract, size
from concordat.reconcile.status.services import Seen, report

LARGEST = 256 * 1024
HARD = "\x01😀" * 2048


def _bytes(status: ServiceContractStatus | MicroserviceStatus) -> int:
    return len(status.model_dump_json(by_alias=True).encode())


def test_a_contracts_status_fits_etcd_whatever_its_document_holds() -> None:
    """1,024 operations with names of four-byte characters, as many problems as there may be, a thousand consumers."""
    contract = parse_contract(
        {
            "apiVersion": "concordat.dev/v1alpha1",
            "kind": "ServiceContract",
            "metadata": {"name": "a", "namespace": "b"},
            "spec": {"type": "openapi", "version": "1.1.0", "document": {"inline": "x"}},
        }
    )
    names = tuple(f"{'n' * 60}/{'s' * 240}{number:04}" for number in range(1000))
    changes = tuple(
        Change(id="i", severity="warning", location=HARD, message=HARD, consumers=names) for _ in range(200)
    )
    case = Case(
        contract=contract,
        in_force=InForce(versions=(("1.0.0", "d"),), state="active"),
        assessment=Assessment(
            digest="e",
            operations=tuple("😀" * 250 + f"{number:06}" for number in range(1024)),
            breaks=changes,
            warnings=changes,
            harms=changes,
            verdicts=dict.fromkeys(names, "breaking"),
        ),
        users=names,
    )
    many = tuple(Problem(path="p" * 2000, message=HARD) for _ in range(64))
    built = tuple(
        ChildOutcome(
            key=ChildKey(kind="ConfigMap", name=f"{number}-{'n' * 240}"), fingerprint="f" * 64, reason="r", message=HARD
        )
        for number in range(8)
    )
    version = AcceptedVersion(version="1" * 64, digest="d" * 64, config_map="c" * 300)
    for decision in (
        decide(case),
        decide(case).__class__(accepted=True, comes_into_force=False, verdicts=decide(case).verdicts),
    ):
        seen = Judgement(
            generation=1,
            contract=contract,
            case=case,
            decision=decision,
            built=built,
            left_out=many,
            versions=(version,) * 64,
        )
        status = report_contract(ServiceContractStatus(), seen, now="2027-01-02T03:04:05Z")
        assert _bytes(status) < LARGEST
        assert status.consumer_count == 1000
        assert status.problems[-1].message.startswith("and ")


def test_a_services_status_fits_etcd_whatever_goes_wrong() -> None:
    """Every child refused with the longest message, and more violations than there is room for."""
    children = tuple(
        ChildOutcome(
            key=ChildKey(kind="HorizontalPodAutoscaler", name=f"{number}-{'n' * 240}"), reason="r", message=HARD
        )
        for number in range(20)
    )
    violations = tuple(Violation(reason="R", problem=Problem(path=HARD, message=HARD)) for _ in range(300))
    status = report(
        MicroserviceStatus(),
        Seen(generation=1, children=children, violations=violations, platform=Platform()),
        now="2027-01-02T03:04:05Z",
    )
    assert _bytes(status) < LARGEST
    assert (
        status.problems[-1].message == f"and {300 + 20 - len(status.problems) + 1} more"
        or "more" in status.problems[-1].message
    )


def test_a_text_is_cut_by_its_bytes_and_kept_when_it_fits() -> None:
    """Never within a character."""
    assert size.shortened("short") == "short"
    for text in ("a" * 5000, "😀" * 5000, "\x01" * 5000, HARD):
        cut = size.shortened(text, 1000)
        assert cut.endswith("…")
        assert text.startswith(cut[:-1])
        assert 900 < len(json.dumps(cut, ensure_ascii=False).encode()) <= 1001
