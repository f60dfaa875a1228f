"""
Whatever a document holds, a comparison ends with a verdict or with ``InvalidDocument``.
"""

import copy
import random
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from concordat_contracts import InvalidDocument, compare
from tests.contracts.corpus_pairs import pairs

JUNK: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, "", "x", "$ref", [], [1], ["a"], [None], {}, {"a": 1}, [[]], [{}], "#/x",
    {"$ref": "#"}, {"$ref": "#/components"}, {"$ref": "#/info"}, {"type": "string"},
)  # fmt: skip


@pytest.mark.parametrize("seed", range(11))
def test_junk_anywhere_is_answered(seed: int) -> None:
    """A thousand documents in all with values of the wrong kind, missing or in the wrong place."""
    rng = random.Random(seed)
    documents = [side for name in ("openapi", "asyncapi") for pair in pairs(name) for side in (pair.old, pair.new)]
    for _ in range(100):
        old = copy.deepcopy(rng.choice(documents))
        new = copy.deepcopy(old)
        for document in (old, new):
            for _ in range(rng.randint(0, 2)):
                holder, key = rng.choice(list(_places(document)))
                if rng.random() < 0.25:
                    del holder[key]
                else:
                    holder[key] = copy.deepcopy(rng.choice(JUNK))
        with suppress(InvalidDocument):
            compare(old, new)


@pytest.mark.parametrize("seed", range(4))
def test_junk_in_a_graphql_text_is_answered(seed: int) -> None:
    """Words missing, doubled and out of place: a verdict, or the line that is wrong and what to do."""
    rng = random.Random(seed)
    texts = [text for pair in pairs("graphql") for text in (pair.old, pair.new) if isinstance(text, str)]
    for _ in range(50):
        old = rng.choice(texts)
        words = re.findall(r"\w+|\s+|[^\w\s]", old)
        at = rng.randrange(len(words))
        words[at : at + rng.randint(0, 1)] = rng.choice(([], [rng.choice(words)], ["{"], ["@"], ["!"], ['"'], ["\0"]))
        assert re.match(r"line \d+, column \d+|the schema|nowhere", _refused_at(old, "".join(words)))


def test_a_recursive_all_of_ends() -> None:
    """``A`` is all of ``A`` and more: nothing is unrolled."""
    schema = {"allOf": [{"$ref": "#/components/schemas/A"}, {"properties": {"a": {"$ref": "#/components/schemas/A"}}}]}
    answer = {"description": "ok", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}
    old = {
        "openapi": "3.0.3",
        "paths": {"/a": {"get": {"responses": {"200": answer}}}},
        "components": {"schemas": {"A": schema}},
    }
    new = copy.deepcopy(old)
    new["components"]["schemas"]["A"]["allOf"].append({"required": ["a"]})  # type: ignore[index]

    compare(old, new)
    compare(new, old)


def _refused_at(old: str, new: str) -> str:
    try:
        compare(old, new)
    except InvalidDocument as refusal:
        return refusal.location
    return "nowhere"


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    entries = list(node.items()) if isinstance(node, dict) else list(enumerate(node)) if isinstance(node, list) else []
    for key, value in entries:
        yield node, key
        yield from _places(value)
