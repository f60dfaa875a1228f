"""Values as JSON has them: told apart as JSON does, and made of what other readers produce."""

from datetime import date
from typing import Any

import orjson


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal as JSON sees it; Python alone holds ``1`` and ``true`` for equal."""
    try:
        return orjson.dumps(one) == orjson.dumps(other) or (one == other and _in_order(one) == _in_order(other))
    except TypeError:  # whole numbers beyond 64 bits, or deeper than orjson goes
        return False


def _in_order(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def as_json(node: Any) -> Any:
    """A document as JSON would have it: ``200:`` is ``"200"``, ``yes:`` is ``"true"``, a date is its text."""
    if isinstance(node, dict):
        return {
            _as_key(key): ["null" if each is None else as_json(each) for each in value]
            if key == "type" and isinstance(value, list)
            else as_json(value)
            for key, value in node.items()
        }
    if isinstance(node, list):
        return [as_json(each) for each in node]
    return node.isoformat() if isinstance(node, date) else node


def _as_key(key: Any) -> str:
    if key is None or isinstance(key, bool):
        return {None: "null", True: "true", False: "false"}[key]
    return key.isoformat() if isinstance(key, date) else str(key)
