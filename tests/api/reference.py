"""
Reference tables of a resource's fields, from its schema.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from concordat.api.schema.base import VALIDATIONS


def table(schema: Mapping[str, Any], path: str, raw: Mapping[str, Any]) -> Iterator[str]:
    """A row for each field of an object; ``raw`` is the model's own schema, which still knows defaults."""
    required = schema.get("required", [])
    yield "| field | type | meaning |"
    yield "|---|---|---|"
    for name, field in sorted(schema["properties"].items(), key=lambda item: (item[0] not in required, item[0])):
        shown = f"**`{name}`**" if name in required else f"`{name}`"
        if _inner(field) is not None:
            shown = f"[{shown}](#{_anchor(_below(path, name, field))})"
        yield f"| {shown} | {_type(field)} | {_sentence(field, _default(f'{path}.{name}', raw))} |"


def objects(schema: Mapping[str, Any], path: str, raw: Mapping[str, Any]) -> Iterator[str]:
    """A section for each object inside, in the order of the types."""
    for name, field in schema["properties"].items():
        inner = _inner(field)
        if inner is None:
            continue
        below = _below(path, name, field)
        yield f"### `{below}`"
        yield ""
        yield inner.get("description", "").replace("\n", " ")
        yield ""
        yield from table(inner, below, raw)
        rules = [rule["message"] for rule in inner.get(VALIDATIONS, [])]
        if rules:
            yield ""
            yield from (f"- {rule}" for rule in rules)
        yield ""
        yield from objects(inner, below, raw)


def _inner(field: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The object a field is, or holds."""
    for candidate in (field, field.get("items", {}), field.get("additionalProperties", {})):
        if isinstance(candidate, Mapping) and "properties" in candidate:
            return candidate
    return None


def _below(path: str, name: str, field: Mapping[str, Any]) -> str:
    suffix = "[]" if "items" in field else ".NAME" if "additionalProperties" in field else ""
    return f"{path}.{name}{suffix}"


def _anchor(heading: str) -> str:
    """As GitHub makes it."""
    return "".join(letter for letter in heading.lower() if letter.isalnum() or letter in "-_")


def _type(field: Mapping[str, Any]) -> str:
    if "enum" in field:
        return " or ".join(f"`{value}`" for value in field["enum"])
    if field.get("x-kubernetes-int-or-string"):
        return "quantity"
    match field.get("type"):
        case "integer" | "number":
            return f"number, {field['minimum']} to {field['maximum']}"
        case "boolean":
            return "`true` or `false`"
        case "array":
            inner = field["items"]
            return f"list of {'objects' if 'properties' in inner else 'texts'}, at most {field['maxItems']}"
        case "object" if "additionalProperties" in field:
            inner = field["additionalProperties"]
            return f"{'objects' if 'properties' in inner else 'texts'} by name, at most {field['maxProperties']}"
        case "object":
            return "object"
    return f"text, at most {field['maxLength']}"


def _sentence(field: Mapping[str, Any], default: Any) -> str:
    """What it means, what is refused, what it is if left out."""
    items = field.get("items", {})
    rules = [] if field.get("properties") else field.get(VALIDATIONS, [])
    rules = [*rules, *([] if "properties" in items else items.get(VALIDATIONS, []))]
    said = [field["description"].replace("\n", " "), *dict.fromkeys(_capital(rule["message"]) + "." for rule in rules)]
    if isinstance(default, str | bool | list) and default not in ([], None):
        said.append(f"Default: `{yaml.safe_dump(default, default_flow_style=True).splitlines()[0]}`.")
    return " ".join(said).replace("|", "\\|")


def _default(path: str, raw: Mapping[str, Any]) -> Any:
    """What a field is if left out; None where it depends."""
    schema: Any = {"$ref": "/Root"}
    definitions = raw.get("$defs", {}) | {"Root": raw}
    default = None
    for step in path.replace("[]", ".ITEM").split(".")[1:]:
        options = [schema, *schema.get("anyOf", [])]
        schema = next(
            definitions[one["$ref"].rsplit("/", 1)[1]] if "$ref" in one else one
            for one in options
            if one.keys() & _HOLDS
        )
        schema = (
            schema["items"]
            if step == "ITEM"
            else schema.get("properties", {}).get(step) or schema["additionalProperties"]
        )
        default = schema.get("default")
    return default


_HOLDS = {"$ref", "properties", "items", "additionalProperties"}


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
