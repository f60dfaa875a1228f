"""
GraphQL: graphql-core's change detection in our words, and the breaks it does not look for.

Those are a root operation type that goes or changes, an input object that becomes ``@oneOf``, and a default whose removal makes
an argument or input field required. What graphql-core calls dangerous stays a warning: an old query still gets its answer.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    BreakingChange,
    BreakingChangeType,
    DangerousChange,
    DangerousChangeType,
    DocumentNode,
    GraphQLArgument,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSyntaxError,
    InterfaceTypeDefinitionNode,
    ObjectTypeDefinitionNode,
    OperationType,
    ParallelVisitor,
    TokenKind,
    build_ast_schema,
    build_client_schema,
    find_breaking_changes,
    find_dangerous_changes,
    is_required_argument,
    is_required_input_field,
    lexicographic_sort_schema,
    parse,
    print_schema,
    specified_directives,
    visit,
)
from graphql.type.validate import SchemaValidationContext
from graphql.validation.specified_rules import specified_sdl_rules
from graphql.validation.validation_context import SDLValidationContext

from concordat_contracts.errors import InvalidDocument
from concordat_contracts.findings.rules import finding
from concordat_contracts.findings.touching import ContractFinding
from concordat_contracts.graphql.users import Users
from concordat_contracts.steps import spend

MOST_TOKENS = 400_000
"""GitHub's schema, one of the largest that are public, has about 150,000."""
LONGEST_NAME = 1000

_TOLERATED = ("Query root type must be provided.", "Unknown directive ")
"""A subgraph has no ``Query`` of its own, and uses directives its gateway defines; both can be compared all the same."""

_IDS: Mapping[BreakingChangeType | DangerousChangeType, str] = {
    BreakingChangeType.TYPE_REMOVED: "graphql-type-removed",
    BreakingChangeType.TYPE_CHANGED_KIND: "graphql-type-kind-changed",
    BreakingChangeType.TYPE_REMOVED_FROM_UNION: "graphql-union-member-removed",
    BreakingChangeType.VALUE_REMOVED_FROM_ENUM: "graphql-enum-value-removed",
    BreakingChangeType.REQUIRED_INPUT_FIELD_ADDED: "graphql-required-input-field-added",
    BreakingChangeType.IMPLEMENTED_INTERFACE_REMOVED: "graphql-interface-removed",
    BreakingChangeType.FIELD_REMOVED: "graphql-field-removed",
    BreakingChangeType.FIELD_CHANGED_KIND: "graphql-field-type-changed",
    BreakingChangeType.REQUIRED_ARG_ADDED: "graphql-required-argument-added",
    BreakingChangeType.ARG_REMOVED: "graphql-argument-removed",
    BreakingChangeType.ARG_CHANGED_KIND: "graphql-argument-type-changed",
    BreakingChangeType.DIRECTIVE_REMOVED: "graphql-directive-removed",
    BreakingChangeType.DIRECTIVE_ARG_REMOVED: "graphql-directive-argument-removed",
    BreakingChangeType.REQUIRED_DIRECTIVE_ARG_ADDED: "graphql-required-directive-argument-added",
    BreakingChangeType.DIRECTIVE_REPEATABLE_REMOVED: "graphql-directive-repeatable-removed",
    BreakingChangeType.DIRECTIVE_LOCATION_REMOVED: "graphql-directive-location-removed",
    DangerousChangeType.VALUE_ADDED_TO_ENUM: "graphql-enum-value-added",
    DangerousChangeType.TYPE_ADDED_TO_UNION: "graphql-union-member-added",
    DangerousChangeType.OPTIONAL_INPUT_FIELD_ADDED: "graphql-optional-input-field-added",
    DangerousChangeType.OPTIONAL_ARG_ADDED: "graphql-optional-argument-added",
    DangerousChangeType.IMPLEMENTED_INTERFACE_ADDED: "graphql-interface-added",
    DangerousChangeType.ARG_DEFAULT_VALUE_CHANGE: "graphql-argument-default-changed",
    DangerousChangeType.INPUT_FIELD_DEFAULT_VALUE_CHANGE: "graphql-input-field-default-changed",
}

_STANDARD = frozenset(f"@{directive.name}" for directive in specified_directives)
"""Directives of the language itself: which of them a schema lists depends on who printed it."""
_COORDINATE = re.compile(r"@?\b\w+\.\w+(?:\(\w+:\))?|@\w+(?:\(\w+:\))?")
_SUBJECT_LAST = re.compile(r"(?:from|to) union type (\w+)|implemented by (\w+)\.")
_SUBJECT_FIRST = re.compile(r"\w+")


