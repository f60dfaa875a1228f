"""
What is survived: a crash at every single write, and an API server that is gone for a minute.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.engine.cluster import Kubectl, started
from tests.engine.kill_plans import Runner, failures
from tests.engine.rig import OperatorProcess, wait_for
from tests.figures.engine.converge import post
from tests.figures.engine.figure import at_least, at_most, exactly

STORM = 200
DOWN_SECONDS = 60


def kill_plans() -> Iterator[dict[str, Any]]:
    """SIGKILL before and after every write of a create and of an update, then a restart: the same end state."""
    with started() as cluster:
        runner = Runner(cluster)
        plans = list(runner.every_plan())
        failed = failures(runner, plans, progress=lambda plan: print(f"  {plan}", file=sys.stderr))
    yield at_least("kill_plans", len(plans), 36, "plans")
    yield exactly("kill_plans_failed", len(failed), 0, "plans", failures=failed[:5])


def outage_converge_seconds() -> dict[str, Any]:
    """From the return of the API server to everything built, by the process that was there before."""
    with started() as cluster:
        kubectl = Kubectl(cluster)
        kubectl("create", "namespace", "outage")
        with OperatorProcess(cluster.kubeconfig, Path(cluster.kubeconfig).with_name("operator.log")) as operator:
            operator.wait_until_working()
            post(cluster, "outage", STORM)  # faster than they can be built
            built_before = _built(operator)
            cluster.kill_apiserver()
            time.sleep(DOWN_SECONDS)
            healthy = operator.get("/healthz")[0]
            cluster.start_apiserver()
            seconds = wait_for(lambda: _built(operator) == STORM, seconds=300, what=operator.said)
            same_process = operator.poll() is None
    return at_most(
        "outage_converge_seconds",
        round(seconds, 1),
        30,
        "s",
        microservices=STORM,
        built_before=built_before,
        down_seconds=DOWN_SECONDS,
        healthy_meanwhile=healthy == 200,
        same_process=same_process,
    )


def _built(operator: OperatorProcess) -> float:
    samples = operator.metrics().items()
    return sum(
        value for name, value in samples if name.startswith("concordat_microservices{") and "Unavailable" in name
    )
