"""
The catalogue: every rule a comparison can cite, its severity, and in one sentence what it says.

Ids are oasdiff's where it has the rule, so that its users find their way; ours begin with ``graphql-``, ``channel-``,
``message-``, ``server-``, ``callback-`` or name what oasdiff does not look at. What oasdiff calls a warning is an error here when
a client that kept the old contract can be shown to fail; a warning here never fails a comparison.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from concordat_contracts.findings.touching import ContractFinding
from concordat_contracts.schema import Direction, Surface
from concordat_contracts.schema.naming.rule_names import NARROWED, NOTED, SAYS, WIDENED, rule_id
from concordat_contracts.verdict import Outcome, Severity

_OUTCOMES = {
    Severity.ERROR: Outcome.BREAKING,
    Severity.WARNING: Outcome.COMPATIBLE,
    Severity.INFO: Outcome.COMPATIBLE,
}


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One thing a comparison looks for."""

    id: str
    severity: Severity
    says: str
    area: str


def finding(
    rule: str,
    location: str,
    message: str,
    *,
    witness: Any | None = None,
    operations: frozenset[str] | None = None,
    field: tuple[str, ...] | None = None,
) -> ContractFinding:
    """A finding of the rule called ``rule``, with the severity of the catalogue."""
    severity = RULES[rule].severity
    return ContractFinding(
        id=rule,
        severity=severity,
        location=location,
        message=message,
        witness=witness,
        outcome=_OUTCOMES[severity],
        operations=operations,
        field=field,
    )


def undecided(location: str, message: str, *, operations: frozenset[str] | None = None) -> ContractFinding:
    """What could not be decided; unknown is not safe."""
    return ContractFinding(
        id="undecided",
        severity=Severity.WARNING,
        location=location,
        message=message,
        outcome=Outcome.UNKNOWN,
        operations=operations,
    )


def with_severities(found: Iterable[ContractFinding], severities: Mapping[str, Severity]) -> Iterator[ContractFinding]:
    """``found`` with severities overridden by rule id: an error made a warning no longer breaks, and the reverse."""
    for each in found:
        severity = severities.get(each.id, each.severity)
        if severity is each.severity:
            yield each
        else:
            yield ContractFinding.of(each, severity=severity, outcome=_OUTCOMES[severity])


