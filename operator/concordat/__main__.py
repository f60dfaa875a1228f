"""
``python -m concordat``: run the operator.
"""

import asyncio
import sys

import kopf
import uvloop

import concordat.handlers  # noqa: F401  registers with Kopf
from concordat.errors import InvalidInput
from concordat.reconcile import configuration


def main() -> int:
    """Until a signal; 0 after an orderly end, 2 when the configuration cannot be used."""
    try:
        configured = configuration.read()
    except InvalidInput as invalid:
        for problem in invalid.problems:
            print(f"concordat: {problem}", file=sys.stderr)
        return 2
    kopf.configure(
        debug=configured.log_level == "debug",
        quiet=configured.log_level in ("warning", "error"),
        log_format=kopf.LogFormat.JSON if configured.log_format == "json" else kopf.LogFormat.FULL,
    )
    namespaces = configured.engine.namespaces
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(kopf.operator(standalone=True, clusterwide=not namespaces, namespaces=namespaces))
    return 0


if __name__ == "__main__":
    sys.exit(main())
