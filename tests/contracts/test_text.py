"""
Text becomes a document within bounds, or is refused with the place.
"""

import time

import pytest

from concordat_contracts import InvalidDocument, parse_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"openapi": "3.1.0"}', {"openapi": "3.1.0"}),
        ("openapi: 3.1.0\npaths: {}", {"openapi": "3.1.0", "paths": {}}),
        ("{a: 1, b: [x, null, ~, true, 1.5, 0x1F, 'y']}", {"a": 1, "b": ["x", None, None, True, 1.5, 31, "y"]}),
        ("a: on\nb: 2027-06-30\nc: 1_000\nd: 0o17", {"a": "on", "b": "2027-06-30", "c": "1_000", "d": 15}),
        ("responses:\n  200: {}\n  default: {}", {"responses": {"200": {}, "default": {}}}),
        ("base: &b {x: 1}\nmore:\n  <<: *b\n  y: 2", {"base": {"x": 1}, "more": {"x": 1, "y": 2}}),
        ("\ufeffa: 1", {"a": 1}),
        ("a: |\n  two\n  lines\nb: !!str 5", {"a": "two\nlines\n", "b": "5"}),
    ],
)
def test_json_and_yaml_become_what_json_can_say(text: str, expected: object) -> None:
    """Dates, times and words such as ``on`` stay text; keys are text."""
    assert expected == parse_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "type Query { a: Int }",
        '# comment\n"""docs"""\ntype Query { a: Int }',
        "schema { query: Q }\ntype Q { a: Int }",
        "directive @x on FIELD\ntype Query { a: Int }",
        "extend type Query { a: Int }",
        "scalar Date",
    ],
)
def test_sdl_is_recognised_and_left_alone(text: str) -> None:
    """GraphQL's text is read by its own parser."""
    assert text == parse_text(text)


@pytest.mark.parametrize("text", ["type: object", "enum: [a]", "input:\n  type: string", "scalar: 5"])
def test_a_schema_in_yaml_is_no_sdl(text: str) -> None:
    """A colon after the first word makes it a mapping."""
    assert isinstance(parse_text(text), dict)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ('{"a": 1,,}', "line 1"),
        ("a: [1, 2", "line"),
        ("a: 1\na: 2", "given twice"),
        ('{"a": 1,\n "b": {"a": 1, "c": [{"x": 1, "\\u0078": 2}]}}', "line 2, column 31: the key 'x' is given twice"),
        ('{"a": "\\"a\\": {", "a" : 2}', "line 1, column 19: the key 'a' is given twice"),
        ("a: !!python/object/apply:os.system [ls]", "tag .* is not allowed"),
        ("a: !secret x", "tag '!secret'"),
        ("? [a, b]\n: 1", "key must be text"),
        ("a: *nowhere", "anchor|alias"),
        ("a: 1\n---\nb: 2", "more than one"),
        (b"\xff\xfe", "UTF-8"),
        ("a: &x [*x]", "anchor"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text: str | bytes, message: str) -> None:
    """The message names line and column, or what to do."""
    with pytest.raises(InvalidDocument, match=message):
        parse_text(text)


def test_a_billion_laughs_cost_nothing() -> None:
    """What aliases expand to is counted before anything is expanded."""
    bomb = "a0: &a0 [x, x]\n" + "\n".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}, *a{i - 1}]" for i in range(1, 60))
    started = time.perf_counter()

    with pytest.raises(InvalidDocument, match="aliases expanded"):
        parse_text(bomb)
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize("text", ["[" * 5000, "a: " + "{a: " * 5000, "- " * 5000 + "a"])
def test_deep_nesting_is_refused_not_recursed_into(text: str) -> None:
    """A parser's stack is no limit of ours."""
    with pytest.raises(InvalidDocument):
        parse_text(text)


def test_too_much_text_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The size is looked at first."""
    monkeypatch.setattr("concordat_contracts.reading.text.MAX_BYTES", 11)

    with pytest.raises(InvalidDocument, match="at most"):
        parse_text("a: 1234567890")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": "\\ud83d\\ude00"}', {"a": "\U0001f600"}),
        (
            '{"a": "\\ud83d\\ude00", "maximum": 123456789012345678901234567890}',
            {"a": "\U0001f600", "maximum": 123456789012345678901234567890},
        ),
        ('{"a": "\\ud83d"}', {"a": "\ud83d"}),
        ('{"a": "one\ttwo"}', {"a": "one\ttwo"}),
        ('\ufeff{"a": 1}', {"a": 1}),
    ],
)
def test_json_is_read_as_json_is_written(text: str, expected: object) -> None:
    """Escaped emoji, numbers beyond 64 bits, half a pair, a bare tab: what generators write."""
    assert expected == parse_text(text)
