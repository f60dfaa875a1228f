"""
The specification by example: a Microservice, the world around it, and what is built for it.

Each folder is a story: ``microservice.yaml``; ``world.yaml``, if others play a part (more Microservices, and a first
document ``installed: [...]`` where optional kinds are missing); then either ``expected.yaml``, the children of the kinds
it names, or ``error.txt``, the refusal; and ``problems.txt``, what is reported besides. ``UPDATE_CASES=1 pytest
tests/cases`` writes the answers anew: read the difference before you commit it.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from concordat.api import parse
from concordat.cli.offline import OPTIONAL, World
from concordat.errors import InvalidInput
from concordat.manifest import PlannedChild
from concordat.plan.service import Plan

STORIES = sorted(path.parent for path in Path(__file__).parent.glob("*/microservice.yaml"))


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_story(story: Path) -> None:
    """What is built, reported or refused is what the story says."""
    manifest = yaml.safe_load((story / "microservice.yaml").read_text())
    try:
        service = parse(manifest)
    except InvalidInput as error:
        compare(story / "error.txt", "".join(f"{problem}\n" for problem in error.problems))
        return

    world, installed = around(story / "world.yaml")
    found = World([*world, manifest], installed=installed)
    planned = found.planned(next(known for known in found.services if known.reference == service.reference))

    compare(story / "problems.txt", problems(planned))
    compare(story / "expected.yaml", children(planned, kinds_in(story / "expected.yaml")))


def compare(file: Path, found: str) -> None:
    """Equal to the file, which is only there when there is something to say."""
    if os.environ.get("UPDATE_CASES"):
        file.unlink(missing_ok=True)
        if found:
            file.write_text(found)
    expected = file.read_text() if file.exists() else ""
    assert expected == found, f"{file.parent.name}/{file.name}"


def around(file: Path) -> tuple[list[dict[str, Any]], frozenset[str]]:
    """The other Microservices, and the optional kinds the cluster serves."""
    documents = list(yaml.safe_load_all(file.read_text())) if file.exists() else []
    if documents and "installed" in documents[0]:
        return documents[1:], frozenset(documents[0]["installed"])
    return documents, OPTIONAL


def problems(planned: Plan) -> str:
    lines = [
        f"{item.problem.severity} {item.reason} {item.problem}\n" for item in (*planned.violations, *planned.notices)
    ]
    return "".join(lines)


def kinds_in(file: Path) -> frozenset[str] | None:
    if not file.exists():
        return None
    return frozenset(document["kind"] for document in yaml.safe_load_all(file.read_text()))


def children(planned: Plan, kinds: frozenset[str] | None) -> str:
    """Kind, name and what follows; labels and owners are the same everywhere and have tests of their own."""
    documents = [reduced(child) for child in planned.children if kinds is None or child.kind.kind in kinds]
    return yaml.dump_all(documents, Dumper=Readable, sort_keys=False, width=120) if documents else ""


def reduced(child: PlannedChild) -> dict[str, Any]:
    rest = {key: value for key, value in child.manifest.items() if key not in ("apiVersion", "kind", "metadata")}
    return {"kind": child.kind.kind, "name": child.manifest["metadata"]["name"]} | rest


class Readable(yaml.SafeDumper):
    """Without anchors: every value stands where it is used."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def test_nothing_is_shared_between_manifests() -> None:
    """A value that stands in two manifests is two values: changing one must not change the other."""
    for story in STORIES:
        try:
            manifest = yaml.safe_load((story / "microservice.yaml").read_text())
            service = parse(manifest)
        except InvalidInput:
            continue
        world, installed = around(story / "world.yaml")
        seen: dict[int, str] = {}
        for child in World([*world, manifest], installed=installed).planned(service).children:
            for value in containers(child.manifest):
                assert id(value) not in seen, f"{story.name}: {child} shares {value} with {seen[id(value)]}"
                seen[id(value)] = str(child.key)


def containers(value: Any) -> list[Any]:
    """Every mapping and list inside, the value itself included."""
    items: Sequence[Any] = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    own = [value] if isinstance(value, dict | list) else []
    return own + [found for item in items for found in containers(item)]
