"""
What is called of a GraphQL schema, and what is a breach there.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from graphql import GraphQLSchema, build_schema

from concordat_contracts.conformance.profile import Profile

PATH = "/graphql"
"""Where servers answer unless somebody says otherwise."""

CORE_CHECKS = frozenset({"not_a_server_error", "positive_data_acceptance", "response_schema_conformance"})
"""Queries of the schema are taken, and what comes back is what it says."""

VALUE_REFUSED = frozenset({"BAD_USER_INPUT", "BAD_REQUEST", "ValidationError"})
"""Codes and classifications of errors that speak of a value: no schema says which ones of a type a service takes."""
SERVER_FAILED = frozenset({"INTERNAL_SERVER_ERROR", "DataFetchingException", "NullValueInNonNullableField"})
"""Codes (Apollo) and classifications (graphql-java) of errors nobody but the service is to blame for."""


def limited(sdl: str, profile: Profile) -> GraphQLSchema:
    """
    The schema with what may be called: queries, and mutations where data may be written. Subscriptions need another protocol.

    Raises what graphql-core raises for what is no schema.
    """
    settings = build_schema(sdl).to_kwargs()
    settings["subscription"] = None
    if not profile.writes:
        settings["mutation"] = None
    return GraphQLSchema(**settings)


def operations(schema: GraphQLSchema) -> list[str]:
    """``Query.orders``, in the order of the schema."""
    roots = (schema.query_type, schema.mutation_type)
    return [f"{root.name}.{field}" for root in roots if root is not None for field in root.fields]


def endpoint(url: str) -> str:
    """``url``, at :data:`PATH` unless it has a path itself."""
    return url if urlsplit(url).path.strip("/") else url.rstrip("/") + PATH


def counts(errors: Iterable[Mapping[str, Any]], *, by_resolver: bool, profile: Profile) -> bool:
    """
    Whether the errors of an answer are a breach.

    ``by_resolver`` tells errors of a query that was run from a query that was refused. The schema lets every field that may be
    null fail, and servers report in the same words what is not there and what crashed: in the profile core such an error
    counts only where the server blames itself. A query that is refused counts unless it is for a value in it.
    """
    marks = {mark for error in errors for mark in _marks(error)}
    if not by_resolver:
        return not marks & VALUE_REFUSED
    return profile is not Profile.CORE or bool(marks & SERVER_FAILED)


def _marks(error: Mapping[str, Any]) -> Iterable[str]:
    extensions = error.get("extensions")
    if not isinstance(extensions, Mapping):
        return ()
    return (mark for mark in (extensions.get("code"), extensions.get("classification")) if isinstance(mark, str))
