"""
``python -m tests.setup``: what the tests need besides Python packages, fetched before the first of them runs.

Programs of a cluster and Prometheus 3 come from the lab's cache, a release or a build; PostgreSQL, RabbitMQ,
Prometheus 2 and Alertmanager from the distribution. The preview's page is built from its npm packages.
"""

import os
import subprocess
import sys
from pathlib import Path

from concordat_lab.errors import Unavailable
from concordat_lab.machine.progress import Lines
from concordat_lab.programs import binaries, packages

ROOT = Path(__file__).parents[1]

SERVERS = {
    "pg_lsclusters": "postgresql",
    "promtool": "prometheus",
    "amtool": "prometheus-alertmanager",
    "/usr/lib/rabbitmq/bin/rabbitmq-server": "rabbitmq-server",
    "chromium": "chromium",
    "node": "nodejs",
    "npm": "npm",
}
"""Program -> Debian package, for the tests that talk to the real thing."""


def main() -> int:
    progress = Lines(sys.stdout)
    wanted = [
        *binaries.CONTROL_PLANE,
        *binaries.SIMULATED_NODES,
        *binaries.GATEWAY,
        *binaries.PROMETHEUS,
        *binaries.HISTORY,
        "helm",
        "prometheus-operator.yaml",
        "grafana-operator.yaml",
    ]
    needed = dict(SERVERS)
    if os.geteuid() == 0:
        wanted += binaries.NODE
        needed |= packages.NODE | packages.IMAGES
    else:
        progress.note(
            "not root: tests marked `node` are left out; they need containerd, kubelet and network namespaces"
        )
    try:
        packages.ensure(needed, progress)
        binaries.locate(wanted, progress)
        _preview()
    except Unavailable as reason:
        print(f"The tests cannot run: {reason}", file=sys.stderr)
        return 1
    return 0


def _preview() -> None:
    """The page the browser tests look at, and the TypeScript compiler with Grafana's types beside it."""
    if subprocess.run(["make", "--no-print-directory", "preview"], cwd=ROOT, check=False).returncode:
        raise Unavailable("the page of `concordat dashboard preview` could not be built (see above)")


if __name__ == "__main__":
    sys.exit(main())
