"""Media types and ranges: which of them covers which."""

from collections.abc import Iterable

_SAY_NOTHING = frozenset({"boundary", "charset", "q"})
"""Parameters of the transfer, not of the type."""


def essence(media_type: str) -> str:
    """``Application/JSON; charset=utf-8`` -> ``application/json``."""
    return media_type.partition(";")[0].strip().lower()


def is_same(one: str, other: str) -> bool:
    """Whether two spellings mean the same type."""
    return essence(one) == essence(other) and _agree(one, other)


def covers(wide: str, narrow: str) -> bool:
    """
    Whether every message of ``narrow`` is one of ``wide``.

    ``*/*`` and ``text/*`` cover what is in them; ``application/json`` covers ``application/problem+json``, whose suffix says that
    it can be read as JSON (RFC 6838 section 4.2.8).
    """
    if not _agree(wide, narrow):
        return False
    wide, narrow = essence(wide), essence(narrow)
    if wide in (narrow, "*/*"):
        return True
    wide_type, _, wide_name = wide.partition("/")
    narrow_type, _, narrow_name = narrow.partition("/")
    if wide_type != narrow_type:
        return False
    return wide_name == "*" or narrow_name.endswith("+" + wide_name)


def matching(media_type: str, among: Iterable[str]) -> str | None:
    """The same type among others; an exact spelling goes first."""
    others = list(among)
    if media_type in others:
        return media_type
    return next((each for each in others if is_same(each, media_type)), None)


def _agree(one: str, other: str) -> bool:
    """Whether no parameter tells them apart (``version=1`` and ``version=2``); how characters are encoded does not."""
    ours, theirs = _parameters(one), _parameters(other)
    return all(theirs[name] == value for name, value in ours.items() if name in theirs)


def _parameters(media_type: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in media_type.split(";")[1:])
    named = {name.strip().lower(): value.strip().strip('"').lower() for name, _, value in pairs}
    return {name: value for name, value in named.items() if name not in _SAY_NOTHING}
