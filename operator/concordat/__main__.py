"""
``python -m concordat``: run the operator.
"""

import asyncio
import gc
import logging
import sys

# Kopf imports the official client where it finds one, to recognise its types: 10 MiB that nobody here uses.
sys.modules.setdefault("kubernetes", None)  # type: ignore[arg-type]

import kopf  # noqa: E402
import uvloop  # noqa: E402

import concordat.handlers  # noqa: E402, F401  registers with Kopf
from concordat.errors import InvalidInput  # noqa: E402
from concordat.reconcile import configuration  # noqa: E402
from concordat_contracts.legible import LegibleFormatter  # noqa: E402


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
    for handler in logging.getLogger().handlers:
        if handler.formatter is not None:
            handler.setFormatter(LegibleFormatter(handler.formatter))
    _collect_less()
    namespaces = configured.engine.namespaces
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(kopf.operator(standalone=True, clusterwide=not namespaces, namespaces=namespaces))
    return 0


def _collect_less() -> None:
    """
    What was imported stays for good and need not be searched for garbage; what a pass leaves is freed without a search.

    A twentieth of our CPU time while much is being built.
    """
    gc.freeze()
    gc.set_threshold(10_000)


if __name__ == "__main__":
    sys.exit(main())
