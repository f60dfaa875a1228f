"""
Edges: what Kopf calls. Decorators and hand-overs; nothing is decided here.

Kopf is the shell: it starts us, logs us in, listens for signals, hosts admission, and stops us. The engine is ours
(:mod:`concordat.reconcile`): it alone lists, watches and writes, so that nothing is annotated on anybody's objects.

Start with ``python -m concordat`` or ``kopf run -m concordat.handlers --all-namespaces``.
"""

import asyncio
from typing import Any

import kopf

from concordat.cluster.connection.access import find_access
from concordat.errors import InvalidInput
from concordat.handlers.operator import Operator
from concordat.reconcile import configuration


@kopf.on.startup()
async def start(settings: kopf.OperatorSettings, memo: kopf.Memo, **_: Any) -> None:
    """Returns once we lead and work; until then Kopf is starting up, and a signal ends it cleanly."""
    _quiet(settings)
    try:
        operator = Operator(configuration.read(), find_access())
    except InvalidInput as invalid:
        raise kopf.PermanentError(str(invalid)) from None
    memo.operator = operator
    try:
        await operator.start()
    except asyncio.CancelledError:
        await operator.stop()  # Kopf cleans up only what has started completely
        raise


@kopf.on.login()
async def login(memo: kopf.Memo, **_: Any) -> kopf.AiohttpSession:
    """Kopf and the engine share one session."""
    operator: Operator = memo.operator
    return kopf.AiohttpSession(server=operator.client.access.server, aiohttp_session=operator.client.session())


@kopf.on.cleanup()
async def stop(memo: kopf.Memo, **_: Any) -> None:
    """Take no more work, finish what is begun, let the next one lead."""
    await memo.operator.stop()


def _quiet(settings: kopf.OperatorSettings) -> None:
    """Whatever Kopf could write to the cluster or ask of it by itself: it shall not."""
    settings.peering.standalone = True
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.process.ultimate_exiting_timeout = 25  # the kubelet's patience is 30
