"""Which operations of a GraphQL schema lead to which of its types: who is touched when one changes."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    OperationType,
    get_named_type,
)

Operations = frozenset[str] | None


def root_fields(schema: GraphQLSchema) -> dict[str, str]:
    """``{"Query.orders": "query", ...}``: the operations a consumer can name."""
    return {
        f"{root.name}.{name}": operation.value
        for operation in OperationType
        if (root := schema.get_root_type(operation)) is not None
        for name in root.fields
    }


def fields_below(schema: GraphQLSchema, of: Any) -> Iterator[tuple[str, str, Any]]:
    """The fields of a type: name, ``[]`` for each list around the type, the field's own type; of a union those of all members."""
    lists = str(of).count("[") * "[]"
    named = get_named_type(of)
    members = [named]
    if isinstance(named, GraphQLInterfaceType | GraphQLUnionType):
        members.extend(schema.get_possible_types(named))
    for member in members:
        for name, field in getattr(member, "fields", {}).items():
            yield name, lists, field.type


@dataclass(frozen=True)
class Users:
    """Which root fields lead to a type; what cannot be traced is used by everybody."""

    schema: GraphQLSchema

    def of(self, coordinate: str) -> Operations:
        if coordinate.startswith("@"):
            return None
        owner, _, member = coordinate.partition(".")
        roots = {root.name for operation in OperationType if (root := self.schema.get_root_type(operation)) is not None}
        if owner in roots and member:
            return frozenset({f"{owner}.{member.partition('(')[0]}"})
        if owner not in self.schema.type_map or owner in roots:
            return None
        return frozenset(root for root in root_fields(self.schema) if owner in self._reached_from(root))

    def _reached_from(self, coordinate: str) -> frozenset[str]:
        cache: dict[str, frozenset[str]] = self.__dict__.setdefault("_reached", {})
        if coordinate not in cache:
            owner, _, name = coordinate.partition(".")
            root = self.schema.type_map[owner]
            assert isinstance(root, GraphQLObjectType)
            cache[coordinate] = self._closure([root.fields[name]])
        return cache[coordinate]

    def _closure(self, fields: list[Any]) -> frozenset[str]:
        seen: set[str] = set()
        queue: deque[GraphQLNamedType] = deque()
        for each in fields:
            queue.extend(_named_types(each))
        while queue:
            named = queue.popleft()
            if named.name in seen:
                continue
            seen.add(named.name)
            if isinstance(named, GraphQLObjectType | GraphQLInterfaceType):
                queue.extend(named.interfaces)
            if isinstance(named, GraphQLInterfaceType | GraphQLUnionType):
                queue.extend(self.schema.get_possible_types(named))
            if isinstance(named, GraphQLInterfaceType):
                queue.extend(self.schema.get_implementations(named).interfaces)
            if isinstance(named, GraphQLObjectType):
                queue.extend(
                    union
                    for union in self.schema.type_map.values()
                    if isinstance(union, GraphQLUnionType) and named in union.types
                )
            if isinstance(named, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
                for each in named.fields.values():
                    queue.extend(_named_types(each))
        return frozenset(seen)


def _named_types(field: Any) -> list[GraphQLNamedType]:
    return [get_named_type(field.type), *(get_named_type(each.type) for each in getattr(field, "args", {}).values())]
