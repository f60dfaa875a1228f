"""
The same of GraphQL: queries made from the schema find what a service breaks of it, and nothing where it is kept.
"""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from graphql import build_schema, parse

from concordat_contracts import normal_form
from concordat_contracts.conformance.answer import first_wrong
from concordat_contracts.conformance.graphql import endpoint, limited, operations
from concordat_contracts.conformance.profile import Profile
from concordat_contracts.conformance.run import Trial, run
from concordat_contracts.conformance.verdict import Verdict
from tests.conformance.storefront import BUGS, CONTRACT, HABITS, Storefront
from tests.conformance.test_conformance import command, listening


def tried(bug: str, profile: Profile = Profile.CORE) -> tuple[Verdict, Storefront]:
    storefront = Storefront(bug)
    with listening(storefront.app()) as url:
        trial = Trial(document={"graphql": CONTRACT}, url=url, profile=profile, seconds=1800)
        return run(trial), storefront


@pytest.mark.parametrize("profile", Profile)
def test_a_contract_that_is_kept_raises_no_alarm(profile: Profile) -> None:
    verdict, _ = tried("", profile)
    assert (verdict.conformant, verdict.breaches, verdict.unanswered) == (True, (), ())
    assert verdict.operations == (4 if profile.writes else 3)


@pytest.mark.parametrize("habit", HABITS)
def test_what_the_schema_allows_is_no_breach(habit: str) -> None:
    """Though servers report it as an error."""
    verdict, _ = tried(habit)
    assert (verdict.conformant, verdict.breaches) == (True, ())


@pytest.mark.parametrize("bug", BUGS)
def test_reading_alone_finds(bug: str) -> None:
    """Every one, with a request that shows it again."""
    verdict, storefront = tried(bug)
    assert verdict.conformant is False
    assert all(breach.operation.startswith("Query.") for breach in verdict.breaches)
    assert all("/graphql" in breach.reproducer for breach in verdict.breaches)
    assert storefront.writes == 0


def test_the_strict_profile_tells_of_every_error() -> None:
    verdict, _ = tried("not-found-is-an-error", Profile.STRICT)
    assert verdict.conformant is False


def test_whoever_may_write_does() -> None:
    _, storefront = tried("", Profile.FULL)
    assert storefront.writes


@pytest.mark.parametrize("profile", Profile)
def test_what_may_not_be_called_is_not_even_known(profile: Profile) -> None:
    """A type that is called like a root is none, where it may not be."""
    written = ["Mutation.place"] if profile.writes else []
    assert operations(limited(CONTRACT, profile)) == ["Query.orders", "Query.order", "Query.newest", *written]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://shop", "http://shop/graphql"),
        ("http://shop/", "http://shop/graphql"),
        ("http://shop/api/query", "http://shop/api/query"),
    ],
)
def test_where_it_is_asked(url: str, expected: str) -> None:
    assert endpoint(url) == expected


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"orders": []}, ""),
        ({"orders": None}, "$.orders: null, which [Order!]! never is"),
        ({"orders": {}}, "$.orders: no list, which [Order!] is"),
        ({"orders": [None]}, "$.orders[0]: null, which Order! never is"),
        ({"orders": [3]}, "$.orders[0]: no object, which Order is"),
        ({"orders": [{"state": "LOST"}]}, "$.orders[0].state: LOST is no value of State"),
        ({"orders": [{"state": "OPEN", "n": "9.5"}]}, "$.orders[0].n: '9.5' is no Float"),
        ({"orders": [{"state": "OPEN", "n": True}]}, "$.orders[0].n: 'True' is no Float"),
        ({"orders": [{"state": "OPEN", "n": 9, "placed": {"any": "thing"}}]}, ""),
        (
            {"orders": [{"__typename": "Order", "state": "OPEN", "n": 9}]},
            "$.orders[0]: placed was asked for and is missing",
        ),
        ({"newest": {"name": 3}}, "$.newest.name: '3' is no String"),
        ({"newest": {"__typename": "Order", "name": 3}}, ""),
        (None, ""),
    ],
)
def test_an_answer_is_held_against_the_schema(data: Any, said: str) -> None:
    """With aliases and fragments; what an abstract type turned out to be counts where it is told."""
    query = "{ orders { __typename state n: total placed } newest { ... on Customer { name } ... { id } } }"
    assert first_wrong(build_schema(CONTRACT), parse(query), data) == said


def test_the_program_of_the_job_reads_the_normal_form(tmp_path: Path) -> None:
    """And is told where the API answers by the path of the address."""
    (tmp_path / "document.json").write_bytes(normal_form(CONTRACT))
    with listening(Storefront("field-is-gone").app()) as url:
        done = _ran("-m", "concordat_contracts.conformance", f"{url}/graphql", str(tmp_path / "document.json"))
        lost = _ran("-m", "concordat_contracts.conformance", f"{url}/elsewhere", str(tmp_path / "document.json"))
    assert (done.returncode, "Cannot query field 'total'" in done.stdout) == (1, True), done.stderr
    assert lost.returncode == 1, lost.stdout


def test_the_command_takes_a_schema(tmp_path: Path) -> None:
    (tmp_path / "shop.graphql").write_text(CONTRACT)
    with listening(Storefront().app()) as url:
        done = command("contract", "conform", url, str(tmp_path / "shop.graphql"))
    assert (done.returncode, "no breach" in done.stdout) == (0, True), done.stdout + done.stderr


@pytest.mark.parametrize("sdl", ["type Query", "type Query { a: Nowhere }", "type Mutation { a: Int }", ""])
def test_what_cannot_be_tried_says_so(sdl: str) -> None:
    verdict = run(Trial(document={"graphql": sdl}, url="http://127.0.0.1:1"))
    assert (verdict.conformant, bool(verdict.summary)) == (None, True)


def _ran(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False, timeout=120)