_STRUCTURE: Mapping[str, Mapping[str, str]] = {
    "operations": {
        "api-path-removed-without-deprecation": "error: a path is gone, and the operation was never deprecated",
        "api-path-removed-before-sunset": "error: a path is gone before the date announced",
        "api-path-sunset-parse": "error: a removed operation announced a sunset that is no date",
        "api-path-removed-with-deprecation": "info: a path is gone as announced",
        "api-removed-without-deprecation": "error: an operation is gone that was never deprecated",
        "api-removed-before-sunset": "error: an operation is gone before the date announced",
        "api-removed-with-deprecation": "info: an operation is gone as announced",
        "webhook-removed": "error: the provider no longer calls this webhook",
        "callback-removed": "error: the provider no longer calls back",
    },
    "lifecycle": {
        "api-deprecated-sunset-missing": "error: deprecated without the sunset date the policy asks for",
        "api-deprecated-sunset-parse": "error: the sunset is no date (RFC 3339)",
        "api-sunset-date-too-small": "error: the sunset comes sooner than the policy allows",
        "api-sunset-date-changed-too-small": "error: the sunset was moved forward",
        "sunset-deleted": "error: the sunset date was taken back while the operation stays deprecated",
        "api-stability-decreased": "error: the stability level went down",
        "api-invalid-stability-level": "error: x-stability-level is not draft, alpha, beta or stable",
        "endpoint-deprecated": "info: an operation is announced to go",
        "endpoint-reactivated": "info: an operation is no longer deprecated",
        "request-parameter-deprecated-sunset-missing": "error: a parameter is deprecated without the date the policy asks for",
        "request-parameter-sunset-parse": "error: a parameter's sunset is no date (RFC 3339)",
        "request-parameter-sunset-date-too-small": "error: a parameter's sunset comes sooner than the policy allows",
        "request-parameter-sunset-date-changed-too-small": "error: a parameter's sunset was moved forward",
        "request-parameter-sunset-deleted": "error: a parameter's sunset was taken back while it stays deprecated",
        "request-parameter-deprecated": "info: a parameter is announced to go",
        "request-parameter-reactivated": "info: a parameter is no longer deprecated",
        "request-property-deprecated-sunset-missing": "error: a request property is deprecated without the date the policy asks for",
        "request-property-deprecated-sunset-invalid": "error: a request property's sunset is no date (RFC 3339)",
        "request-property-sunset-date-too-small": "error: a request property's sunset comes sooner than the policy allows",
        "request-property-stability-decreased": "error: a request property's stability level went down",
        "response-property-deprecated-sunset-missing": "error: a response property is deprecated without the date the policy asks for",
        "response-property-deprecated-sunset-invalid": "error: a response property's sunset is no date (RFC 3339)",
        "response-property-sunset-date-too-small": "error: a response property's sunset comes sooner than the policy allows",
        "response-property-stability-decreased": "error: a response property's stability level went down",
    },
    "parameters": {
        "new-required-request-parameter": "error: a new parameter must be sent",
        "new-required-request-default-parameter-to-existing-path": "error: a new parameter must be sent with every operation of a path",
        "new-request-path-parameter": "error: the path needs a part it did not need",
        "request-parameter-removed": "error: a parameter that clients send is gone",
        "request-parameter-removed-before-sunset": "error: a deprecated parameter is gone before the date announced",
        "request-parameter-removed-with-deprecation": "info: a parameter is gone as announced",
        "request-parameter-became-required": "error: a parameter that could be left out must be sent",
        "request-parameter-default-value-changed": "error: leaving the parameter out means something else",
        "request-parameter-default-value-added": "error: leaving the parameter out means something else",
        "request-parameter-default-value-removed": "error: leaving the parameter out means something else",
        "request-parameter-x-extensible-enum-value-removed": "error: a value clients send is no longer known",
        "request-property-x-extensible-enum-value-removed": "error: a value clients send is no longer known",
        "request-parameter-style-changed": "error: the value is written differently on the wire (style, explode)",
        "request-parameter-allow-reserved-removed": "error: reserved characters must now be escaped",
        "request-parameter-allow-empty-removed": "error: the parameter can no longer be sent empty",
        "request-parameter-content-changed": "error: the parameter moved between schema and content, or changed media type",
        "new-required-request-header-property": "error: a header's object has a new required property",
        "request-header-property-became-required": "error: a property of a header's object must be sent",
        "request-header-property-became-enum": "error: a property of a header's object is restricted to listed values",
    },
    "bodies": {
        "request-body-added-required": "error: a body must be sent where none was",
        "request-body-became-required": "error: a body that could be left out must be sent",
        "request-body-removed": "error: the body clients send is no longer taken",
        "request-body-media-type-removed": "error: a media type clients send is no longer taken",
        "request-body-media-type-schema-added": "error: a body that could be anything must follow a schema",
        "request-body-encoding-changed": "error: a part of the form is encoded differently",
        "response-success-status-removed": "error: a success status is no longer answered",
        "response-media-type-removed": "error: a media type clients accept is no longer answered",
        "response-media-type-parameter-changed": "error: the answer comes in another version or profile of its media type",
        "response-media-type-name-generalized": "error: the answer may come in more media types than announced",
        "response-body-media-type-schema-removed": "error: a body that followed a schema may be anything",
        "required-response-header-removed": "error: a header that was always sent is gone",
        "optional-response-header-removed": "error: a header that was sometimes sent is gone",
        "response-header-became-optional": "error: a header that was always sent may be missing",
        "response-header-became-nullable": "error: a header may be null",
        "response-header-type-changed": "error: a header's values are of another type",
        "response-header-type-generalized": "error: a header's values may be of more types",
        "response-header-style-changed": "error: a header is written differently on the wire (explode)",
        "response-header-content-changed": "error: a header moved between schema and content, or changed media type",
    },
    "security": {
        "api-security-anonymous-access-removed": "error: an operation that was open asks for credentials",
        "api-security-added": "error: more credentials are asked for than sufficed",
        "api-security-removed": "error: a way to authenticate is gone",
        "api-security-scope-added": "error: a token needs a scope it did not need",
        "api-security-component-type-changed": "error: a scheme in use now means credentials of another type",
        "api-security-component-api-key-in-changed": "error: an API key in use is sent elsewhere",
        "api-security-component-api-key-name-changed": "error: an API key in use has another name",
        "api-security-component-http-scheme-changed": "error: another scheme of HTTP authentication is in use",
        "api-security-component-openid-connect-url-changed": "error: tokens come from another OpenID provider",
        "api-security-component-oauth-flow-removed": "error: an OAuth flow in use is gone",
    },
    "servers": {
        "server-removed": "warning: a server's address is no longer listed",
        "server-variable-value-removed": "warning: a value of a server variable is gone",
        "server-variable-default-changed": "warning: a server variable has another default",
    },
    "channels": {
        "channel-removed": "error: a channel is gone",
        "channel-operation-removed": "error: the application no longer sends to, or receives from, a channel",
        "channel-parameter-changed": "error: a channel's address takes other parameters",
        "channel-binding-changed": "error: the protocol's settings route or select messages differently",
        "channel-servers-narrowed": "error: a channel is no longer offered on a server",
        "message-removed": "error: a message is gone from a channel",
        "message-added": "warning: receivers get a message they do not know",
        "message-content-type-changed": "error: the payload is written in another media type",
        "message-schema-format-changed": "error: the payload is described in another language",
        "message-headers-removed": "error: the headers receivers read are gone",
        "message-header-removed": "error: a header receivers read is gone",
        "message-correlation-id-changed": "error: the correlation id is found elsewhere",
        "message-binding-changed": "error: the protocol's settings of a message changed",
        "message-payload-removed": "error: the payload receivers read is no longer described",
        "operation-reply-added": "error: receivers of a message must now reply",
        "operation-reply-removed": "error: no reply comes to a request",
        "operation-reply-changed": "error: the reply goes to another address",
        "asyncapi-server-removed": "error: a server is gone",
        "asyncapi-server-address-changed": "error: a server has another address",
        "asyncapi-server-protocol-changed": "error: a server speaks another protocol",
        "asyncapi-server-variable-value-removed": "error: a value of a server variable is gone",
        "asyncapi-security-added": "error: a server or operation asks for credentials it did not ask for",
        "asyncapi-security-removed": "error: a way to authenticate is gone",
    },
    "graphql": {
        "graphql-type-removed": "error: a type is gone",
        "graphql-type-kind-changed": "error: a type is of another kind (object, input, enum, ...)",
        "graphql-union-member-removed": "error: a union lost a member",
        "graphql-enum-value-removed": "error: an enum lost a value",
        "graphql-required-input-field-added": "error: an input object has a new required field",
        "graphql-input-field-became-required": "error: an input field lost the default that let it be left out",
        "graphql-input-became-one-of": "error: exactly one field of an input object may now be given",
        "graphql-interface-removed": "error: a type no longer implements an interface",
        "graphql-field-removed": "error: a field is gone",
        "graphql-field-type-changed": "error: a field has a type old queries or inputs do not fit",
        "graphql-required-argument-added": "error: a field has a new required argument",
        "graphql-argument-became-required": "error: an argument lost the default that let it be left out",
        "graphql-argument-removed": "error: an argument is gone",
        "graphql-argument-type-changed": "error: an argument has a type old values do not fit",
        "graphql-directive-removed": "error: a directive is gone",
        "graphql-directive-argument-removed": "error: a directive's argument is gone",
        "graphql-required-directive-argument-added": "error: a directive has a new required argument",
        "graphql-directive-repeatable-removed": "error: a directive may no longer be repeated",
        "graphql-directive-location-removed": "error: a directive is no longer allowed somewhere",
        "graphql-root-type-removed": "error: queries, mutations or subscriptions are no longer offered",
        "graphql-root-type-changed": "error: the root type has another name",
        "graphql-enum-value-added": "warning: a client may meet an enum value it does not know",
        "graphql-union-member-added": "warning: a client may meet a member it does not know",
        "graphql-interface-added": "warning: a fragment on the interface may match more objects",
        "graphql-optional-input-field-added": "warning: the server decides what leaving the new field out means",
        "graphql-optional-argument-added": "warning: the server decides what leaving the new argument out means",
        "graphql-argument-default-changed": "warning: leaving the argument out means something else",
        "graphql-input-field-default-changed": "warning: leaving the field out means something else",
    },
    "all": {"undecided": "warning: could not be decided; the verdict is unknown, which is not safe"},
}


