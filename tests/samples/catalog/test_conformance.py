"""Generated requests against the running service: what the contract promises, the service keeps."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from concordat_contracts import normal_form
from concordat_contracts.conformance.run import Trial, run
from tests.samples.process import ROOT, running

RULES = ROOT / "sample_services/catalog/schemathesis.toml"
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")


def test_the_service_keeps_its_contract(new_database: Callable[[], dict[str, str]], tmp_path: Path) -> None:
    """
    Every operation with valid, invalid and hostile input, and sequences of calls along the links: no check of
    schemathesis fails. The seed makes a failure repeatable.
    """
    with running("catalog", folder=tmp_path, **new_database()) as service:
        while httpx.get(f"{service.url}/readyz", timeout=5).status_code != 200:
            time.sleep(0.1)
        report = subprocess.run(
            [
                *(SCHEMATHESIS, "--no-color", "--config-file", RULES, "run", f"{service.url}/openapi.json"),
                *("--checks", "all", "--max-examples", "25", "--seed", "11", "--request-timeout", "10"),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
    assert 0 == report.returncode, report.stdout[-6000:]
    for phase in ("Examples", "Coverage", "Fuzzing", "Stateful"):
        assert f"✅ {phase}" in report.stdout, report.stdout[-2000:]


def test_a_trial_of_the_published_contract_raises_no_alarm(
    new_database: Callable[[], dict[str, str]], tmp_path: Path
) -> None:
    """As the Job of its ServiceContract asks: reads alone, the document as an accepted version keeps it."""
    document = json.loads((ROOT / "sample_services/catalog/openapi.json").read_text())
    with running("catalog", folder=tmp_path, **new_database()) as service:
        while httpx.get(f"{service.url}/readyz", timeout=5).status_code != 200:
            time.sleep(0.1)
        verdict = run(Trial(document=json.loads(normal_form(document)), url=service.url))
    assert verdict.conformant, verdict.summary
