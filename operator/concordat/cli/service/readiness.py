"""
How a Microservice or a ServiceContract stands, in a few words: the same for every command that tells it.
"""

from collections.abc import Mapping
from typing import Any

from concordat.manifest import conventions

_NOT_SEEN = "the operator has not looked at this generation yet; is it running?"


def of_service(item: Mapping[str, Any]) -> dict[str, Any]:
    """Ready or why not, what was built, what to mend."""
    status = item.get("status") or {}
    return {
        "name": item["metadata"]["name"],
        "namespace": item["metadata"]["namespace"],
        "team": item["spec"].get("team", ""),
        **_readiness(item),
        "version": status.get("version", ""),
        "replicas": status.get("replicas", ""),
        "url": status.get("url", ""),
        **_built(status),
    }


def of_contract(item: Mapping[str, Any]) -> dict[str, Any]:
    """What is in force, whether what is written is, and for how many it is."""
    status = item.get("status") or {}
    return {
        "namespace": item["metadata"]["namespace"],
        "name": item["metadata"]["name"],
        "type": item["spec"]["type"],
        "version": status.get("version", ""),
        "written": item["spec"]["version"],
        "state": status.get("state", ""),
        "sunset": status.get("sunset", ""),
        "successor": (item["spec"].get("lifecycle") or {}).get("successor", ""),
        "consumers": status.get("consumerCount", 0),
        **_readiness(item),
    }


def of_contract_whole(item: Mapping[str, Any]) -> dict[str, Any]:
    """The same with every condition, what is written means for each consumer, and what to mend."""
    status = item.get("status") or {}
    conditions = {
        each["type"]: {key: each.get(key, "") for key in ("status", "reason", "message")}
        for each in status.get("conditions") or ()
    }
    return of_contract(item) | {"conditions": conditions, "verdicts": verdicts(item)} | _built(status)


def verdicts(item: Mapping[str, Any]) -> dict[str, str]:
    """Consumer -> compatible, breaking or unknown: what the version last written means for them."""
    return {each["name"]: each["verdict"] for each in (item.get("status") or {}).get("consumers") or ()}


def _readiness(item: Mapping[str, Any]) -> dict[str, str]:
    status = item.get("status") or {}
    ready: Mapping[str, Any] = next(
        (each for each in status.get("conditions") or () if each["type"] == conventions.READY), {}
    )
    if not ready or ready.get("observedGeneration", 0) < item["metadata"].get("generation", 0):
        return {"ready": "Unknown", "reason": "NotSeen", "message": _NOT_SEEN}
    return {"ready": ready["status"], "reason": ready.get("reason", ""), "message": ready.get("message", "")}


def _built(status: Mapping[str, Any]) -> dict[str, Any]:
    children = [
        {key: value for key, value in child.items() if key != "fingerprint"} for child in status.get("children") or ()
    ]
    return {"children": children, "problems": status.get("problems") or []}
