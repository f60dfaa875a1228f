"""
The operator's image, as far as it can be judged without building it; ``tests/e2e`` builds and runs it.
"""

import re
import tomllib

import pytest

from tests.chart.helm import Helm, only
from tests.chart.pages import ROOT

OPERATOR = ROOT / "operator"
LOCKS = ("requirements.lock", "conformance.lock")


@pytest.mark.parametrize("lock", LOCKS)
def test_an_images_lock_pins_what_the_projects_lock_pins(lock: str) -> None:
    """What is tested is what runs: ``make lock`` writes all."""
    everything = _pinned((ROOT / "requirements.lock").read_text())
    pinned = _pinned((OPERATOR / lock).read_text())

    assert {} == {name: version for name, version in pinned.items() if everything.get(name) != version}


def test_what_tries_a_service_holds_no_operator() -> None:
    """And the other way round: each image has what it needs."""
    pinned = _pinned((OPERATOR / "conformance.lock").read_text())

    assert {"orjson", "schemathesis"} <= pinned.keys()
    assert set() == {"kopf", "kubernetes", "cryptography"} & pinned.keys()


def test_the_operators_lock_holds_every_runtime_dependency_and_no_tool() -> None:
    """The official client alone would be half of a small operator's memory."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    comparer = tomllib.loads((OPERATOR / "concordat_contracts" / "pyproject.toml").read_text())["project"]
    needed = {re.split(r"[<>=~! \[]", one)[0] for one in (*project["dependencies"], *comparer["dependencies"])}
    needed.remove(comparer["name"])  # the image holds its source
    operators = _pinned((OPERATOR / "requirements.lock").read_text())

    assert needed <= operators.keys()
    assert set() == {"kubernetes", "rich", "pytest", "schemathesis"} & operators.keys()


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_pinned_by_hash_and_named_by_no_address(lock: str) -> None:
    """Where packages come from is the business of who builds."""
    text = (OPERATOR / lock).read_text()

    assert text.count("==") <= text.count("--hash=sha256:")
    assert "://" not in text


def test_image_and_chart_agree_on_user_and_port(helm: Helm) -> None:
    """The chart's security context says aloud what the image does anyway."""
    dockerfile = (OPERATOR / "Dockerfile").read_text()
    pod = only(helm.manifests({}), "Deployment")["spec"]["template"]["spec"]
    context = pod["securityContext"]
    ports = " ".join(str(port["containerPort"]) for port in pod["containers"][0]["ports"])

    assert f"\nUSER {context['runAsUser']}:{context['runAsGroup']}\n" in dockerfile
    assert f"\nEXPOSE {ports}\n" in dockerfile


def _pinned(lock: str) -> dict[str, str]:
    return dict(re.findall(r"(?m)^([a-z0-9._-]+)==([^ \\]+)", lock))
