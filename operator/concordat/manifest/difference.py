"""
What differs between two manifests, field by field, with paths as people write them.

A list is compared by the names of its items where they have names (containers, ports, variables), else by position
after what is equal has been put side by side.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import Enum
from typing import Any

Path = tuple[str | int, ...]
"""Keys of mappings and positions in lists."""


class Absent(Enum):
    """There is no such field."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT


@dataclass(frozen=True, kw_only=True)
class Change:
    """One field, or one whole part, that differs."""

    path: str
    """``spec.template.spec.containers[service].image``."""
    before: Any
    """:data:`ABSENT` where it is new."""
    after: Any
    """:data:`ABSENT` where it is gone."""


def changes(before: Any, after: Any) -> tuple[Change, ...]:
    """Every difference, in the order of ``before``; what is new comes after what was there."""
    return tuple(_changes(before, after, ""))


def leaves(value: Any, path: Path = ()) -> dict[Path, Any]:
    """Every scalar by its path; empty containers as themselves."""
    if isinstance(value, Mapping) and value:
        return {p: v for key, item in value.items() for p, v in leaves(item, (*path, key)).items()}
    if isinstance(value, list | tuple) and value:
        return {p: v for i, item in enumerate(value) for p, v in leaves(item, (*path, i)).items()}
    return {path: value}


def moved(before: Any, after: Any, path: Path = ()) -> Iterator[tuple[Path, bool]]:
    """
    Paths of the leaves of ``before`` that are other in ``after``, and whether they are gone there altogether.

    Unlike :func:`changes`, an item of a list whose name changed is still the same item.
    """
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping) and before:
        for key, item in before.items():
            yield from moved(item, after.get(key, ABSENT), (*path, key))
    elif isinstance(before, list) and isinstance(after, list) and before:
        for ours, theirs in _side_by_side(before, after):
            for offset, index in enumerate(ours):
                other = after[theirs[offset]] if len(ours) == len(theirs) else ABSENT
                yield from moved(before[index], other, (*path, index))
    else:
        yield from ((leaf, after is ABSENT) for leaf in leaves(before, path))


def written(path: Path, manifest: Any) -> str:
    """A path in the words of ``manifest``: items of a list by their name where they have one."""
    text, value = "", manifest
    for step in path:
        if isinstance(step, int):
            text += f"[{_name(value, step)}]"
        else:
            text += _key(step)
        value = value[step]
    return text.lstrip(".")


def _changes(before: Any, after: Any, path: str) -> Iterator[Change]:
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in [*before, *(key for key in after if key not in before)]:
            yield from _changes(before.get(key, ABSENT), after.get(key, ABSENT), path + _key(key))
    elif isinstance(before, list) and isinstance(after, list) and _named(before) and _named(after):
        ours, theirs = ({item["name"]: item for item in items} for items in (before, after))
        for name in [*ours, *(name for name in theirs if name not in ours)]:
            yield from _changes(ours.get(name, ABSENT), theirs.get(name, ABSENT), f"{path}[{name}]")
    elif isinstance(before, list) and isinstance(after, list):
        for left, right in _side_by_side(before, after):
            for offset in range(max(len(left), len(right))):
                position = left[offset] if offset < len(left) else right[offset]
                yield from _changes(
                    before[left[offset]] if offset < len(left) else ABSENT,
                    after[right[offset]] if offset < len(right) else ABSENT,
                    f"{path}[{position}]",
                )
    else:
        yield Change(path=path.lstrip("."), before=before, after=after)


def _side_by_side(before: Sequence[Any], after: Sequence[Any]) -> Iterator[tuple[range, range]]:
    """Ranges of positions that belong together, without those that are equal."""
    ours, theirs = ([json.dumps(item, sort_keys=True) for item in items] for items in (before, after))
    for tag, left, right, up, down in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        if tag != "equal":
            yield range(left, right), range(up, down)


def _named(items: Sequence[Any]) -> bool:
    names = [item.get("name") if isinstance(item, Mapping) else None for item in items]
    return all(isinstance(name, str) for name in names) and len(set(names)) == len(names)


def _name(items: Sequence[Any], position: int) -> Any:
    return items[position]["name"] if _named(items) else position


def _key(key: str) -> str:
    return f".{key}" if re.fullmatch(r"[A-Za-z0-9_-]+", key) else f"[{key}]"
