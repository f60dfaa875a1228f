"""Two AsyncAPI documents, channel by channel, each message in the direction it travels."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from concordat_contracts.asyncapi.bindings import compare_bindings
from concordat_contracts.asyncapi.model import Application
from concordat_contracts.asyncapi.parts import RECEIVE, SEND, Channel, Flow, Message
from concordat_contracts.asyncapi.schema_formats import dialect_of, is_json_schema, without_words
from concordat_contracts.asyncapi.servers import compare_security, compare_servers
from concordat_contracts.findings.scope import Comparison, Scope
from concordat_contracts.findings.touching import ContractFinding
from concordat_contracts.reading.media_types import is_same
from concordat_contracts.schema import Direction, Surface

Messages = Mapping[str, Message]


def compare_asyncapi(comparison: Comparison, old: Application, new: Application) -> Iterator[ContractFinding]:
    """Everything of ``new`` that somebody who talks to ``old`` would notice."""
    for shape, channel in old.channels.items():
        scope = comparison.scope(channel.address, _names(channel))
        later = new.channels.get(shape)
        moved = next((each for each in new.channels.values() if each.key == channel.key), None)
        if later is None and not channel.has_address:
            later = moved  # it was left open where it is, and is told now
        if later is None:
            text = f"the channel moved to {moved.address}" if moved else "the channel is gone"
            yield scope.finding("channel-removed", text)
        else:
            yield from _channel(comparison, scope, channel, later, old, new)
    yield from compare_servers(comparison, old, new)


def _names(channel: Channel) -> frozenset[str]:
    return frozenset({channel.address}).union(*map(channel.names_of, channel.flows.values()))


def _channel(
    comparison: Comparison, scope: Scope, old: Channel, new: Channel, old_app: Application, new_app: Application
) -> Iterator[ContractFinding]:
    yield from _servers(scope, old, new, old_app, new_app)
    yield from _parameters(scope, old, new)
    before, after = (_spelled_out(each, old.bindings, new.bindings) for each in (old, new))
    yield from compare_bindings(scope, "channel-binding-changed", before, after, Direction.REQUEST)
    if not old.flows and not new.flows and not old.carries_replies:
        yield from _messages(scope, old.messages, new.messages, Direction.BOTH)
        return
    for action, flow in old.flows.items():
        place = comparison.scope(f"{action} {old.address}", old.names_of(flow))
        if action in new.flows:
            yield from _flow(place, flow, new.flows[action], old_app, new_app)
        else:
            verb = "sends" if action == SEND else "receives"
            yield place.finding("channel-operation-removed", f"the application no longer {verb} here")


def _spelled_out(channel: Channel, *both: Mapping[str, Any]) -> Mapping[str, Any]:
    """Its bindings; where either side says something of Kafka, the topic is the address unless said otherwise."""
    if not any(isinstance(each.get("kafka"), Mapping) for each in both):
        return channel.bindings
    said = channel.bindings.get("kafka")
    topic = {"topic": channel.address, **(said if isinstance(said, Mapping) else {})}
    return {**channel.bindings, "kafka": topic}


def _servers(
    scope: Scope, old: Channel, new: Channel, old_app: Application, new_app: Application
) -> Iterator[ContractFinding]:
    before = old.servers or frozenset(old_app.servers)
    after = new.servers or frozenset(new_app.servers)
    gone = sorted((before & new_app.servers.keys()) - after)
    if gone:
        yield scope.finding("channel-servers-narrowed", f"no longer on {', '.join(gone)}")


def _parameters(scope: Scope, old: Channel, new: Channel) -> Iterator[ContractFinding]:
    """Variables of the address, which a consumer fills in; they are matched by their place."""
    for before, after in zip(old.variables, new.variables, strict=False):
        old_raw, new_raw = old.parameters.get(before, {}), new.parameters.get(after, {})
        place = scope.at(f"parameter {before}")
        if old_raw.get("location") != new_raw.get("location") and old_raw.get("location") is not None:
            yield place.finding("channel-parameter-changed", f"is found at {new_raw.get('location')} of the message")
        yield from place.schemas(_variable(old_raw), _variable(new_raw), Direction.REQUEST, Surface.PARAMETER)


def _variable(raw: Mapping[str, Any]) -> Any:
    """A parameter as a schema; 3.0 knows only an enum."""
    if "schema" in raw:
        return raw["schema"]
    return {"type": "string", **({"enum": raw["enum"]} if raw.get("enum") else {})}


def _flow(scope: Scope, old: Flow, new: Flow, old_app: Application, new_app: Application) -> Iterator[ContractFinding]:
    direction = Direction.RESPONSE if old.action == SEND else Direction.REQUEST
    yield from compare_bindings(scope, "channel-binding-changed", old.bindings, new.bindings, direction)
    yield from compare_security(scope, old.security, new.security, old_app, new_app)
    yield from _messages(scope, old.messages, new.messages, direction)
    back = Direction.REQUEST if old.action == SEND else Direction.RESPONSE
    if old.reply is None:
        if new.reply is not None and old.action == SEND:
            yield scope.finding("operation-reply-added", "receivers must now reply")
        return
    if new.reply is None:
        yield scope.finding("operation-reply-removed", "there is no reply any more")
        return
    if old.reply.address is not None and old.reply.address != new.reply.address:
        yield scope.finding(
            "operation-reply-changed", f"the reply goes to {new.reply.address}, not {old.reply.address}"
        )
    yield from _messages(scope.at("reply"), old.reply.messages, new.reply.messages, back)


def _messages(scope: Scope, old: Messages, new: Messages, direction: Direction) -> Iterator[ContractFinding]:
    if len(old) == len(new) == 1:  # a name is not on the wire: the only message is the same message
        yield from _message(scope, next(iter(old.values())), next(iter(new.values())), direction)
        return
    renamed = _renamed(old, new)
    for name, message in old.items():
        place = scope.at(f"message {name}")
        if name in new:
            yield from _message(place, message, new[name], direction)
        elif name not in renamed:
            yield place.finding("message-removed", f"the message {name} is gone")
    if direction is Direction.RESPONSE and old:
        for name in sorted(new.keys() - old.keys() - set(renamed.values())):
            yield scope.at(f"message {name}").finding("message-added", f"the message {name} is new")


def _renamed(old: Messages, new: Messages) -> Mapping[str, str]:
    """Messages that are there still, word for word, under a name the other side never sees."""
    free = {name: message for name, message in new.items() if name not in old}
    renamed: dict[str, str] = {}
    for name in old.keys() - new.keys():
        twin = next((each for each, message in free.items() if replace(message, name=name) == old[name]), None)
        if twin is not None:
            renamed[name] = twin
            del free[twin]
    return renamed


def _message(scope: Scope, old: Message, new: Message, direction: Direction) -> Iterator[ContractFinding]:
    if None not in (old.content_type, new.content_type) and not is_same(str(old.content_type), str(new.content_type)):
        yield scope.finding("message-content-type-changed", f"is written as {new.content_type}, not {old.content_type}")
    if old.correlation is not None and old.correlation != new.correlation:
        yield scope.finding("message-correlation-id-changed", f"the correlation id moved to {new.correlation}")
    yield from compare_bindings(scope, "message-binding-changed", old.bindings, new.bindings, direction)
    yield from _payload(scope.at("payload"), old, new, direction)
    yield from _headers(scope.at("headers"), old, new, direction)


def _payload(scope: Scope, old: Message, new: Message, direction: Direction) -> Iterator[ContractFinding]:
    if old.payload is None and new.payload is None:
        return
    if not is_json_schema(old.schema_format) or not is_json_schema(new.schema_format):
        if _language(old.schema_format) != _language(new.schema_format) and None not in (old.payload, new.payload):
            yield scope.finding(
                "message-schema-format-changed", f"is described as {new.schema_format}, not {old.schema_format}"
            )
        elif without_words(old.payload) != without_words(new.payload):
            text = f"payloads in {old.schema_format} are only compared for equality, and these differ"
            yield scope.undecided(text)
        return
    if new.payload is None and direction is not Direction.REQUEST:
        yield scope.finding("message-payload-removed", "the payload is no longer described")
        return
    before = True if old.payload is None else old.payload
    after = True if new.payload is None else new.payload
    if old.payload is None and direction is Direction.RESPONSE:
        return
    place = scope.reading(dialect_of(old.schema_format), dialect_of(new.schema_format))
    yield from place.schemas(before, after, direction, Surface.BODY)


def _language(schema_format: str) -> str:
    return schema_format.partition(";")[0].partition("+")[0]


def _headers(scope: Scope, old: Message, new: Message, direction: Direction) -> Iterator[ContractFinding]:
    if old.headers is None and new.headers is None:
        return
    if new.headers is None:
        if direction is not Direction.REQUEST:
            yield scope.finding("message-headers-removed", "the headers are no longer described")
        return
    if old.headers is None and direction is Direction.RESPONSE:
        return
    before = {"type": "object"} if old.headers is None else old.headers
    yield from scope.schemas(before, new.headers, direction, Surface.BODY)


__all__ = ["RECEIVE", "SEND", "compare_asyncapi"]
