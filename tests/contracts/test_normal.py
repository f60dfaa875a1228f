"""
The normal form stands for the document: same verdict, fewer bytes, one digest.
"""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from concordat_contracts import InvalidDocument, Verdict, compare, digest, normal_form, parse_text, read
from tests.contracts.corpus_pairs import Pair, pairs
from tests.contracts.random_contracts import document_pair

FORMATS = ("openapi", "asyncapi", "graphql", "jsonschema")


def _said(verdict: Verdict) -> list[tuple[str, str, str]]:
    return sorted((each.id, each.severity.value, each.location) for each in verdict.findings)


def _normal(document: Any) -> Any:
    return parse_text(normal_form(document))


@pytest.mark.parametrize("name", FORMATS)
def test_comparing_normal_forms_gives_the_verdict_of_the_documents(name: str) -> None:
    """Every pair of the corpus, every finding at its place."""
    for pair in pairs(name):
        try:
            expected = compare(pair.old, pair.new, policy=pair.policy)
        except InvalidDocument:
            continue
        found = compare(_normal(pair.old), _normal(pair.new), policy=pair.policy)
        assert (expected.outcome, _said(expected)) == (found.outcome, _said(found)), pair.name


@pytest.mark.parametrize("seed", range(11, 17))
def test_talk_sprinkled_anywhere_changes_neither_digest_nor_verdict(seed: int) -> None:
    """Descriptions, examples, extensions, order: the same contract."""
    rng = random.Random(seed)
    for _ in range(25):
        old, new = document_pair(rng)
        talkative = _talked(new, rng)
        assert digest(new) == digest(talkative)
        assert _said(compare(old, new)) == _said(compare(_normal(old), talkative))


@pytest.mark.parametrize("name", FORMATS)
def test_the_normal_form_of_a_normal_form_is_itself(name: str) -> None:
    """Stored versions keep their digest when they are read again."""
    for pair in pairs(name):
        for side in _valid(pair):
            once = normal_form(side)
            assert once == normal_form(parse_text(once)), pair.name


def test_names_that_look_like_talk_are_kept() -> None:
    """A property may be called ``description``, a header ``x-request-id``, a scheme ``x-key``, a scope ``tags``."""
    schema = {"type": "object", "properties": {"description": {"type": "string", "description": "talk"}}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Orders", "version": "1.2.3", "description": "talk"},
        "security": [{"x-key": []}],
        "paths": {
            "/a": {
                "get": {
                    "summary": "talk",
                    "responses": {
                        "200": {
                            "description": "talk",
                            "headers": {"x-request-id": {"schema": {"type": "string"}}},
                            "content": {"application/json": {"schema": schema}},
                        }
                    },
                }
            }
        },
    }
    text = normal_form(document).decode()

    assert "talk" not in text
    for kept in ('"description":{"type":"string"}', "x-request-id", "x-key", '"Orders"'):
        assert kept in text


def test_what_is_referred_to_under_an_extension_is_kept() -> None:
    """``$ref: '#/x-shared/A'`` is a reference like any other."""
    answer = {"description": "ok", "content": {"application/json": {"schema": {"$ref": "#/x-shared/A"}}}}
    document = {
        "openapi": "3.1.0",
        "paths": {"/a": {"get": {"responses": {"200": answer}}}},
        "x-shared": {"A": {"type": "object", "x-noise": 1}},
    }
    assert {"A": {"type": "object"}} == _normal(document)["x-shared"]


def test_the_headers_of_a_message_are_a_schema() -> None:
    """An AsyncAPI header may be called ``x-tenant``, and what it refers to is followed."""
    headers = {"type": "object", "properties": {"x-tenant": {"$ref": "#/components/schemas/Tenant"}}}
    document = {
        "asyncapi": "3.0.0",
        "channels": {"a": {"address": "a", "messages": {"m": {"headers": headers, "payload": {"type": "object"}}}}},
        "components": {"schemas": {"Tenant": {"type": "string"}}},
    }
    assert headers == _normal(document)["channels"]["a"]["messages"]["m"]["headers"]
    assert "#/components/schemas/Tenant" in frozenset().union(*read(document).references.of_part.values())  # type: ignore[union-attr]


def test_sdl_is_sorted_and_silent() -> None:
    """Two spellings of a schema have one digest."""
    one = '"talk" type Query { "talk" b(y: Int, x: Int = 1): Int a: E }\nenum E { B A @deprecated(reason: "gone") }'
    other = 'enum E { A @deprecated(reason: "gone") B } type Query { a: E b(x: Int = 1, y: Int): Int }'

    assert digest(one) == digest(other)
    assert "talk" not in normal_form(one).decode()
    assert "gone" in normal_form(one).decode()


def test_numbers_beyond_64_bits_are_kept() -> None:
    """And read back as they were."""
    schema = {"type": "integer", "maximum": 10**30 + 1}

    assert schema == _normal(schema)


def _valid(pair: Pair) -> Iterator[Any]:
    for side in (pair.old, pair.new):
        try:
            read(side)
        except InvalidDocument:
            continue
        yield side


def _talked(node: Any, rng: random.Random, *, named: bool = False) -> Any:
    """The document with things to read for people here and there, its keys in another order."""
    if isinstance(node, list):
        return [_talked(each, rng) for each in node]
    if not isinstance(node, dict):
        return node
    names = ("properties", "paths", "schemas", "content", "responses")
    entries = [(key, _talked(value, rng, named=not named and key in names)) for key, value in node.items()]
    if not named and rng.random() < 0.5:
        extra = {
            "description": "talk",
            "x-note": {"$ref": "nowhere"},
            "examples": {"a": 1},
            "externalDocs": {"url": "/"},
        }
        entries += [(key, value) for key, value in extra.items() if key not in node and rng.random() < 0.5]
    rng.shuffle(entries)
    return dict(entries)
