"""
``concordat slo report``: what is left of the budgets, asked of Prometheus.
"""

from collections.abc import Sequence
from math import isnan
from pathlib import Path
from typing import Any

import rich_click as click
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from concordat.api.values.promql import DAY, HOUR
from concordat.cli.output import emit_json, fail, notes, out, output_option, styled
from concordat.cli.parameters import DURATION, prometheus_option
from concordat.cli.prometheus import Prometheus
from concordat.observability.records import TARGET
from concordat.observability.slo.report import Report, SlowRoute, Standing, budget_history, queries, report
from concordat.observability.slo.simulation.burn_down import burn_down

POINTS = 240
"""Of the chart."""


@click.command("report")
@prometheus_option
@click.option("-n", "--namespace", default="", help="Of one namespace; of all if left out.")
@click.option("--service", default="", help="Of one service; of all if left out.")
@click.option("--over", type=DURATION, default="1h", show_default=True, help="Time the slowest routes are taken from.")
@click.option("--since", type=DURATION, default="7d", show_default=True, help="Time the chart goes back.")
@click.option("--svg", type=click.Path(dir_okay=False, path_type=Path), help="Write the burn-down of the budgets here.")
@output_option
def report_command(
    prometheus: str, namespace: str, service: str, over: int, since: int, svg: Path | None, output: str
) -> None:
    """
    What is left of each error budget, how fast it goes, and which routes are slowest.

    Reads what the rules record. Objectives with the least budget come first.

    \b
    Examples:
      concordat slo report --prometheus http://localhost:9090
      concordat slo report -n shop --service orders --svg orders.svg --since 30d
      concordat slo report -o json | jq '.objectives[] | select(.budget_remaining < 0)'
    """
    server = Prometheus(prometheus)
    asked = queries(namespace=namespace, service=service, over=over)
    with notes.status(f"Asking {server.url} ..."):
        answers = {name: server.query(expression) for name, expression in asked.items()}
        if not answers[TARGET]:
            _nothing(server, namespace, service)
        found = report(answers)
        if svg:
            _draw(server, namespace, service, since, svg)
    if output == "json":
        emit_json({"objectives": [*map(_standing, found.standings)], "slowest_routes": [*map(_route, found.routes)]})
        return
    out.print(_table(found))
    if found.routes:
        out.print(_routes_table(found.routes))


def _nothing(prometheus: Prometheus, namespace: str, service: str) -> None:
    known = sorted({f"{s['metric'].get('namespace')}/{s['metric'].get('service')}" for s in prometheus.query(TARGET)})
    if not known:
        fail(
            f"{prometheus.url} records no objective (no series {TARGET}): load the rules `concordat slo rules` prints, "
            "and give them two minutes"
        )
    asked = f"{namespace or '*'}/{service or '*'}"
    fail(f"{prometheus.url} records no objective of {asked}; it does of {', '.join(known[:20])}")


def _draw(prometheus: Prometheus, namespace: str, service: str, since: int, svg: Path) -> None:
    series = prometheus.query_range(
        budget_history(namespace=namespace, service=service), seconds=since, step=max(1, since // POINTS)
    )
    history = {
        "{namespace}/{service} {slo}".format_map({"namespace": "", "service": "", "slo": "", **each["metric"]}): [
            (float(time), float(value)) for time, value in each["values"] if not isnan(float(value))
        ]
        for each in series
    }
    svg.write_text(burn_down(history, title="Error budget left"), encoding="utf-8")
    notes.print(f"wrote {svg}")


def _table(found: Report) -> Table:
    """Of 80 columns, where the terminal has no more: only the first one gives way."""
    table = Table(title="Error budgets, the least first", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.padding = (0, 1, 0, 0)
    table.add_column("objective", overflow="fold", min_width=16)
    burning = (f"burn\n{window}" for window in found.standings[0].burn_rates)
    for heading in ("promised", "bad", "left", *burning, "lasts"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in found.standings:
        table.add_row(
            _named(one),
            f"{100 * one.target:.6g}%",
            _percent(one.error_ratio, digits=3),
            _left(one),
            *(_burn(rate) for rate in one.burn_rates.values()),
            _lasts(one),
        )
    return table


def _named(one: Standing) -> Text:
    """With the alerts that fire for it beneath."""
    lines = [styled(f"{one.namespace}/{one.service}", "bold"), styled(f"{one.slo} {one.window}")]
    return Text("\n").join([*lines, *(styled(alert, "red") for alert in one.alerts)])


def _routes_table(routes: Sequence[SlowRoute]) -> Table:
    table = Table(title="Slowest routes", title_justify="left")
    table.add_column("service")
    table.add_column("route")
    table.add_column("p99", justify="right")
    for one in routes:
        table.add_row(styled(f"{one.namespace}/{one.service}"), styled(one.route), f"{1000 * one.p99:.0f} ms")
    return table


def _percent(share: float | None, *, digits: int) -> str:
    return "-" if share is None else f"{100 * share:.{digits}g}%"


def _left(one: Standing) -> Text:
    if one.budget_remaining is None:
        return Text("not measured", style="yellow")
    colour = "red" if one.budget_remaining < 0 else "yellow" if one.budget_remaining < 0.25 else "green"
    return Text(f"{100 * one.budget_remaining:.1f}%", style=colour)


def _burn(rate: float | None) -> Text:
    if rate is None:
        return Text("-")
    return Text(f"{rate:.1f}", style="red" if rate >= 6 else "yellow" if rate > 1 else "")


def _lasts(one: Standing) -> str:
    if one.budget_remaining is not None and one.budget_remaining <= 0:
        return "gone"
    if one.lasts is None:
        return "-"
    return f"{one.lasts / DAY:.1f}d" if one.lasts >= DAY else f"{one.lasts / HOUR:.1f}h"


def _standing(one: Standing) -> dict[str, Any]:
    return {
        **{name: getattr(one, name) for name in ("namespace", "service", "slo", "team", "tier", "window", "target")},
        "error_ratio": one.error_ratio,
        "budget_remaining": one.budget_remaining,
        "burn_rates": dict(one.burn_rates),
        "lasts_seconds": one.lasts,
        "firing": list(one.alerts),
    }


def _route(one: SlowRoute) -> dict[str, Any]:
    return {"namespace": one.namespace, "service": one.service, "route": one.route, "p99_seconds": one.p99}
