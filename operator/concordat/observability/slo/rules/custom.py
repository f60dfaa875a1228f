"""
Indicators an author writes: two counters, judged on the parser's tree and written anew.

Nothing of the author's text reaches a rule. ``up{job="a\\"} or up{"}`` parses cleanly as one selector, and so it is
treated: as one matcher with an odd value, quoted by us.
"""

from typing import Any

from concordat.api.values.promql import Matcher, Selector, equal
from concordat.errors import InvalidInput, Problem

COUNTER_SUFFIXES = ("_total", "_count", "_bucket")
MAX_LENGTH = 1_000
_OPERATORS = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}


def custom_selector(text: str | None, *, path: str, namespace: str) -> Selector:
    """
    The author's counter, confined to the service's own namespace.

    :raises InvalidInput: it is not one plain selector of a counter.
    """
    if text is None:
        raise _invalid(path, "is missing: a custom objective needs both good and total")
    if len(text) > MAX_LENGTH:
        raise _invalid(path, f"has {len(text)} characters; at most {MAX_LENGTH} are allowed")
    # Only authors' own indicators need the parser, which takes a megabyte and a half.
    import promql_parser as promql

    node = _parse(text, path)
    if not isinstance(node, promql.VectorSelector):
        raise _invalid(
            path,
            'must be one plain selector of a counter, like http_requests_total{code!~"5.."}: '
            "rate, sum and the windows are added for you",
        )
    if node.offset is not None or node.at is not None:
        raise _invalid(path, "must have neither offset nor @: the windows are added for you")
    if node.matchers.or_matchers:
        raise _invalid(path, "must join its matchers by commas: 'or' inside braces is not PromQL")
    if not node.name or not node.name.endswith(COUNTER_SUFFIXES):
        raise _invalid(path, f"must name a counter: a metric that ends in {', '.join(COUNTER_SUFFIXES)}")
    if any(matcher.name in ("namespace", "__name__") for matcher in node.matchers.matchers):
        raise _invalid(path, "must not match namespace or __name__: only the service's own namespace is read")
    matchers = (
        Matcher(label=matcher.name, op=_OPERATORS[str(matcher.op).rpartition(".")[2]], value=matcher.value)
        for matcher in node.matchers.matchers
    )
    return Selector(metric=node.name, matchers=(equal("namespace", namespace), *matchers))


def _parse(text: str, path: str) -> Any:
    import promql_parser as promql

    try:
        return promql.parse(text)
    except ValueError as error:
        raise _invalid(path, f"is not PromQL: {error}") from error


def _invalid(path: str, message: str) -> InvalidInput:
    return InvalidInput((Problem(path=path, message=message),))