def _rules() -> Iterator[Rule]:
    for area, rules in _STRUCTURE.items():
        for name, line in rules.items():
            severity, _, says = line.partition(": ")
            yield Rule(id=name, severity=Severity(severity), says=says, area=area)
    for direction, concepts, surfaces in (
        (Direction.REQUEST, NARROWED, (Surface.BODY, Surface.PARAMETER, Surface.REQUEST_HEADER)),
        (Direction.RESPONSE, WIDENED, (Surface.BODY, Surface.RESPONSE_HEADER)),
    ):
        for surface in surfaces:
            yield from _schema_rules(direction, surface, {**concepts, **_NOTED_IN[direction], **_NAMED_IN[direction]})


def _schema_rules(direction: Direction, surface: Surface, concepts: Mapping[str, str]) -> Iterator[Rule]:
    for concept, says in concepts.items():
        for depth in (0, 1):
            if depth == 0 and concept in _ONLY_OF_PROPERTIES:
                continue
            name = rule_id(direction, surface, depth, concept)
            severity = _TOLERATED.get(concept, Severity.ERROR)
            yield Rule(id=name, severity=severity, says=says, area=f"{direction.value} schemas")


_NOTED_IN = {
    Direction.REQUEST: {
        concept: NOTED[concept]
        for concept in ("content-media-type-changed", "content-encoding-changed", "content-schema-added", "removed")
    },
    Direction.RESPONSE: {
        concept: NOTED[concept]
        for concept in (
            "content-media-type-changed",
            "content-encoding-changed",
            "content-schema-removed",
            "optional-removed",
            "optional-became-write-only",
            "became-not-write-only",
        )
    },
}
_NAMED_IN = {
    Direction.REQUEST: {
        concept: SAYS[concept] for concept in ("new-required", "new-required-with-default", "became-not-read-only")
    },
    Direction.RESPONSE: {concept: SAYS[concept] for concept in ("required-removed", "became-write-only")},
}
_TOLERATED = {"added": Severity.WARNING}
"""A reader of an API tolerates a property it does not know, even where the old schema ruled it out."""
_ONLY_OF_PROPERTIES = frozenset(
    [
        "became-required",
        "became-required-with-default",
        "became-optional",
        "new-required",
        "new-required-with-default",
        "required-removed",
        "optional-removed",
        "removed",
        "refused",
        "added",
        "became-not-read-only",
        "became-not-write-only",
        "became-write-only",
        "optional-became-write-only",
    ]
)


RULES: Mapping[str, Rule] = {rule.id: rule for rule in reversed(list(_rules()))}
"""Every rule by its id."""


def known(found: ContractFinding) -> ContractFinding:
    """A schema's finding with the severity the catalogue gives its rule."""
    rule = RULES.get(found.id)
    if rule is None or rule.severity is found.severity or found.outcome is Outcome.UNKNOWN:
        return found
    return ContractFinding.of(found, severity=rule.severity, outcome=_OUTCOMES[rule.severity])
