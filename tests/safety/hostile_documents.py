"""
Documents made to be costly: pairs of versions, each of a kind that doubles, nests, shares, widens, repeats or lies about numbers.

``python -m tests.safety.hostile_documents SECONDS [SEED]`` makes and compares them until the time is over, and prints the worst of each
kind in steps and in CPU seconds. Everything ends as a verdict or as ``InvalidDocument``.
"""

import json
import random
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from concordat_contracts import InvalidDocument, compare, parse_text
from concordat_contracts.steps import MOST_STEPS, account

Random = random.Random
LEAVES: tuple[Any, ...] = (
    {"type": "integer"}, {"type": "string"}, {"type": "integer", "maximum": 5}, {"type": "string", "maxLength": 3}, {"enum": [1, "a"]},
)  # fmt: skip
ATOMS = ("a", "b", "[ab]", ".", r"\d", r"\w", "(?=.*a)", "(?!b)", "(a|b)", "(a+)+", "(a|aa)*", "^", "$", "\u202e", "é")


def chain(rng: Random, leaf: Any) -> Any:
    """Each schema refers to the next several times: in place, as a property, as an item."""
    depth, wide = rng.randint(2, 40), rng.randint(2, 4)
    made: dict[str, Any] = {f"N{depth}": leaf}
    for n in range(depth):
        to = [{"$ref": f"#/components/schemas/N{n + 1}"} for _ in range(wide)]
        word = rng.choice(["allOf", "anyOf", "oneOf", "properties", "prefixItems", "not"])
        if word == "properties":
            names = [f"p{i}" for i in range(wide)]
            made[f"N{n}"] = {"type": "object", "properties": dict(zip(names, to, strict=True)), "required": names}
        elif word == "not":
            made[f"N{n}"] = {"not": {"not": to[0]}}
        elif word == "prefixItems":
            made[f"N{n}"] = {"type": "array", "prefixItems": to, "minItems": wide}
        else:
            made[f"N{n}"] = {word: [{**each, "title": str(i)} for i, each in enumerate(to)]}
    return {"$defs": made, "$ref": "#/components/schemas/N0"}


def nested_arrays(rng: Random, leaf: Any) -> Any:
    """The product of the least lengths."""
    for _ in range(rng.randint(1, 12)):
        leaf = {"type": "array", "minItems": rng.choice([1, 2, 60, 400, 10**9]), "items": leaf}
        leaf |= {"uniqueItems": True} if rng.random() < 0.3 else {}
        leaf |= {"maxItems": rng.choice([300, 350, 1500])} if rng.random() < 0.3 else {}
    return leaf


def patterns(rng: Random, _: Any) -> Any:
    """Look-ahead, repetition of repetitions, many at once."""

    def pattern() -> str:
        parts = [
            rng.choice(ATOMS) + rng.choice(["", "", "*", "+", "{20}", "{1,1000}"]) for _ in range(rng.randint(1, 30))
        ]
        return "".join(parts) if rng.random() < 0.7 else f"({'|'.join(parts)}){{{rng.randint(1, 40)}}}"

    shape = rng.choice(["all", "names", "enum"])
    if shape == "all":
        return {"type": "string", "allOf": [{"pattern": pattern()} for _ in range(rng.randint(1, 12))]}
    if shape == "names":
        made = {pattern(): {"type": "integer", "maximum": n} for n in range(rng.randint(1, 40))}
        return {"type": "object", "patternProperties": made, "additionalProperties": False}
    return {"type": "string", "pattern": pattern(), "enum": ["a" * rng.randint(1, 3000) + str(n) for n in range(300)]}


def numbers(rng: Random, _: Any) -> Any:
    """Divisors with nothing in common, limits beyond floats, many digits."""

    def number() -> Any:
        return rng.choice(
            [
                rng.random(),
                1e308,
                1e-308,
                10 ** rng.randint(1, 3900),
                rng.randint(1, 10**12),
                0.1 + rng.random() * 1e-12,
            ]
        )

    parts = [{"type": "number", "multipleOf": number()} for _ in range(rng.randint(1, 50))]
    return {"allOf": parts, "not": {"multipleOf": number()}, "minimum": -number(), "maximum": number()}


