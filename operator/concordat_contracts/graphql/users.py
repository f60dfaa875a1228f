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

from concordat_contracts.steps import spend

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
        users: dict[str, frozenset[str]] = self.__dict__.setdefault("_by_owner", {})
        if owner not in users:
            reached = self._reached()
            users[owner] = frozenset(root for root in reached if owner in reached[root])
        return users[owner]

    def _reached(self) -> dict[str, frozenset[str]]:
        """The types that each root field leads to."""
        known: dict[str, frozenset[str]] | None = self.__dict__.get("_all_reached")
        if known is None:
            fields = root_fields(self.schema)
            known = self.__dict__["_all_reached"] = {root: self._reached_from(root) for root in fields}
        return known

    def _unions(self) -> dict[str, list[GraphQLUnionType]]:
        """By the name of a type, the unions it is in."""
        known: dict[str, list[GraphQLUnionType]] | None = self.__dict__.get("_all_unions")
        if known is None:
            known = self.__dict__["_all_unions"] = {}
            for union in self.schema.type_map.values():
                if isinstance(union, GraphQLUnionType):
                    for member in union.types:
                        known.setdefault(member.name, []).append(union)
        return known

    def _reached_from(self, coordinate: str) -> frozenset[str]:
        cache: dict[str, frozenset[str]] = self.__dict__.setdefault("_by_root", {})
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
            spend(1, "its root fields lead to too many types")
            if isinstance(named, GraphQLObjectType | GraphQLInterfaceType):
                queue.extend(named.interfaces)
            if isinstance(named, GraphQLInterfaceType | GraphQLUnionType):
                queue.extend(self.schema.get_possible_types(named))
            if isinstance(named, GraphQLInterfaceType):
                queue.extend(self.schema.get_implementations(named).interfaces)
            if isinstance(named, GraphQLObjectType):
                queue.extend(self._unions().get(named.name, ()))
            if isinstance(named, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
                spend(len(named.fields) // 10, "its root fields lead to too many types")
                for each in named.fields.values():
                    queue.extend(_named_types(each))
        return frozenset(seen)


def _named_types(field: Any) -> list[GraphQLNamedType]:
    return [get_named_type(field.type), *(get_named_type(each.type) for each in getattr(field, "args", {}).values())]
