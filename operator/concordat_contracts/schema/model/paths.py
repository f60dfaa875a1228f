"""Places inside an instance, as people write them, and instances that have a value at such a place."""

import re
from enum import Enum
from typing import Any

PLAIN_NAME = re.compile(r"[A-Za-z_][\w-]*\Z")


class Wildcard(Enum):
    """Not one place but any of its kind."""

    ITEM = "[]"
    NAME = ".*"


ANY_ITEM = Wildcard.ITEM
ANY_NAME = Wildcard.NAME
Step = str | int | Wildcard
Path = tuple[Step, ...]


def written(path: Path) -> str:
    """``.items[].sku``; names that are no words are quoted: ``["a b"]``."""
    parts = []
    for step in path:
        if isinstance(step, Wildcard):
            parts.append(step.value)
        elif isinstance(step, int):
            parts.append(f"[{step}]")
        else:
            parts.append(f".{step}" if PLAIN_NAME.match(step) else f'["{step}"]')
    return "".join(parts)


def holding(path: Path, value: Any) -> Any:
    """A schema for the instances that have ``value`` at a place."""
    schema: Any = {"enum": [value]}
    for step in reversed(path):
        if step is ANY_ITEM:
            schema = {"type": "array", "contains": schema}
        elif isinstance(step, int):
            schema = {"type": "array", "prefixItems": [*[True] * step, schema], "minItems": step + 1}
        else:
            name = "any" if isinstance(step, Wildcard) else step
            schema = {"type": "object", "properties": {name: schema}, "required": [name]}
    return schema
