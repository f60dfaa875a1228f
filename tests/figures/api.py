"""
What people may write: a thousand generated resources in a real cluster.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.api.population import generated, tried
from tests.api.server import Server
from tests.engine.cluster import started
from tests.engine.rig import OperatorProcess
from tests.figures.engine.figure import exactly

COUNT = 1000


def generated_wrong(count: int = COUNT) -> dict[str, Any]:
    """Admitted ones that do not converge or lack a child, and refused ones that do not say which field."""
    resources = generated(count)
    # No node: what is measured is whether everything is built, and thousands of pods would only take the time.
    with (
        TemporaryDirectory() as folder,
        started() as cluster,
        OperatorProcess(cluster.kubeconfig, Path(folder) / "operator.log") as operator,
    ):
        operator.wait_until_working()
        server = Server(cluster.kubeconfig, Path(folder))
        with server.http:
            outcome = tried(server, resources)
        restarted = operator.poll() is not None
    return exactly(
        "generated_wrong",
        len(outcome.wrong) + restarted,
        0,
        "resources",
        tried=len(resources),
        admitted=outcome.admitted,
        refused=outcome.refused,
        reported=outcome.reported,
        wrong=outcome.wrong[:20],
    )


FIGURES = (generated_wrong,)
