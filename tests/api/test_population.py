"""
Generated Microservices, applied to a real API server with an operator at work.
"""

import subprocess
from pathlib import Path

import pytest

from concordat_lab.control_plane.controlplane import ControlPlane
from tests.api.population import generated, tried
from tests.api.server import Server


@pytest.mark.controlplane
def test_what_is_admitted_converges_and_what_is_refused_says_which_field(
    control_plane: ControlPlane, operator: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    """Names at their limits, text of every script, valid and damaged specs. A thousand of them: ``generated_wrong``."""
    server = Server(control_plane.kubeconfig, tmp_path)
    with server.http:
        outcome = tried(server, generated(60))

    assert [] == outcome.wrong
    assert operator.poll() is None
    assert min(outcome.admitted, outcome.refused) >= 10
