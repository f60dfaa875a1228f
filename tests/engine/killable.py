"""
An operator that is killed by SIGKILL at one very write: before it leaves, or after its answer has come.

Deterministic by the number of the write, never by time: what needs a crash inside a millisecond is found every time.
"""

import asyncio
import multiprocessing
import os
import signal
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, Literal

import aiohttp
import uvloop

from concordat.cluster.connection.access import from_kubeconfig
from concordat.cluster.connection.client import Client
from concordat.reconcile.engine import Engine
from concordat.reconcile.settings import Settings

When = Literal["before", "after"]

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([__name__])


def start(kubeconfig: Path, namespace: str, *, kill_at: int = 0, when: When = "before") -> ForkServerProcess:
    """A process that looks after one namespace until it is killed: by itself at write ``kill_at``, or by you."""
    process = _context.Process(target=_operate, args=(kubeconfig, namespace, kill_at, when), daemon=True)
    process.start()
    return process


def _operate(kubeconfig: Path, namespace: str, kill_at: int, when: When) -> None:
    uvloop.run(_forever(kubeconfig, namespace, kill_at, when))


async def _forever(kubeconfig: Path, namespace: str, kill_at: int, when: When) -> None:
    writes = 0

    async def killer(request: aiohttp.ClientRequest, send: Any) -> aiohttp.ClientResponse:
        nonlocal writes
        if request.method == "GET":
            return await send(request)
        writes += 1
        mine = writes
        if mine == kill_at and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        response = await send(request)
        if mine == kill_at and when == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return response

    client = Client(from_kubeconfig(kubeconfig), middlewares=(killer,))
    engine = Engine(client, Settings(namespaces=(namespace,)))
    await engine.warm()
    await engine.work()
    await asyncio.Event().wait()