def read_schema(source: str | Mapping[str, Any]) -> GraphQLSchema:
    """Build the schema of an SDL text or an introspection result, or raise ``InvalidDocument`` with the place."""
    try:
        schema = _from_sdl(source) if isinstance(source, str) else build_client_schema(source)  # type: ignore[arg-type]
    except GraphQLSyntaxError as flaw:
        raise InvalidDocument(flaw.message, location=_place(flaw), remedy="mend the SDL there") from None
    except (GraphQLError, TypeError, KeyError) as flaw:
        raise InvalidDocument(f"not a GraphQL schema: {flaw}") from None
    except RecursionError:
        raise InvalidDocument("nested too deeply for GraphQL") from None
    _refuse(_first_flaw_of(schema))
    return schema


def compare_graphql(old: GraphQLSchema, new: GraphQLSchema) -> Iterator[ContractFinding]:
    """All changes that can break, or endanger, a query written against ``old``."""
    users = Users(old)
    required = dict(_became_required(old, new))
    for coordinate, what in required.items():
        yield finding(
            f"graphql-{what}-became-required",
            coordinate,
            f"{coordinate} lost its default and must now be given",
            operations=users.of(coordinate),
        )
    changes: list[BreakingChange | DangerousChange] = [
        *find_breaking_changes(old, new),
        *find_dangerous_changes(old, new),
    ]
    for change in changes:
        coordinate = _coordinate(change.description)
        if change.description.startswith("Standard scalar") or coordinate.partition("(")[0] in _STANDARD:
            continue
        if coordinate in required and isinstance(change.type, DangerousChangeType):
            continue
        yield finding(_IDS[change.type], coordinate, change.description, operations=users.of(coordinate))
    yield from _root_types(old, new)
    yield from _became_one_of(old, new, users)


def without_talk(schema: GraphQLSchema) -> str:
    """The SDL in the order of the alphabet, without descriptions."""
    plain = lexicographic_sort_schema(schema)
    for named in plain.type_map.values():
        named.description = None
        for member in (*getattr(named, "fields", {}).values(), *getattr(named, "values", {}).values()):
            member.description = None
            for argument in getattr(member, "args", {}).values():
                argument.description = None
    for directive in plain.directives:
        directive.description = None
        for argument in directive.args.values():
            argument.description = None
    plain.description = None
    return print_schema(plain)


def _from_sdl(text: str) -> GraphQLSchema:
    tree = parse(text, max_tokens=MOST_TOKENS)
    _expect_short_names(tree)
    _expect_few_relations(tree)
    _refuse(_first_flaw(tree))
    return build_ast_schema(tree, assume_valid_sdl=True)


class _Found(Exception):
    """The first flaw has been found; looking for all of them, each with what may have been meant, takes minutes."""

    def __init__(self, flaw: GraphQLError) -> None:
        self.flaw = flaw


def _first_flaw(tree: DocumentNode) -> list[GraphQLError]:
    def found(flaw: GraphQLError) -> None:
        if not flaw.message.startswith(_TOLERATED):
            raise _Found(flaw)

    context = SDLValidationContext(tree, None, found)
    try:
        visit(tree, ParallelVisitor([rule(context) for rule in specified_sdl_rules]))
    except _Found as first:
        return [first.flaw]
    return []


class _FirstFlaw(SchemaValidationContext):
    """Each flaw is located by reading the whole text up to it."""

    def report_error(self, message: str, nodes: Any = None) -> None:
        """Ends at the first that is not tolerated."""
        super().report_error(message, nodes)
        if not message.startswith(_TOLERATED):
            raise _Found(self.errors[-1])


def _first_flaw_of(schema: GraphQLSchema) -> list[GraphQLError]:
    context = _FirstFlaw(schema)
    try:
        context.validate_root_types()
        context.validate_directives()
        context.validate_types()
    except _Found as first:
        return [first.flaw]
    return []


def _expect_short_names(tree: DocumentNode) -> None:
    """What a misspelled name may have meant takes time that grows with the square of its length."""
    token = tree.loc.start_token if tree.loc else None
    while token is not None:
        if token.kind is TokenKind.NAME and len(token.value or "") > LONGEST_NAME:
            raise InvalidDocument(
                f"a name of {len(token.value or ''):,} characters",
                location=f"line {token.line}, column {token.column}",
                remedy=f"use at most {LONGEST_NAME}",
                kind="bounds",
            )
        token = token.next


