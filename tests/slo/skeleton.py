"""
The tree of a PromQL expression without the values of its strings: what a user's text must not be able to change.
"""

from typing import Any


def skeleton(node: Any) -> Any:
    """Nested tuples: kinds of nodes, operators, functions, metric and label names, windows, numbers."""
    kind = type(node).__name__
    match kind:
        case "NumberLiteral":
            return kind, node.val
        case "StringLiteral":
            return (kind,)
        case "VectorSelector":
            matchers = sorted((matcher.name, str(matcher.op)) for matcher in node.matchers.matchers)
            return kind, node.name, tuple(matchers), len(node.matchers.or_matchers)
        case "MatrixSelector":
            return kind, node.range, skeleton(node.vector_selector)
        case "SubqueryExpr":
            return kind, node.range, node.step, skeleton(node.expr)
        case "ParenExpr" | "UnaryExpr":
            return kind, skeleton(node.expr)
        case "AggregateExpr":
            return kind, str(node.op), _labels(node.modifier), skeleton(node.expr)
        case "Call":
            return kind, node.func.name, tuple(map(skeleton, node.args))
        case "BinaryExpr":
            matching = node.modifier.matching if node.modifier else None
            return kind, str(node.op), _labels(matching), skeleton(node.lhs), skeleton(node.rhs)
    raise NotImplementedError(kind)


def children(node: Any) -> list[Any]:
    """The nodes directly beneath."""
    match type(node).__name__:
        case "MatrixSelector":
            return [node.vector_selector]
        case "SubqueryExpr" | "ParenExpr" | "UnaryExpr" | "AggregateExpr":
            return [node.expr]
        case "Call":
            return list(node.args)
        case "BinaryExpr":
            return [node.lhs, node.rhs]
    return []


def nodes(node: Any) -> list[Any]:
    """The node and all beneath it."""
    return [node, *(below for child in children(node) for below in nodes(child))]


def _labels(modifier: Any) -> Any:
    return (str(modifier.type), tuple(modifier.labels)) if modifier else None