def wide(rng: Random, leaf: Any) -> Any:
    """Many properties, alternatives, values."""
    n = rng.choice([50, 300, 2000])
    shape = rng.choice(["properties", "oneOf", "enum", "dependent", "product"])
    if shape == "properties":
        return {
            "type": "object",
            "properties": {f"p{i}": leaf for i in range(n)},
            "required": [f"p{i}" for i in range(n)],
        }
    if shape == "oneOf":
        return {
            "oneOf": [{"type": "object", "required": [f"p{i}"], "properties": {f"p{i}": leaf}} for i in range(n // 4)]
        }
    if shape == "enum":
        return {"enum": [rng.choice([i, str(i), [i], {"a": i}]) for i in range(n * 5)]}
    if shape == "dependent":
        return {
            "type": "object",
            "dependentSchemas": {
                f"p{i}": {"anyOf": [{"required": [f"q{i}{j}"]} for j in range(5)]} for i in range(n // 20)
            },
        }
    return {
        "allOf": [
            {"anyOf": [{"required": [f"p{i}"], "properties": {f"p{i}": leaf}} for _ in range(5)]}
            for i in range(n // 20)
        ],
        "unevaluatedProperties": False,
    }


KINDS: dict[str, Callable[[Random, Any], Any]] = {
    each.__name__: each for each in (chain, nested_arrays, patterns, numbers, wide)
}
FORMATS = ("openapi 3.0", "openapi 3.1", "swagger", "asyncapi", "jsonschema")


def document(name: str, schema: Any) -> Any:
    """A document of a format around one schema, which may bring definitions along."""
    schemas = schema.pop("$defs", {}) if isinstance(schema, dict) else {}
    if name == "asyncapi":
        return {
            "asyncapi": "3.0.0", "info": {"title": "t", "version": "1"}, "components": {"schemas": schemas},
            "channels": {"c": {"address": "c", "messages": {"m": {"payload": schema}}}},
            "operations": {"o": {"action": "receive", "channel": {"$ref": "#/channels/c"}}},
        }  # fmt: skip
    if name == "jsonschema":
        return json.loads(json.dumps({**schema, "$defs": schemas}).replace("#/components/schemas/", "#/$defs/"))
    if name == "swagger":
        text = json.dumps(schema).replace("#/components/schemas/", "#/definitions/")
        made = json.loads(json.dumps(schemas).replace("#/components/schemas/", "#/definitions/"))
        post = {
            "parameters": [{"in": "body", "name": "b", "schema": json.loads(text)}],
            "responses": {"200": {"description": ""}},
        }
        return {
            "swagger": "2.0",
            "info": {"title": "t", "version": "1"},
            "paths": {"/a": {"post": post}},
            "definitions": made,
        }
    body = {"content": {"application/json": {"schema": schema}}}
    operation = {"requestBody": body, "responses": {"200": {"description": "", **body}}}
    version = {"openapi 3.0": "3.0.3"}.get(name, "3.1.0")
    return {
        "openapi": version, "info": {"title": "t", "version": "1"}, "paths": {"/a": {"post": operation}},
        "components": {"schemas": schemas},
    }  # fmt: skip


def graphql(rng: Random) -> str:
    """Interfaces of interfaces, wide roots, wrong names, quotes without end."""
    n = rng.choice([10, 60, 120])
    shape = rng.choice(["interfaces", "roots", "unknown", "quotes", "deep", "unions"])
    if shape == "interfaces":
        return "type Query { a: I0 }\n" + "\n".join(
            f"interface I{i}{' implements ' + ' & '.join(f'I{j}' for j in range(i)) if i else ''} {{ "
            + " ".join(f"f{j}: {rng.choice(['Int', 'String'])}" for j in range(i + 1)) + " }" for i in range(n)
        )  # fmt: skip
    if shape == "roots":
        fields = " ".join(f"{rng.choice('ab')}{i}(x: Int): T{i % n}" for i in range(n * 20))
        return f"type Query {{ {fields} }}\n" + "\n".join(f"type T{i} {{ a: T{(i * 7 + 1) % n} }}" for i in range(n))
    if shape == "unknown":
        return "type Query { " + " ".join(f"f{i}: Unknown{i}" for i in range(n * 20)) + " }"
    if shape == "quotes":
        return rng.choice(['""" """ ', '"a" ', "# x\n", '"""', '"']) * (n * 50) + rng.choice(
            ["x", "type Query { a: Int }", ""]
        )
    if shape == "deep":
        return f"type Query {{ a: {'[' * n * 20}Int{']' * n * 20} }}"
    members = " | ".join(f"T{i}" for i in range(rng.randint(n // 2, n)))
    return f"type Query {{ a: U }}\nunion U = {members}\n" + "\n".join(f"type T{i} {{ a: Int }}" for i in range(n))


def text(rng: Random) -> str:
    """What the parsers meet: aliases, depth, keys given twice, odd characters, values below extensions."""
    shape = rng.choice(["aliases", "depth", "twice", "extension", "unicode", "quotes"])
    n = rng.randint(2, 3000)
    if shape == "aliases":
        lines = ["a0: &a0 [x, x]", *(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 30))]
        return "\n".join(["openapi: 3.1.0", *lines])
    if shape == "depth":
        return rng.choice(["[" * n, '{"a":' * n, "- " * n, "{a: " * n])
    if shape == "twice":
        return '{"openapi": "3.1.0", ' + ", ".join(['"a": 1'] * n) + "}"
    if shape == "extension":
        return '{"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {}, "x-a": [' + "{}," * n + "{}]}"
    if shape == "unicode":
        return "openapi: 3.1.0\n" + "".join(rng.choice("\u202e\ud7ff\x00\x1b\ufeff\U0001f600é: -") for _ in range(n))
    return "'" * n + '"' * n


def pair(rng: Random) -> tuple[str, Any, Any]:
    """Kind, old, new: parsed documents, or text that has to be."""
    roll = rng.random()
    if roll < 0.15:
        return "graphql", graphql(rng), graphql(rng)
    if roll < 0.25:
        return "text", text(rng), text(rng)
    kind = rng.choice(sorted(KINDS))
    made, name, seed = KINDS[kind], rng.choice(FORMATS), rng.random()
    old, new = (document(name, made(Random(seed), leaf)) for leaf in rng.sample(LEAVES, 2))
    if kind in ("patterns", "numbers") or rng.random() < 0.3:
        new = document(name, made(Random(rng.random()), rng.choice(LEAVES)))
    if rng.random() < 0.5:
        return kind, json.dumps(old), json.dumps(new)
    return kind, old, new


def steps_of(old: Any, new: Any) -> int:
    """What a pair costs, in steps, however it ends."""
    with account() as spent:
        with suppress(InvalidDocument):
            compare(*(parse_text(each) if isinstance(each, str) else each for each in (old, new)))
        return min(spent.spent, MOST_STEPS + 1)


def main(seconds: float, seed: int) -> None:
    """Until the time is over."""
    rng, until = Random(seed), time.monotonic() + seconds
    worst: dict[str, tuple[float, int, str]] = {}
    tried = 0
    while time.monotonic() < until:
        kind, old, new = pair(rng)
        began = time.process_time()
        try:
            steps = steps_of(old, new)
        except Exception as error:
            print("RAISED", kind, type(error).__name__, str(error)[:200], json.dumps([old, new])[:3000], flush=True)
            continue
        took = time.process_time() - began
        tried += 1
        if took > worst.get(kind, (0.0, 0, ""))[0]:
            worst[kind] = (took, steps, json.dumps([old, new])[:100_000])
    for kind, (took, steps, shown) in sorted(worst.items()):
        print(f"{kind}: {took:.2f} s, {steps:,} steps: {shown[:300]}", flush=True)
    print(tried, "pairs")


if __name__ == "__main__":
    sys.setrecursionlimit(10_000)
    main(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)