def _expect_few_relations(tree: DocumentNode) -> None:
    """Each type is held against each of its interfaces, field by field and interface by interface."""
    sizes: dict[str, int] = {}
    relations: list[tuple[str, ...]] = []
    for definition in tree.definitions:
        if isinstance(definition, InterfaceTypeDefinitionNode | ObjectTypeDefinitionNode):
            names = tuple(each.name.value for each in definition.interfaces or ())
            sizes[definition.name.value] = len(names) + len(definition.fields or ())
            relations.append(names)
    looks = sum(sizes.get(name, 0) for names in relations for name in names)
    spend(looks // 20, "its types implement too many interfaces")


def _refuse(flaws: list[GraphQLError]) -> None:
    for flaw in flaws:
        if not flaw.message.startswith(_TOLERATED):
            raise InvalidDocument(flaw.message, location=_place(flaw))


def _place(flaw: GraphQLError) -> str:
    where = flaw.locations or []
    return f"line {where[0].line}, column {where[0].column}" if where else "the schema"


def _coordinate(description: str) -> str:
    """``Type.field(arg:)`` of a change, which graphql-core tells only in its sentence."""
    last = _SUBJECT_LAST.search(description)
    if last:
        return last[1] or last[2]
    match = _COORDINATE.search(description) or _SUBJECT_FIRST.search(description)
    return match[0] if match else "schema"


def _root_types(old: GraphQLSchema, new: GraphQLSchema) -> Iterator[ContractFinding]:
    for operation in OperationType:
        before, after = old.get_root_type(operation), new.get_root_type(operation)
        if before is None or (after is not None and after.name == before.name):
            continue
        touched = frozenset(f"{before.name}.{name}" for name in before.fields)
        if after is None:
            yield finding(
                "graphql-root-type-removed",
                f"schema.{operation.value}",
                f"{operation.value} operations are no longer offered",
                operations=touched,
            )
        else:
            yield finding(
                "graphql-root-type-changed",
                f"schema.{operation.value}",
                f"the {operation.value} type {before.name} became {after.name}",
                operations=touched,
            )


def _became_one_of(old: GraphQLSchema, new: GraphQLSchema, users: Users) -> Iterator[ContractFinding]:
    for name, before in old.type_map.items():
        after = new.type_map.get(name)
        if not isinstance(before, GraphQLInputObjectType) or not isinstance(after, GraphQLInputObjectType):
            continue
        was_one = len(before.fields) == 1 and all(map(is_required_input_field, before.fields.values()))
        if after.is_one_of and not before.is_one_of and not was_one:
            message = f"{name} became @oneOf: exactly one of its fields may now be given"
            yield finding("graphql-input-became-one-of", name, message, operations=users.of(name))


def _became_required(old: GraphQLSchema, new: GraphQLSchema) -> Iterator[tuple[str, str]]:
    """Arguments and input fields of an unchanged type that could be left out, and now cannot."""
    for name, before in old.type_map.items():
        after = new.type_map.get(name)
        if isinstance(before, GraphQLInputObjectType) and isinstance(after, GraphQLInputObjectType):
            for field_name, old_field in before.fields.items():
                new_field = after.fields.get(field_name)
                if new_field is None or str(new_field.type) != str(old_field.type):
                    continue
                if is_required_input_field(new_field) and not is_required_input_field(old_field):
                    yield f"{name}.{field_name}", "input-field"
        elif isinstance(before, GraphQLObjectType | GraphQLInterfaceType) and isinstance(after, type(before)):
            for field_name, with_arguments in before.fields.items():
                later = after.fields.get(field_name)
                yield from _arguments_required(f"{name}.{field_name}", with_arguments.args, later.args if later else {})
    directives = {directive.name: directive for directive in new.directives}
    for directive in old.directives:
        if directive.name in directives:
            yield from _arguments_required(f"@{directive.name}", directive.args, directives[directive.name].args)


def _arguments_required(
    owner: str, old: Mapping[str, GraphQLArgument], new: Mapping[str, GraphQLArgument]
) -> Iterator[tuple[str, str]]:
    for name, before in old.items():
        after = new.get(name)
        if after is None or str(after.type) != str(before.type):
            continue
        if is_required_argument(after) and not is_required_argument(before):
            yield f"{owner}({name}:)", "argument"
