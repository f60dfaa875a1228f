"""Bodies with their media types, in both directions: what a client sends, and what it gets."""

from collections.abc import Iterator, Mapping
from typing import Any

from concordat_contracts.findings.scope import Scope
from concordat_contracts.findings.touching import ContractFinding
from concordat_contracts.reading.media_types import covers, essence, matching
from concordat_contracts.schema import Direction, Surface

Content = Mapping[str, Any]
Body = Mapping[str, Any]


def compare_sent_body(scope: Scope, old: Body | None, new: Body | None) -> Iterator[ContractFinding]:
    """A body the client sends: whatever it sent must still be taken."""
    place = scope.at("body")
    if old is None:
        if new is not None and new.get("required") is True:
            yield place.finding("request-body-added-required", "a body must be sent where there was none")
        return
    if new is None:
        yield place.finding("request-body-removed", "the body is no longer taken")
        return
    if new.get("required") is True and old.get("required") is not True:
        yield place.finding("request-body-became-required", "the body became required")
    yield from _sent_content(place, old.get("content") or {}, new.get("content") or {})


def compare_sent_content(scope: Scope, old: Content, new: Content) -> Iterator[ContractFinding]:
    """The content of a client's own answer (to a callback or webhook)."""
    yield from _sent_content(scope, old, new)


def compare_received_content(scope: Scope, old: Content, new: Content) -> Iterator[ContractFinding]:
    """A body the client gets: it must be one the client could already get."""
    for media_type, before in old.items():
        place = scope.at(media_type) if len(old) > 1 else scope
        target = matching(media_type, new)
        if target is not None:
            yield from _received(place, before or {}, new[target] or {})
            continue
        narrower = [each for each in new if covers(media_type, each)]
        wider = [each for each in new if covers(each, media_type)]
        if narrower:
            for each in narrower:
                yield from _received(place, before or {}, new[each] or {})
        elif wider:
            yield place.finding(
                "response-media-type-name-generalized", f"the answer comes as {wider[0]}, not only as {media_type}"
            )
            yield from _received(place, before or {}, new[wider[0]] or {})
        elif any(essence(each) == essence(media_type) for each in new):
            yield place.finding(
                "response-media-type-parameter-changed", f"the answer comes as {', '.join(new)}, not as {media_type}"
            )
        else:
            yield place.finding("response-media-type-removed", f"the answer no longer comes as {media_type}")


def _sent_content(scope: Scope, old: Content, new: Content) -> Iterator[ContractFinding]:
    for media_type, before in old.items():
        place = scope.at(media_type) if len(old) > 1 else scope
        target = matching(media_type, new) or next((each for each in new if covers(each, media_type)), None)
        if target is None:
            yield place.finding("request-body-media-type-removed", f"{media_type} is no longer taken")
            continue
        yield from _sent(place, media_type, before or {}, new[target] or {})


def _sent(scope: Scope, media_type: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[ContractFinding]:
    if new.get("schema") is None:
        return
    if old.get("schema") is None and not _allows_all(scope, new["schema"]):
        yield scope.finding("request-body-media-type-schema-added", f"{media_type} must now follow a schema")
        return
    yield from scope.schemas(old.get("schema", {}), new["schema"], Direction.REQUEST, Surface.BODY)
    if essence(media_type) in ("application/x-www-form-urlencoded", "multipart/form-data"):
        yield from _encodings(scope, old.get("encoding") or {}, new.get("encoding") or {})


def _received(scope: Scope, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[ContractFinding]:
    if old.get("schema") is None:
        return
    if new.get("schema") is None and not _allows_all(scope, old["schema"]):
        yield scope.finding("response-body-media-type-schema-removed", "the answer no longer follows a schema")
        return
    yield from scope.schemas(old["schema"], new.get("schema", {}), Direction.RESPONSE, Surface.BODY)


def _encodings(scope: Scope, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[ContractFinding]:
    for part, before in old.items():
        after = new.get(part)
        if not isinstance(before, Mapping) or not isinstance(after, Mapping):
            continue
        for key in ("contentType", "style", "explode"):
            if key not in before or key not in after or before[key] == after[key]:
                continue
            if key == "contentType" and _types(before[key]) <= _types(after[key]):
                continue
            yield scope.finding(
                "request-body-encoding-changed", f"part {part!r} has {key} {after[key]!r} instead of {before[key]!r}"
            )


def _types(content_type: Any) -> set[str]:
    return {essence(each) for each in str(content_type).split(",")}


def _allows_all(scope: Scope, schema: Any) -> bool:
    """Whether a schema is only words: to add or drop it changes nothing."""
    return schema is True or not scope.comparison.pair.old.plain(schema)
