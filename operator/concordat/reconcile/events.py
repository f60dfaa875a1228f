"""
Events: told once, to whoever looks at an object with ``kubectl describe``.
"""

import logging
import os
from datetime import datetime

from concordat.cluster.connection.client import Client
from concordat.cluster.connection.failures import ApiError
from concordat.manifest import Kind, conventions, digest
from concordat_contracts.legible import legible

logger = logging.getLogger(__name__)

EVENT = Kind(group="events.k8s.io", version="v1", kind="Event", plural="events")
LONGEST_NOTE = 1000
"""Characters; the API server takes a kibibyte."""


async def announce(client: Client, *, kind: str, namespace: str, name: str, uid: str, note: str, now: datetime) -> None:
    """Record that somebody broke the glass. A record that cannot be written holds nothing up."""
    note = legible(note)
    logger.warning("%s %s/%s: let through by break-glass: %s", kind, namespace, name, note)
    event = {
        "apiVersion": EVENT.api_version,
        "kind": EVENT.kind,
        "metadata": {"name": f"{name[:200]}.{digest([uid, note, now.isoformat()], size=8)}", "namespace": namespace},
        "eventTime": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "type": "Warning",
        "reason": conventions.REASON_BREAK_GLASS,
        "action": "LetThrough",
        "note": note[:LONGEST_NOTE],
        "regarding": {
            "apiVersion": conventions.API_VERSION,
            "kind": kind,
            "namespace": namespace,
            "name": name,
            "uid": uid,
        },
        "reportingController": f"{conventions.GROUP}/operator",
        "reportingInstance": os.environ.get("HOSTNAME") or "concordat",
    }
    try:
        await client.create(EVENT, event)
    except ApiError as error:
        logger.warning("%s %s/%s: the event cannot be written: %s", kind, namespace, name, error)
