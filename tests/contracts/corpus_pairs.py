"""
The corpus: one file a pair, labelled by hand, with the reason.

A file says ``verdict`` (``breaking`` or ``compatible``), for breaking pairs the ``rules`` that may be cited, and ``old`` and ``new``.
``form`` tells what these two stand for, so that a file holds only what differs:

    request, response   the schema of a JSON body (``POST /orders``, ``GET /orders/{id}`` 200)
    query               one query parameter        parameters   all parameters of ``GET /orders``
    headers             the headers of a response   operation    ``POST /orders`` itself
    paths               all paths                  document     the document, short of ``openapi`` and ``info``
    raw                 the document, every word
    sent, received      the payload of the one message of an AsyncAPI application
    message-sent, message-received                  that message
    asyncapi            an AsyncAPI document, short of ``asyncapi`` and ``info``
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from concordat_contracts import Policy, parse_text

CORPUS = Path(__file__).parent / "corpus"
_OK = {"responses": {"200": {"description": "ok"}}}


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two documents and what is to be said of them."""

    name: str
    reason: str
    verdict: str
    rules: frozenset[str]
    old: Any
    new: Any
    policy: Policy
    warns: frozenset[str]


def pairs(format_name: str) -> Iterator[Pair]:
    """All pairs of ``corpus/<format_name>``."""
    for path in sorted((CORPUS / format_name).glob("*.yaml")):
        raw = parse_text(path.read_text())
        yield Pair(
            name=path.stem,
            reason=raw["reason"],
            verdict=raw["verdict"],
            rules=frozenset(raw.get("rules", ())),
            old=_document(raw["old"], raw.get("form", "raw"), raw),
            new=_document(raw["new"], raw.get("form", "raw"), raw),
            policy=Policy(today=date.fromisoformat(raw["today"]) if "today" in raw else None, **raw.get("policy", {})),
            warns=frozenset(raw.get("warns", ())),
        )


def _document(part: Any, form: str, raw: Mapping[str, Any]) -> Any:
    if form == "raw":
        return part
    if form == "asyncapi":
        return {"asyncapi": str(raw.get("asyncapi", "3.0.0")), "info": {"title": "Orders", "version": "1.0.0"}, **part}
    if form.endswith(("sent", "received")):
        return _application(
            part if form.startswith("message-") else {"payload": part}, form, str(raw.get("asyncapi", "3.0.0"))
        )
    head = {"openapi": str(raw.get("openapi", "3.0.3")), "info": {"title": "Orders", "version": "1.0.0"}}
    if form == "document":
        return {"paths": {}, **head, **part}
    return head | {"paths": _paths(part, form)}


def _application(message: Any, form: str, version: str) -> dict[str, Any]:
    head = {"asyncapi": version, "info": {"title": "Orders", "version": "1.0.0"}}
    is_sent = form.endswith("sent")
    if version.startswith("2"):
        return head | {"channels": {"orders": {"subscribe" if is_sent else "publish": {"message": message}}}}
    return head | {
        "channels": {"orders": {"address": "orders", "messages": {"order": message}}},
        "operations": {
            "onOrder": {"action": "send" if is_sent else "receive", "channel": {"$ref": "#/channels/orders"}}
        },
    }


def _paths(part: Any, form: str) -> dict[str, Any]:
    if form == "paths":
        return {
            path: {method: _OK | each if isinstance(each, dict) else each for method, each in item.items()}
            for path, item in part.items()
        }
    if form == "request":
        body = {"required": True, "content": {"application/json": {"schema": part}}}
        return {"/orders": {"post": _OK | {"requestBody": body}}}
    if form == "response":
        answer = {"200": {"description": "ok", "content": {"application/json": {"schema": part}}}}
        return {"/orders/{id}": {"get": {"parameters": [_ID], "responses": answer}}}
    if form == "query":
        return {"/orders": {"get": _OK | {"parameters": [{"name": "q", "in": "query", **part}]}}}
    if form == "parameters":
        return {"/orders": {"get": _OK | {"parameters": part}}}
    if form == "headers":
        return {"/orders": {"get": {"responses": {"200": {"description": "ok", "headers": part}}}}}
    if form == "operation":
        return {"/orders": {"post": _OK | part}}
    raise ValueError(f"no form {form!r}")


_ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
