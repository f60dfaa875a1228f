"""What is known of ``format``: who contains whom, who excludes whom, shapes, and examples on both sides."""

from fractions import Fraction
from functools import lru_cache

import jsonschema_rs

from concordat_contracts.schema.model.keywords import Bound
from concordat_contracts.steps import spend

NUMERIC: dict[str, tuple[Fraction, Fraction]] = {
    "int32": (Fraction(-(2**31)), Fraction(2**31 - 1)),
    "int64": (Fraction(-(2**63)), Fraction(2**63 - 1)),
    "uint32": (Fraction(0), Fraction(2**32 - 1)),
    "uint64": (Fraction(0), Fraction(2**64 - 1)),
    # The largest finite value of IEEE 754 binary32; precision is not a matter of acceptance.
    "float": (-Fraction(2**128 - 2**104), Fraction(2**128 - 2**104)),
}
UNASSERTED = frozenset({"binary", "double", "password", "decimal", "int", "integer", "number", "string"})
"""Hints to people and generators that refuse no value."""

EXAMPLES: dict[str, tuple[str, ...]] = {
    "date": ("2026-01-31", "1999-12-01"),
    "date-time": ("2026-01-31T12:30:00Z", "1999-12-01T00:00:00+01:00"),
    "time": ("12:30:00Z", "00:00:00+01:00"),
    "duration": ("P1D", "PT5M"),
    "email": ("a@example.com", "someone@example.org"),
    "idn-email": ("a@example.com", "user@bücher.example"),
    "hostname": ("example.com", "a"),
    "idn-hostname": ("example.com", "bücher.example"),
    "ipv4": ("192.0.2.1", "10.0.0.1"),
    "ipv6": ("2001:db8::1", "::1"),
    "uri": ("https://example.com/a", "urn:a:b"),
    "uri-reference": ("/a/b", "https://example.com/a", "a", ""),
    "iri": ("https://example.com/ä", "https://example.com/a"),
    "iri-reference": ("/ä", "https://example.com/ä", ""),
    "uri-template": ("/a/{b}", "https://example.com/{id}"),
    "uuid": ("123e4567-e89b-12d3-a456-426614174000", "00000000-0000-4000-8000-000000000000"),
    "json-pointer": ("/a/0", ""),
    "relative-json-pointer": ("1/a", "0#"),
    "regex": ("^a+$", "a", ""),
    "byte": ("YWJj", "AA==", ""),
}
OTHER_EXAMPLES = ("not {a} value\\", "a", "", "0", " ", "%", "1.2.3", "{", "2026-13-41", "((", "a b", "\u00e9")

CONTAINED: dict[str, frozenset[str]] = {
    "email": frozenset({"idn-email"}),
    "hostname": frozenset({"idn-hostname"}),
    "uri": frozenset({"uri-reference", "iri", "iri-reference"}),
    "uri-reference": frozenset({"iri-reference"}),
    "iri": frozenset({"iri-reference"}),
}
EXCLUSIVE = frozenset({"date", "date-time", "time", "duration", "email", "ipv4", "ipv6", "uuid"})
"""No string is of two of these."""
SHAPES = {
    "date": r"^\d{4}-\d{2}-\d{2}$",
    "date-time": r"^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$",
    "uuid": r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$",
    "ipv4": r"^[0-9]{1,3}(\.[0-9]{1,3}){3}$",
    "ipv6": r"^[0-9A-Fa-f:.]{2,45}$",
    "email": r"@",
    "time": r"^\d{2}:\d{2}:\d{2}",
    "duration": r"^P",
}
"""Patterns that every string of the format matches; not every string that matches is of the format."""
CHECKED = frozenset(EXAMPLES) - {"byte"}
"""Formats that the validator asserts."""


def bounds(name: str | None) -> tuple[Bound, Bound] | None:
    """The interval that a numeric format stands for."""
    if name not in NUMERIC:
        return None
    low, high = NUMERIC[name]
    return (low, False), (high, False)


def asserts(name: str | None, *, api: bool) -> bool:
    """Whether a format refuses any string: always where known; unknown ones count in APIs only, where they are contract."""
    if name is None or name in NUMERIC or name in UNASSERTED:
        return False
    return api or name in CHECKED


def is_within(inner: str, outer: str) -> bool:
    """Whether every string of one format is of the other."""
    return inner == outer or outer in CONTAINED.get(inner, ())


@lru_cache(maxsize=256)
def _validator(name: str) -> "jsonschema_rs.Draft202012Validator":
    return jsonschema_rs.Draft202012Validator({"type": "string", "format": name}, validate_formats=True)


def holds(name: str, value: str) -> bool | None:
    """Whether a string is of a format; ``None`` where nobody can tell."""
    if name == "byte":
        return None if value not in EXAMPLES["byte"] else True
    if name not in CHECKED:
        return None
    return _asked(_validator(name), value)


BACKTRACKS = 20_000
"""For one pattern with look-ahead or back references on one text. Others are matched in time linear in the text."""
PATTERN_BYTES = 1024 * 1024
"""Of a compiled pattern."""
_PATTERNS = jsonschema_rs.FancyRegexOptions(backtrack_limit=BACKTRACKS, size_limit=PATTERN_BYTES)


@lru_cache(maxsize=1024)
def _pattern_validator(pattern: str) -> "jsonschema_rs.Draft202012Validator | None":
    try:
        return jsonschema_rs.Draft202012Validator({"pattern": pattern}, pattern_options=_PATTERNS)
    except ValueError:
        return None


def matches(pattern: str, value: str) -> bool | None:
    """Whether a string matches a pattern; ``None`` for what is no pattern."""
    spend(1 + len(value) * len(pattern) // 20_000, "its patterns take too long to match")
    validator = _pattern_validator(pattern)
    return None if validator is None else _asked(validator, value)


def _asked(validator: "jsonschema_rs.Draft202012Validator", value: str) -> bool | None:
    try:
        return validator.is_valid(value)
    except ValueError:  # half a surrogate pair is no text
        return None
