"""
``concordat-lab``: a real Kubernetes on this machine, started and ended by name.

Ends with 0, or with 1 and one line that says what to do.
"""

import argparse
import sys
from collections.abc import Sequence

from concordat_lab.errors import LabError
from concordat_lab.machine.progress import Lines
from concordat_lab.providers.local import DEFAULT_NAME, Local, Options, all_local

EXAMPLES = """\
examples:
  concordat-lab up --without-node            a control plane, in seconds, without root
  concordat-lab up --name ci                 with a real node (root)
  export KUBECONFIG=$(concordat-lab kubeconfig --name ci)
  concordat-lab down --name ci
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    asked = _parser().parse_args(arguments)
    try:
        _COMMANDS[asked.command](asked)
    except LabError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="concordat-lab",
        description="A real Kubernetes on this machine, from ordinary packages.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    named = argparse.ArgumentParser(add_help=False)
    named.add_argument("--name", default=DEFAULT_NAME, help="name of the cluster (default: %(default)s)")
    up = commands.add_parser("up", parents=[named], help="start a cluster")
    up.add_argument("--without-node", action="store_true", help="the control plane alone; needs no root")
    up.add_argument("--simulated-nodes", type=int, default=0, metavar="N", help="nodes that pretend to run their pods")
    down = commands.add_parser("down", parents=[named], help="end a cluster")
    down.add_argument("--purge", action="store_true", help="also remove its images and logs")
    commands.add_parser("kubeconfig", parents=[named], help="print where its kubeconfig is")
    commands.add_parser("list", help="the clusters of this machine")
    return parser


def _up(asked: argparse.Namespace) -> None:
    options = Options(node=not asked.without_node, simulated_nodes=asked.simulated_nodes)
    cluster = Local(asked.name, progress=Lines()).up(options)
    print(f"export KUBECONFIG={cluster.kubeconfig}")


def _down(asked: argparse.Namespace) -> None:
    Local(asked.name).down(purge=asked.purge)


def _kubeconfig(asked: argparse.Namespace) -> None:
    cluster = Local(asked.name)
    if not cluster.running:
        raise LabError(f"the cluster {asked.name} does not run: concordat-lab up --name {asked.name}")
    print(cluster.kubeconfig)


def _list(_asked: argparse.Namespace) -> None:
    for cluster in all_local():
        print(f"{cluster.name:20} {'running' if cluster.running else 'ended':8} {cluster.kubeconfig}")


_COMMANDS = {"up": _up, "down": _down, "kubeconfig": _kubeconfig, "list": _list}


if __name__ == "__main__":
    sys.exit(main())
