"""
``concordat explain``: where each generated field comes from.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby

import orjson
import rich_click as click
from rich.table import Table

from concordat.cli import files
from concordat.cli.offline import World
from concordat.cli.output import emit_json, fail, out, output_option, styled
from concordat.plan.explain import Cause, Origin, Source, explain

_COLOURS = {Source.SPEC: "green", Source.TIER: "cyan", Source.DEFAULT: "cyan", Source.RULE: "dim"}
_WIDEST_VALUE = 48
_OF_EVERY_OBJECT = ("apiVersion", "kind", "metadata")


@click.command("explain")
@click.argument("filename")
@click.argument("fields", nargs=-1)
@click.option("-n", "--namespace", default="default", show_default=True, help="Namespace of what does not state one.")
@click.option("--rules/--no-rules", default=True, show_default=True, help="Also the fields nobody can change, and why.")
@click.option("--metadata", is_flag=True, help="Also names, labels and owners of every object.")
@output_option
def explain_command(
    filename: str, fields: Sequence[str], namespace: str, rules: bool, metadata: bool, output: str
) -> None:
    """
    Where every field generated from FILENAME comes from: the spec, a default of the tier, another service, or a rule.

    FIELDS narrow it down: a kind, a part of a path, or both joined by a slash.

    \b
    Examples:
      concordat explain orders.yaml
      concordat explain orders.yaml Deployment/replicas HorizontalPodAutoscaler
      concordat explain orders.yaml --no-rules -o json
    """
    documents = files.read([filename])
    found = files.microservices(documents, namespace=namespace)
    if not found:
        fail(f"no Microservice in {filename}")
    world = World(files.declared(documents, namespace=namespace), namespace=namespace)
    origins = [
        origin
        for service, _ in found
        for origin in explain(service, world.facts(service))
        if _wanted(origin, fields)
        and (rules or any(cause.source is not Source.RULE for cause in origin.causes))
        and (metadata or not origin.path.startswith(_OF_EVERY_OBJECT))
    ]
    if output == "json":
        emit_json({"fields": [_plain(origin) for origin in origins]})
        return
    if not origins:
        fail(
            f"nothing generated matches {', '.join(fields)}"
            if fields
            else "nothing is generated: `concordat lint` says why"
        )
    for child, of_child in groupby(origins, key=lambda origin: origin.child):
        out.print(_table(str(child), of_child), soft_wrap=False)


def _wanted(origin: Origin, fields: Sequence[str]) -> bool:
    def matches(field: str) -> bool:
        kind, slash, path = field.partition("/")
        if slash:
            return kind.lower() == origin.child.kind.lower() and path in origin.path
        return field.lower() == origin.child.kind.lower() or (bool(origin.path) and field in origin.path)

    return not fields or any(map(matches, fields))


def _table(title: str, origins: Iterable[Origin]) -> Table:
    table = Table(title=styled(title, "bold"), title_justify="left", box=None, pad_edge=False, header_style="dim")
    table.add_column("field", overflow="fold", ratio=4)
    table.add_column("value", overflow="fold", ratio=3)
    table.add_column("comes from", overflow="fold", ratio=5)
    for origin in origins:
        value = "" if not origin.path else orjson.dumps(origin.value).decode()
        shown = value if len(value) <= _WIDEST_VALUE else f"{value[: _WIDEST_VALUE - 1]}…"
        causes = styled("; ".join(map(str, origin.causes)), _colour(origin.causes))
        table.add_row(styled(origin.path or "(it exists)"), styled(shown), causes)
    return table


def _colour(causes: Sequence[Cause]) -> str:
    return _COLOURS.get(causes[0].source, "yellow") if causes else ""


def _plain(origin: Origin) -> dict[str, object]:
    return {
        "kind": origin.child.kind,
        "name": origin.child.name,
        "path": origin.path,
        "value": origin.value,
        "causes": [{"source": str(cause.source), "where": cause.where, "why": cause.why} for cause in origin.causes],
    }


COMMANDS = [explain_command]
