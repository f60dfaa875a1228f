"""
Both generations of AsyncAPI as channels with the messages an application sends and receives there.

2.x tells what *others* do (``publish``: the application receives; ``subscribe``: it sends), 3.0 what the application does itself.
Traits are merged, references followed.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from concordat_contracts.asyncapi.parts import RECEIVE, SEND, Channel, Flow, Message, Reply, merged, tail, together
from concordat_contracts.asyncapi.schema_formats import DEFAULT_SCHEMA_FORMAT, is_json_schema
from concordat_contracts.errors import InvalidDocument
from concordat_contracts.reading.forms import mapping, sequence
from concordat_contracts.reading.references import References


class Application:
    """All channels and servers of a valid document."""

    def __init__(self, root: Mapping[str, Any], references: References, version: str) -> None:
        self.root = root
        self._references = references
        self._ids: dict[str, str] = {}
        self._is_3 = version.startswith("3")
        self.content_type = root.get("defaultContentType")
        components = mapping(root.get("components"), "components")
        self.security_schemes = mapping(components.get("securitySchemes"), "components.securitySchemes")
        self.servers = {
            str(name): self.follow(each, f"servers.{name}")
            for name, each in mapping(root.get("servers"), "servers").items()
        }
        read = self._channels_3 if self._is_3 else self._channels_2
        self.channels: dict[str, Channel] = {}
        for channel in read():
            known = self.channels.setdefault(channel.shape, channel)
            if known is not channel:
                raise InvalidDocument(
                    f"has the address of channel {known.key}",
                    location=f"channels.{channel.key}",
                    remedy="merge the two",
                )

    def follow(self, node: Any, location: str) -> Mapping[str, Any]:
        """``node`` with its reference followed; refused where it is no mapping."""
        return mapping(self._references.resolve(node, location), location)

    def _channels_2(self) -> Iterator[Channel]:
        for address, node in mapping(self.root.get("channels"), "channels").items():
            place = f"channels.{address}"
            raw = self.follow(node, place)
            flows: dict[str, Flow] = {}
            for verb, action in (("subscribe", SEND), ("publish", RECEIVE)):
                if raw.get(verb) is None:
                    continue
                where = f"{place} {verb}"
                operation = self._with_traits(self.follow(raw[verb], where), where, traits_win=True)
                self._check_id(operation.get("operationId"), where)
                messages = self._messages_2(operation.get("message"), where)
                flows[action] = Flow(
                    action=action,
                    ids=frozenset(filter(None, (operation.get("operationId"),))),
                    messages=messages,
                    bindings=self._bindings(operation, where),
                    security=sequence(operation.get("security"), f"{where} security"),
                    reply=None,
                )
            servers = raw.get("servers")
            yield Channel(
                key=str(address),
                address=str(address),
                parameters=self._parameters(raw, place),
                servers=frozenset(map(str, servers)) if isinstance(servers, list) and servers else None,
                bindings=self._bindings(raw, place),
                messages={name: each for flow in flows.values() for name, each in flow.messages.items()},
                flows=flows,
            )

    def _messages_2(self, node: Any, location: str) -> Mapping[str, Message]:
        if node is None:
            return {}
        several = node.get("oneOf") if isinstance(node, Mapping) else None
        nodes = several if isinstance(several, list) else [node]
        messages: dict[str, Message] = {}
        for index, each in enumerate(nodes):
            raw = self.follow(each, f"{location} message")
            name = str(raw.get("messageId") or raw.get("name") or tail(each) or raw.get("title") or f"#{index + 1}")
            messages[name] = self._message(raw, name, f"{location} message {name}")
        return messages

    def _channels_3(self) -> Iterator[Channel]:
        flows = self._flows_3()
        replies = {
            id(self.follow(self.follow(operation.get("reply"), name).get("channel"), name))
            for name, node in mapping(self.root.get("operations"), "operations").items()
            if "reply" in (operation := self.follow(node, name))
        }
        for key, node in mapping(self.root.get("channels"), "channels").items():
            place = f"channels.{key}"
            raw = self.follow(node, place)
            address = raw.get("address")
            servers = [tail(each) for each in sequence(raw.get("servers"), f"{place} servers")]
            yield Channel(
                key=str(key),
                address=str(address) if address is not None else f"(unknown address) {key}",
                parameters=self._parameters(raw, place),
                servers=frozenset(filter(None, servers)) or None,
                bindings=self._bindings(raw, place),
                messages=self._messages_3(raw, place),
                flows=flows.get(id(raw), {}),
                carries_replies=id(raw) in replies,
                has_address=address is not None,
            )

    def _flows_3(self) -> dict[int, dict[str, Flow]]:
        found: dict[int, dict[str, Flow]] = {}
        for name, node in mapping(self.root.get("operations"), "operations").items():
            place = f"operations.{name}"
            raw = self._with_traits(self.follow(node, place), place, traits_win=False)
            action = raw.get("action")
            if action not in (SEND, RECEIVE):
                raise InvalidDocument(
                    "action must be send or receive", location=place, remedy="say what the application does itself"
                )
            if raw.get("channel") is None:
                raise InvalidDocument("an operation needs a channel", location=place, remedy="add channel: {$ref: ...}")
            channel = self.follow(raw["channel"], f"{place} channel")
            messages = self._chosen(raw, channel, place)
            flow = Flow(
                action=action,
                ids=frozenset({str(name)}),
                messages=messages,
                bindings=self._bindings(raw, place),
                security=sequence(raw.get("security"), f"{place} security"),
                reply=self._reply(raw.get("reply"), f"{place} reply"),
            )
            flows = found.setdefault(id(channel), {})
            flows[action] = together(flows[action], flow) if action in flows else flow
        return found

    def _reply(self, node: Any, location: str) -> Reply | None:
        if node is None:
            return None
        raw = self.follow(node, location)
        channel = self.follow(raw.get("channel"), f"{location} channel")
        address = self.follow(raw.get("address"), f"{location} address").get("location") or channel.get("address")
        return Reply(address=address, messages=self._chosen(raw, channel, location))

    def _chosen(self, raw: Mapping[str, Any], channel: Mapping[str, Any], location: str) -> Mapping[str, Message]:
        """The messages an operation names, or all of its channel."""
        offered = self._messages_3(channel, location)
        chosen = raw.get("messages")
        if chosen is None:
            return offered
        by_identity = {
            id(self.follow(each, location)): str(name)
            for name, each in mapping(channel.get("messages"), location).items()
        }
        messages: dict[str, Message] = {}
        for index, each in enumerate(sequence(chosen, f"{location} messages")):
            raw_message = self.follow(each, f"{location} messages")
            name = by_identity.get(id(raw_message)) or tail(each) or f"#{index + 1}"
            messages[name] = self._message(raw_message, name, f"{location} message {name}")
        return messages

    def _messages_3(self, raw: Mapping[str, Any], location: str) -> Mapping[str, Message]:
        return {
            str(name): self._message(
                self.follow(each, f"{location} message {name}"), str(name), f"{location} message {name}"
            )
            for name, each in mapping(raw.get("messages"), f"{location} messages").items()
        }

    def _message(self, raw: Mapping[str, Any], name: str, location: str) -> Message:
        raw = self._with_traits(raw, location, traits_win=not self._is_3)
        payload, schema_format = self._multi_format(raw.get("payload"), raw.get("schemaFormat"))
        headers, _ = self._multi_format(raw.get("headers"), None)
        for part, schema in (("payload", payload), ("headers", headers)):
            if is_json_schema(schema_format) and schema is not None and not isinstance(schema, Mapping | bool):
                raise InvalidDocument(
                    "a schema must be a mapping", location=f"{location} {part}", remedy="write `type: ...` below it"
                )
        correlation = raw.get("correlationId")
        return Message(
            name=name,
            payload=payload,
            schema_format=schema_format,
            headers=headers,
            content_type=raw.get("contentType", self.content_type),
            correlation=self.follow(correlation, location).get("location") if correlation is not None else None,
            bindings=self._bindings(raw, location),
        )

    def _multi_format(self, node: Any, schema_format: Any) -> tuple[Any, str]:
        """3.0 wraps a schema of another language as ``{schemaFormat, schema}``, 2.x notes the language beside it."""
        followed = self._references.resolve(node, "schema") if isinstance(node, Mapping) else node
        if self._is_3 and isinstance(followed, Mapping) and "schemaFormat" in followed and "schema" in followed:
            return followed["schema"], str(followed["schemaFormat"])
        return node, str(schema_format or DEFAULT_SCHEMA_FORMAT)

    def _with_traits(self, raw: Mapping[str, Any], location: str, *, traits_win: bool) -> Mapping[str, Any]:
        whole: Mapping[str, Any] = raw
        for index, node in enumerate(sequence(raw.get("traits"), f"{location} traits")):
            if isinstance(node, list):  # 2.0 allowed [trait, options]
                node = node[0] if node else {}
            trait = self.follow(node, f"{location} traits[{index}]")
            whole = merged(whole, trait) if traits_win else merged(trait, whole)
        return whole

    def _parameters(self, raw: Mapping[str, Any], location: str) -> Mapping[str, Mapping[str, Any]]:
        return {
            str(name): self.follow(each, f"{location} parameter {name}")
            for name, each in mapping(raw.get("parameters"), f"{location} parameters").items()
        }

    def _bindings(self, raw: Mapping[str, Any], location: str) -> Mapping[str, Any]:
        return self.follow(raw.get("bindings"), f"{location} bindings")

    def _check_id(self, name: Any, location: str) -> None:
        if name is None:
            return
        if not isinstance(name, str):
            raise InvalidDocument("operationId must be text", location=location, remedy="put it in quotes")
        if name in self._ids:
            raise InvalidDocument(
                f"operationId {name!r} is already used by {self._ids[name]}",
                location=location,
                remedy="give each operation its own id",
            )
        self._ids[name] = location
