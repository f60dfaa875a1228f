"""
Random documents, changes and usages; and whether a consumer judged safe really is.

Bodies are drawn as models (plain trees), from which documents are written with references and ``allOf`` thrown in. Whether an
instance is right is decided on the model by ``jsonschema``, which the comparer does not use.
"""

import copy
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from jsonschema import Draft202012Validator

from concordat_contracts import Matrix, Outcome, Usage, Verdict, compare, judge

Model = dict[str, Any]
_WORDS = ("id", "state", "total", "note", "lines", "buyer", "at")


def unsound(
    trials: int, *, seed: int = 11, usages_a_pair: int = 20, judged: Callable[[Verdict, list[Usage]], Matrix] = judge
) -> list[str]:
    """Every consumer judged safe in ``trials`` that an instance proves otherwise."""
    rng = random.Random(seed)
    wrong: list[str] = []
    for number in range(-(-trials // usages_a_pair)):
        old = [_operation(rng) for _ in range(3)]
        new = [_changed_operation(rng, each) for each in old]
        verdict = compare(_document(rng, old), _document(rng, new))
        for _ in range(usages_a_pair):
            usage = _usage(rng, old)
            (row,) = judged(verdict, [usage]).rows
            if row.outcome is not Outcome.COMPATIBLE:
                continue
            wrong.extend(
                f"pair {number}: {usage.operations} judged safe, yet {why}" for why in _refuted(rng, usage, old, new)
            )
    return wrong


def document_pair(rng: random.Random) -> tuple[dict[str, Any], dict[str, Any]]:
    """A document of one operation and what became of it."""
    old = [_operation(rng)]
    new = [_changed_operation(rng, each) for each in old]
    head = {"info": {"title": "Random", "version": "1.0.0"}}
    return {**_document(rng, old), **head}, {**_document(rng, new), **head}


def large_pair(rng: random.Random, *, operations: int, words: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """A document of so many operations with so many words on each, and a version in which every tenth may have changed."""
    old = [_operation(rng) for _ in range(operations)]
    new = [_changed_operation(rng, each) if rng.random() < 0.1 else each for each in old]
    pair = tuple({**_document(rng, each), "info": {"title": "Large", "version": "1.0.0"}} for each in (old, new))
    for document in pair:
        for item in document["paths"].values():
            item["post"]["description"] = " ".join(rng.choices(_WORDS, k=words))
    return pair[0], pair[1]


def _operation(rng: random.Random) -> Model:
    return {"request": _object(rng, 2), "answer": _object(rng, 3), "is_list": rng.random() < 0.2, "tenant": False}


def _changed_operation(rng: random.Random, operation: Model) -> Model | None:
    if rng.random() < 0.05:
        return None
    changed = copy.deepcopy(operation)
    if rng.random() < 0.1:
        changed["tenant"] = True
    for part in ("request", "answer"):
        for _ in range(rng.choice((0, 0, 1, 1, 2))):
            _change(rng, changed[part])
    return changed


def _object(rng: random.Random, depth: int) -> Model:
    names = rng.sample(_WORDS, rng.randint(1, 4))
    return {
        "kind": "object",
        "properties": {name: _model(rng, depth - 1) for name in names},
        "required": [name for name in names if rng.random() < 0.5],
    }


def _model(rng: random.Random, depth: int) -> Model:
    choice = rng.random()
    if depth > 0 and choice < 0.2:
        return _object(rng, depth)
    if depth > 0 and choice < 0.35:
        return {"kind": "array", "items": _model(rng, depth - 1)}
    leaf: dict[str, Any] = rng.choice(
        [
            {"type": "integer", "minimum": 0, "maximum": rng.choice((9, 11, 99))},
            {"type": "string", "maxLength": rng.choice((3, 5))},
            {"type": "string", "enum": rng.sample("abcde", 3)},
            {"type": "boolean"},
            {"type": ["string", "null"], "maxLength": 4},
        ]
    )
    return {"kind": "leaf", "schema": leaf}


def _change(rng: random.Random, model: Model) -> None:
    """One change somewhere in an object."""
    inner = [each for each in model["properties"].values() if each["kind"] == "object" and each["properties"]]
    if inner and rng.random() < 0.4:
        _change(rng, rng.choice(inner))
        return
    if not model["properties"]:
        return
    name = rng.choice(list(model["properties"]))
    action = rng.randrange(5)
    if action == 0:
        del model["properties"][name]
        model["required"] = [each for each in model["required"] if each != name]
    elif action == 1:
        model["properties"][name] = _model(rng, 1)
    elif action == 2:
        model["required"] = [each for each in model["required"] if each != name]
    elif action == 3:
        model["required"] = sorted({*model["required"], name})
    else:
        new = rng.choice(("fresh", "extra"))
        model["properties"][new] = _model(rng, 1)
        if rng.random() < 0.5:
            model["required"] = sorted({*model["required"], new})


def _document(rng: random.Random, operations: Sequence[Model | None]) -> dict[str, Any]:
    components: dict[str, Any] = {}
    paths: dict[str, Any] = {}
    for index, operation in enumerate(operations):
        if operation is None:
            continue
        answer = _written(rng, operation["answer"], components)
        if operation["is_list"]:
            answer = {"type": "array", "items": answer}
        body = {
            "required": True,
            "content": {"application/json": {"schema": _written(rng, operation["request"], components)}},
        }
        raw: dict[str, Any] = {
            "operationId": f"op{index}",
            "requestBody": body,
            "responses": {"200": {"description": "ok", "content": {"application/json": {"schema": answer}}}},
        }
        if operation["tenant"]:
            raw["parameters"] = [{"name": "tenant", "in": "query", "required": True, "schema": {"type": "string"}}]
        paths[f"/o{index}"] = {"post": raw}
    return {"openapi": "3.1.0", "paths": paths, "components": {"schemas": components}}


def _written(rng: random.Random, model: Model, components: dict[str, Any]) -> dict[str, Any]:
    """A schema for the model, with a reference or an ``allOf`` now and then."""
    if model["kind"] == "leaf":
        return dict(model["schema"])
    if model["kind"] == "array":
        return {"type": "array", "items": _written(rng, model["items"], components)}
    properties = {name: _written(rng, each, components) for name, each in model["properties"].items()}
    schema: dict[str, Any] = {"type": "object", "properties": properties, "required": model["required"]}
    if len(properties) > 1 and rng.random() < 0.2:
        first, *rest = properties
        schema = {
            "allOf": [
                {"type": "object", "properties": {first: properties[first]}},
                {"properties": {name: properties[name] for name in rest}, "required": model["required"]},
            ]
        }
    if rng.random() < 0.3:
        name = f"S{len(components)}"
        components[name] = schema
        return {"$ref": f"#/components/schemas/{name}"}
    return schema


def _usage(rng: random.Random, operations: list[Model]) -> Usage:
    used: dict[str, frozenset[str] | None] = {}
    for index in rng.sample(range(3), rng.randint(1, 2)):
        paths = list(_paths(operations[index]["answer"], ""))
        reads = frozenset(rng.sample(paths, rng.randint(0, min(2, len(paths))))) if rng.random() < 0.8 else None
        used[rng.choice((f"op{index}", f"POST /o{index}"))] = reads
    return Usage(consumer="c", operations=used)


def _paths(model: Model, path: str) -> Iterator[str]:
    if model["kind"] == "object":
        for name, each in model["properties"].items():
            here = f"{path}.{name}" if path else name
            yield here
            yield from _paths(each, here)
    elif model["kind"] == "array":
        yield from _paths(model["items"], f"{path}[]")


def _refuted(rng: random.Random, usage: Usage, old: list[Model], new: Sequence[Model | None]) -> Iterator[str]:
    assert usage.operations is not None
    for name, reads in usage.operations.items():
        index = int(name[-1])
        before, after = old[index], new[index]
        if after is None:
            yield f"{name} is gone"
            continue
        if after["tenant"]:
            yield f"{name} asks for a tenant"
        for _ in range(4):
            sent = _instance(rng, before["request"])
            if not Draft202012Validator(_plain(after["request"])).is_valid(sent):
                yield f"{name} refuses {sent!r}"
            got = _instance(rng, after["answer"])
            for path in list(before["answer"]["properties"]) if reads is None else reads:
                if not _readable(before["answer"], got, path.split(".")):
                    yield f"{name} answers {got!r}, of which {path} is read"


def _readable(model: Model, value: Any, path: list[str]) -> bool:
    """Whether what is read of ``value`` is what the old model promised."""
    step, rest = path[0].replace("[]", ""), path[1:]
    if not isinstance(value, dict):
        return False
    if step not in value:
        return step not in model["required"]
    inner, part = model["properties"][step], value[step]
    if not rest:
        return bool(Draft202012Validator(_plain(inner)).is_valid(part))
    parts = [part]
    while inner["kind"] == "array":
        if not all(isinstance(each, list) for each in parts):
            return False
        inner, parts = inner["items"], [item for each in parts for item in each]
    return all(_readable(inner, each, rest) for each in parts)


def _plain(model: Model) -> Mapping[str, Any]:
    if model["kind"] == "leaf":
        return dict(model["schema"])
    if model["kind"] == "array":
        return {"type": "array", "items": _plain(model["items"])}
    return {
        "type": "object",
        "properties": {name: _plain(each) for name, each in model["properties"].items()},
        "required": model["required"],
    }


def _instance(rng: random.Random, model: Model) -> Any:
    if model["kind"] == "array":
        return [_instance(rng, model["items"]) for _ in range(rng.randint(0, 2))]
    if model["kind"] == "object":
        return {
            name: _instance(rng, each)
            for name, each in model["properties"].items()
            if name in model["required"] or rng.random() < 0.6
        }
    schema = model["schema"]
    if "enum" in schema:
        return rng.choice(schema["enum"])
    if schema["type"] == "integer":
        return rng.choice((0, schema["maximum"], rng.randint(0, schema["maximum"])))
    if schema["type"] == "boolean":
        return rng.random() < 0.5
    return None if "null" in schema["type"] and rng.random() < 0.3 else "x" * rng.randint(0, schema["maxLength"])
