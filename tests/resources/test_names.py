"""
Names of children: valid everywhere, stable, and never shared.
"""

import re
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from concordat.manifest import label_value, object_name, suffixed
from tests.api.strategies import names

DNS_1035 = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")


@pytest.mark.parametrize("name", ["orders", "a", "a" * 63, "orders-1a2b3c4d", "x--y"])
def test_a_name_that_kubernetes_takes_stays(name: str) -> None:
    """Children are found under the name the user knows."""
    assert name == object_name(name)


@pytest.mark.parametrize(("name", "kept"), [("a" * 64, "a" * 51), ("1st", "s-1st"), ("orders.v2", "orders-v2")])
def test_another_name_keeps_what_can_be_kept(name: str, kept: str) -> None:
    """Shortened, spelled for DNS, and told apart by a hash of the whole."""
    assert re.fullmatch(f"{kept}--[0-9a-f]{{10}}", object_name(name))


@given(names)
@settings(max_examples=500)
@example("a" * 253)
@example("0")
@example("a--0123456789")
def test_every_name_is_one_of_a_service(name: str) -> None:
    """DNS-1035 and 63 characters: Services are the strictest kind."""
    assert DNS_1035.fullmatch(object_name(name))


@given(st.lists(names, min_size=2, max_size=40, unique=True))
def test_two_services_never_share_a_name(found: list[str]) -> None:
    """Neither by chance nor by choosing a name that looks like the shortened one of somebody else."""
    everybody = {*found, *map(object_name, found)}

    assert len(everybody) == len({object_name(name) for name in everybody})


@given(st.lists(names, min_size=2, max_size=40, unique=True), st.sampled_from([52, 63]))
@example(["a" * 45, "a" * 46], 52)
def test_what_belongs_to_contracts_is_told_apart(found: list[str], longest: int) -> None:
    """A CronJob leaves room for the names of its Jobs."""
    children = {suffixed(name, "trials", longest=longest) for name in {*found, *map(object_name, found)}}

    assert len(children) == len({*found, *map(object_name, found)})
    assert all(len(name) <= longest and DNS_1035.fullmatch(name) and name.endswith("-trials") for name in children)


@given(st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,127}", fullmatch=True))
@example("sha256:" + "0f" * 32)
def test_every_version_is_a_label_value(version: Any) -> None:
    """A tag may be longer than a label, and a digest holds a colon."""
    assert re.fullmatch(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?", label_value(version))
