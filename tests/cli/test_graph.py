"""
Who consumes whom, from declarations.
"""

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import yaml
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from concordat.cli.main import main
from concordat.cli.offline import World
from concordat.cli.service.drawing import graph_svg
from concordat.world.graph import Edge, as_dot, as_mermaid, as_text, cycles, ranks


def _service(reference: str, **spec: object) -> dict[str, Any]:
    namespace, name = reference.split("/")
    return {
        "apiVersion": "concordat.dev/v1alpha1",
        "kind": "Microservice",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"team": "checkout", "image": "example.com/x:11", "ports": {"http": {"port": 8011}}, **spec},
    }


def test_a_name_without_namespace_is_the_consumers_own() -> None:
    """``payments`` in shop means shop/payments."""
    services = [_service("shop/orders", consumes=[{"service": "payments"}]), _service("shop/payments")]

    assert (Edge(consumer="shop/orders", provider="shop/payments"),) == World(services).edges


def test_a_contract_leads_to_whoever_provides_it() -> None:
    """Consumers may name the contract and need not know the service behind it."""
    services = [
        _service("shop/orders", consumes=[{"contract": "payments-api"}]),
        _service("shop/payments-eu", provides=["payments-api"]),
    ]

    edge = Edge(consumer="shop/orders", provider="shop/payments-eu", contract="shop/payments-api")
    assert (edge,) == World(services).edges


def test_an_edge_across_namespaces_needs_the_providers_consent() -> None:
    """Without ``access.namespaces`` the edge is there for all to see, and closed."""
    consumer = _service("shop/orders", consumes=[{"service": "stock/depot"}, {"service": "stock/lager"}])
    providers = [_service("stock/depot", access={"namespaces": ["shop"]}), _service("stock/lager")]

    assert ["open", "unconsented"] == [edge.state for edge in World([consumer, *providers]).edges]


def test_what_nobody_provides_is_missing() -> None:
    """The name that was asked for stays visible."""
    assert (Edge(consumer="shop/orders", provider="shop/absent", state="missing"),) == World(
        [_service("shop/orders", consumes=[{"service": "absent"}])]
    ).edges


def _pairs(text: str) -> list[Edge]:
    return [Edge(consumer=pair[0], provider=pair[1]) for pair in text.split()]


def test_circles_are_found_whole() -> None:
    """Every group that reaches itself, a service that uses itself included; a chain is none."""
    assert (("a", "b", "c"), ("d", "e"), ("h",)) == cycles(_pairs("ab bc ca cd de ed fg hh"))


def test_a_chain_longer_than_pythons_stack_is_walked() -> None:
    """Five thousand services in a row are no circle and no crash."""
    assert () == cycles([Edge(consumer=f"{n}", provider=f"{n + 1}") for n in range(5000)])


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef")), max_size=15))
def test_every_service_stands_in_one_column(pairs: list[tuple[str, str]]) -> None:
    """Circles or not: a drawing shows each service once."""
    found = [Edge(consumer=consumer, provider=provider) for consumer, provider in pairs]

    placed = [name for column in ranks("abcdef", found) for name in column]

    assert sorted("abcdef") == sorted(placed)


def test_written_forms_hold_every_edge() -> None:
    """Text, Mermaid and DOT tell the same story, closed edges marked."""
    names = ["shop/orders", "shop/payments"]
    found = [Edge(consumer="shop/orders", provider="shop/absent", state="missing"), *_pairs("xy")]

    assert "└─ shop/absent  (missing)" in as_text(names, found)
    assert '-. "missing" .->' in as_mermaid(names, found)
    assert '"shop/orders" -> "shop/absent" [style=dashed, label="missing"];' in as_dot(names, found)


def test_criticality_and_contract_are_told() -> None:
    """What could be done without is dashed; the contract stands beside the arrow."""
    consumer = _service("shop/orders", consumes=[{"contract": "payments-api", "criticality": "soft"}])
    provider = _service("shop/payments", provides=["payments-api"])

    (found,) = edges = World([consumer, provider]).edges

    assert (
        Edge(consumer="shop/orders", provider="shop/payments", criticality="soft", contract="shop/payments-api")
        == found
    )
    assert "└─ shop/payments  (soft, shop/payments-api)" in as_text(["shop/orders"], edges)
    assert '-. "soft, shop/payments-api" .->' in as_mermaid([], edges)
    assert '[style=dashed, label="soft, shop/payments-api"];' in as_dot([], edges)
    assert "shop/orders uses shop/payments: open, soft, shop/payments-api" in graph_svg([], edges)


def test_promises_that_do_not_fit_are_said_beside_the_graph(tmp_path: Path) -> None:
    """The graph of files, whose callers retry on both levels."""
    services = [
        _service("shop/orders", consumes=[{"service": "payments", "retries": 1}]),
        _service("shop/payments", consumes=[{"service": "ledger", "retries": 2}]),
        _service("shop/ledger"),
    ]
    (tmp_path / "services.yaml").write_text(yaml.safe_dump_all(services))

    answer = CliRunner().invoke(main, ["graph", "-f", str(tmp_path), "-o", "json"])

    (said,) = json.loads(answer.stdout)["promises"]
    assert ("shop/orders", "RetriesMultiply", "spec.consumes[0].retries") == (
        said["service"],
        said["reason"],
        said["path"],
    )
    assert "2 attempts here times 3 beneath (shop/payments -> shop/ledger) make 6 calls" in said["message"]
    assert "RetriesMultiply: shop/orders" in answer.stderr


def test_a_folder_without_services_is_said_to_have_none(tmp_path: Path) -> None:
    """An empty drawing would look like services that do not know each other."""
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "service.yaml").write_text(yaml.safe_dump(_service("shop/orders")))

    for output in ("text", "mermaid", "json"):
        answer = CliRunner().invoke(main, ["graph", "-f", str(tmp_path), "-o", output])
        assert f"no Microservices in {tmp_path}; of a folder its own *.yaml are read" in answer.stderr
    assert "" == CliRunner().invoke(main, ["graph", "-f", str(tmp_path)]).stdout


def test_the_picture_is_well_formed_whatever_a_service_is_called() -> None:
    """Names are text in the SVG, never markup."""
    drawn = graph_svg(['<script x="&">'], [Edge(consumer='<script x="&">', provider="b")])

    texts = [element.text for element in ElementTree.fromstring(drawn).iter() if element.tag.endswith("}text")]

    assert ['<script x="&">', "b"] == texts
    assert not re.search("<script", drawn)
