"""
The part of PromQL that our own rules use, compiled to closures over a :class:`~concordat.observability.slo.simulation.series.Store`.

Not a second Prometheus: what is not written by :mod:`concordat.observability.slo.rules.recording` and :mod:`concordat.observability.slo.rules.alerts` raises
``NotImplementedError``. Ranges are open to the left, as in Prometheus 3. promtool checks this evaluator in the tests.
"""

import math
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

import promql_parser as promql

from concordat.observability.slo.simulation.series import Labels, Series, Store, Vector

Value = Vector | float
Evaluate = Callable[[Store, float], Value]
"""What an expression is at a time in seconds."""

_ARITHMETIC: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda left, right: left / right if right else math.nan,
}
_COMPARISON: Mapping[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "==": operator.eq,
}


def compile_expression(text: str) -> Evaluate:
    """
    An expression, ready to be evaluated many times.

    :raises NotImplementedError: it uses what our rules do not.
    """
    return _compile(promql.parse(text))


def _compile(node: Any) -> Evaluate:
    match type(node).__name__:
        case "NumberLiteral":
            return _constant(node.val)
        case "ParenExpr":
            return _compile(node.expr)
        case "VectorSelector":
            return _selector(node)
        case "AggregateExpr":
            return _sum(node)
        case "Call":
            return _call(node)
        case "BinaryExpr":
            return _binary(node)
    raise NotImplementedError(type(node).__name__)


def _constant(value: float) -> Evaluate:
    return lambda store, time: value


def _matches(selector: Any) -> Callable[[Labels], bool]:
    tests: list[tuple[str, Callable[[str], bool]]] = []
    for matcher in selector.matchers.matchers:
        match str(matcher.op).rpartition(".")[2]:
            case "Equal":
                tests.append((matcher.name, matcher.value.__eq__))
            case "Re":
                tests.append((matcher.name, _full(matcher.value)))
            case "NotRe":
                tests.append((matcher.name, _not(_full(matcher.value))))
            case other:
                raise NotImplementedError(other)

    def matches(labels: Labels) -> bool:
        values = dict(labels)
        return all(test(values.get(name, "")) for name, test in tests)

    return matches


def _full(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda value: compiled.fullmatch(value) is not None


def _not(test: Callable[[str], bool]) -> Callable[[str], bool]:
    return lambda value: not test(value)


def _each(selector: Any, read: Callable[[Series, float], float | None]) -> Evaluate:
    """One value per matching series; which series match is remembered."""
    matches, metric = _matches(selector), selector.name
    known: dict[Labels, bool] = {}

    def evaluate(store: Store, time: float) -> Vector:
        found: Vector = {}
        for series in store.of(metric):
            if series.labels not in known:
                known[series.labels] = matches(series.labels)
            if known[series.labels] and (value := read(series, time)) is not None:
                found[series.labels] = value
        return found

    return evaluate


def _selector(node: Any) -> Evaluate:
    return _each(node, Series.at)


def _call(node: Any) -> Evaluate:
    match node.func.name:
        case "rate":
            window = node.args[0].range.total_seconds()
            return _each(node.args[0].vector_selector, lambda series, time: series.rate(time, window))
        case "sum_over_time":
            window = node.args[0].range.total_seconds()
            return _each(node.args[0].vector_selector, lambda series, time: series.sum_over(time, window))
        case "clamp_min":
            vector, least = map(_compile, node.args)
            return lambda store, time: {k: max(v, least(store, time)) for k, v in vector(store, time).items()}  # type: ignore[union-attr,type-var,misc]
        case "vector":
            scalar = _compile(node.args[0])
            return lambda store, time: {frozenset(): scalar(store, time)}  # type: ignore[dict-item]
        case "label_replace" if node.args[4].val == "":
            vector, (label, value) = _compile(node.args[0]), (node.args[1].val, node.args[2].val.replace("$$", "$"))
            return lambda store, time: {k | {(label, value)}: v for k, v in vector(store, time).items()}  # type: ignore[union-attr]
    raise NotImplementedError(node.func.name)


def _sum(node: Any) -> Evaluate:
    if node.modifier is not None:
        raise NotImplementedError("grouping")
    inner = _compile(node.expr)

    def evaluate(store: Store, time: float) -> Vector:
        vector = inner(store, time)
        assert isinstance(vector, dict)
        return {frozenset(): math.fsum(vector.values())} if vector else {}

    return evaluate


def _binary(node: Any) -> Evaluate:
    left, right, symbol = _compile(node.lhs), _compile(node.rhs), str(node.op)
    key = _matching(node.modifier)
    if symbol in _ARITHMETIC:
        compute = _ARITHMETIC[symbol]
        return lambda store, time: _combine(left(store, time), right(store, time), compute, key)
    if symbol in _COMPARISON:
        holds = _COMPARISON[symbol]
        return lambda store, time: _filter(left(store, time), right(store, time), holds)
    match symbol:
        case "and":
            return lambda store, time: _keep(left(store, time), right(store, time), key, present=True)
        case "unless":
            return lambda store, time: _keep(left(store, time), right(store, time), key, present=False)
        case "or":
            return lambda store, time: {**right(store, time), **left(store, time)}  # type: ignore[dict-item]
    raise NotImplementedError(symbol)


def _matching(modifier: Any) -> Callable[[Labels], Labels]:
    matching = modifier.matching if modifier else None
    if matching is None:
        return lambda labels: labels
    names = set(matching.labels)
    return lambda labels: frozenset(pair for pair in labels if pair[0] in names)


def _combine(
    left: Value, right: Value, compute: Callable[[float, float], float], key: Callable[[Labels], Labels]
) -> Value:
    if isinstance(left, dict) and isinstance(right, dict):
        others = {key(labels): value for labels, value in right.items()}
        return {key(k): compute(v, others[key(k)]) for k, v in left.items() if key(k) in others}
    if isinstance(left, dict):
        return {labels: compute(value, right) for labels, value in left.items()}  # type: ignore[arg-type]
    if isinstance(right, dict):
        return {labels: compute(left, value) for labels, value in right.items()}
    return compute(left, right)


def _filter(left: Value, right: Value, holds: Callable[[float, float], bool]) -> Value:
    assert isinstance(left, dict)
    assert isinstance(right, float)
    return {labels: value for labels, value in left.items() if holds(value, right)}


def _keep(left: Value, right: Value, key: Callable[[Labels], Labels], *, present: bool) -> Value:
    assert isinstance(left, dict)
    assert isinstance(right, dict)
    others = {key(labels) for labels in right}
    return {labels: value for labels, value in left.items() if (key(labels) in others) is present}
