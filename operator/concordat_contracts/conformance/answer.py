"""
Is an answer of GraphQL what the schema says?

A server's own engine checks answers against the server's schema, which may have become another one than the contract's.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLEnumType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    is_list_type,
    is_non_null_type,
)

_LEAVES: Mapping[str, tuple[type, ...]] = {
    "Int": (int,),
    "Float": (int, float),
    "String": (str,),
    "ID": (str, int),
    "Boolean": (bool,),
}
"""JSON of the scalars the language defines; what others look like no schema says. An ID comes as text, and as a number in some servers."""


def first_wrong(schema: GraphQLSchema, query: DocumentNode, data: Any) -> str:
    """
    ``$.orders[0].state: SHIPPED is no value of State``, or nothing.

    ``query`` has one operation and no named fragments, ``data`` is the answer's. What an abstract type turned out to be is
    told by ``__typename``; where nobody asked for it, only fields that are there are looked at.
    """
    for definition in query.definitions:
        if isinstance(definition, OperationDefinitionNode) and isinstance(data, Mapping):
            root = schema.get_root_type(definition.operation)
            if root is not None:
                return next(_fields(schema, root, definition.selection_set, data, "$"), "")
    return ""


def _fields(
    schema: GraphQLSchema, of: GraphQLNamedType, selected: SelectionSetNode, data: Mapping[str, Any], where: str
) -> Iterator[str]:
    for selection in selected.selections:
        if isinstance(selection, InlineFragmentNode):
            condition = selection.type_condition
            narrowed = of if condition is None else schema.get_type(condition.name.value)
            if narrowed is not None and _may_be(schema, narrowed, data):
                yield from _fields(schema, narrowed, selection.selection_set, data, where)
        elif isinstance(selection, FieldNode) and isinstance(of, GraphQLObjectType | GraphQLInterfaceType):
            key = (selection.alias or selection.name).value
            field = of.fields.get(selection.name.value)
            if field is None:
                continue
            if key in data:
                yield from _value(schema, field.type, selection.selection_set, data[key], f"{where}.{key}")
            elif data.get("__typename") == of.name:
                yield f"{where}: {key} was asked for and is missing"


def _value(
    schema: GraphQLSchema, of: GraphQLOutputType, selected: SelectionSetNode | None, value: Any, where: str
) -> Iterator[str]:
    if is_non_null_type(of):
        if value is None:
            yield f"{where}: null, which {of} never is"
            return
        of = of.of_type
    if value is None:
        return
    if is_list_type(of):
        if not isinstance(value, list):
            yield f"{where}: no list, which {of} is"
            return
        for index, item in enumerate(value):
            yield from _value(schema, of.of_type, selected, item, f"{where}[{index}]")
    elif isinstance(of, GraphQLEnumType):
        if value not in of.values:
            yield f"{where}: {value} is no value of {of}"
    elif isinstance(of, GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType) and selected is not None:
        if not isinstance(value, Mapping):
            yield f"{where}: no object, which {of} is"
            return
        yield from _fields(schema, of, selected, value, where)
    elif not _is_leaf(str(of), value):
        yield f"{where}: {str(value)[:80]!r} is no {of}"


def _may_be(schema: GraphQLSchema, narrowed: GraphQLNamedType, data: Mapping[str, Any]) -> bool:
    """Whether the fields of a fragment are asked of this object; unknown counts as yes, and then nothing has to be there."""
    actual = schema.get_type(str(data.get("__typename") or ""))
    if actual is None or actual is narrowed:
        return True
    return (
        isinstance(narrowed, GraphQLInterfaceType)
        and isinstance(actual, GraphQLObjectType)
        and schema.is_sub_type(narrowed, actual)
    )


def _is_leaf(of: str, value: Any) -> bool:
    types = _LEAVES.get(of)
    if types is None:
        return True
    return isinstance(value, types) and (of == "Boolean" or not isinstance(value, bool))
