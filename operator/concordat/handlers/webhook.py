"""
The HTTPS server the API server asks before it stores a Microservice or a ServiceContract.

Not Kopf's: its handlers answer only once the operator has started, which for Kopf a standby never has, and its managed
configuration is written over as a whole. What is asked here is answered by :mod:`concordat.reconcile.admission.microservice`, from
caches that a standby keeps warm as well.

Nothing depends on it: whatever goes wrong here lets the request pass, and the reconciler decides as if nobody had asked.

Anybody who reaches the port may ask. Who cannot be taken for the API server (:class:`concordat.handlers.peers.Trusted`) is told only what
follows from the question itself, and may not ask often.
"""

import asyncio
import contextlib
import logging
import ssl
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import orjson
from aiohttp import web

from concordat.cluster.trust import TRY_AGAIN, Pair, Trust, load
from concordat.errors import ConcordatError
from concordat.handlers.peers import Rates, Trusted
from concordat.reconcile.admission.request import Judgement, Question

logger = logging.getLogger(__name__)

PATH = "/validate"
LARGEST = 8 * 1024 * 1024
"""Bytes of a review. The API server takes 3 MiB of an object, and asks with the new and the old one."""
SMALL = 256 * 1024
"""Bytes of a review that is read whatever else is; 64 of them are 16 MiB."""
READ_AT_ONCE = 2
"""Larger reviews whose bytes are in memory before they are understood, of the API server and of others each: 32 MiB in all."""
JUDGED_AT_ONCE = 64
"""Questions of the API server, and as many of others, at the same time; the next one is told to come again, which lets its request pass."""
OF_ONE_ADDRESS = 16
"""Of others' questions: one that begins reviews and never ends them keeps nobody else out."""
PATIENCE = 2.5
"""Seconds. The API server waits three by default, and an answer that comes later is none."""
LONGEST_WARNING = 250
"""Characters. The API server cuts what is longer than 256 when there are many."""
MOST_WARNINGS = 10


class Observer(Protocol):
    """Hears what is answered."""

    def reviewed(self, kind: str, operation: str, answer: str, seconds: float) -> None: ...


class WebhookServer:
    """Answers admission reviews."""

    def __init__(
        self,
        judge: Callable[[Question], Awaitable[Judgement]],
        trust: Trust,
        *,
        port: int,
        observer: Observer,
        trusted: Trusted | None = None,
    ) -> None:
        """``trusted`` says whom to take for the API server; without it, nobody is, and everybody is told less."""
        self._judge = judge
        self._trusted = trusted or Trusted()
        self._rates = Rates(asyncio.get_running_loop())
        self._reading = {believed: asyncio.Semaphore(READ_AT_ONCE) for believed in (True, False)}
        self._judging = Counter[bool]()
        self._of_address = Counter[str]()
        self._trust = trust
        self.port = port
        self._observer = observer
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.minimum_version = ssl.TLSVersion.TLSv1_3
        self._trusted.demand(self._tls)
        app = web.Application(client_max_size=LARGEST)
        app.router.add_post(PATH, self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=PATIENCE)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """In the background: nobody waits for it."""
        self._task = asyncio.create_task(self._run(), name="webhook")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        server = self._runner.server
        open_ones = [connection.transport for connection in server.connections] if server else []
        with contextlib.suppress(RuntimeError):
            await self._runner.cleanup()
        for transport in open_ones:
            if transport is not None:
                transport.abort()  # a farewell would wait for the API server's
        await asyncio.sleep(0.01)  # aborted transports close their sockets in the loop's next rounds

    async def _run(self) -> None:
        while True:
            try:
                await self._trust.begin(self._show)
                await self._runner.setup()
                await web.TCPSite(self._runner, None, self.port, ssl_context=self._tls).start()
                break
            except (ConcordatError, OSError) as error:
                logger.warning("the webhook does not listen on port %d yet: %s", self.port, error)
                await asyncio.sleep(TRY_AGAIN)
        await self._trust.keep(self._show)

    def _show(self, pair: Pair) -> None:
        load(self._tls, pair)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        """Nothing of the request is read before it is known that it may ask now."""
        address = request.remote or ""
        transport = request.transport
        if self._trusted.refuses(transport.get_extra_info("peercert") if transport else None):
            return _said(403, "this webhook is for the API server alone")
        believed = self._trusted.believes(address)
        if not believed and not self._rates.allows(address):
            return _said(429, "too many questions from this address")
        crowded = not believed and self._of_address[address] >= OF_ONE_ADDRESS
        if crowded or self._judging[believed] >= JUDGED_AT_ONCE:
            return _said(503, "too many questions at the same time")
        self._judging[believed] += 1
        self._of_address[address] += 1
        try:
            return await self._answered(request, believed=believed)
        finally:
            self._judging[believed] -= 1
            self._of_address[address] -= 1
            self._of_address += Counter()  # forgets addresses that have none

    async def _answered(self, request: web.Request, *, believed: bool) -> web.StreamResponse:
        try:
            uid, question = await self._understood(request, believed=believed)
        except TimeoutError:
            return _said(408, f"the review did not come within {PATIENCE:.0f} s")
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, RecursionError):
            return _said(400, "this is no AdmissionReview of admission.k8s.io/v1")
        began = time.monotonic()
        judgement, answer = await self._judged(question)
        self._observer.reviewed(question.kind, question.operation, answer, time.monotonic() - began)
        return web.Response(body=orjson.dumps(_review(uid, judgement)), content_type="application/json")

    async def _understood(self, request: web.Request, *, believed: bool) -> tuple[str, Question]:
        small = request.content_length is not None and request.content_length <= SMALL
        async with asyncio.timeout(PATIENCE), contextlib.nullcontext() if small else self._reading[believed]:
            asked = orjson.loads(await request.read())["request"]
        return str(asked["uid"]), Question.of(asked, believed=believed)

    async def _judged(self, question: Question) -> tuple[Judgement, str]:
        try:
            async with asyncio.timeout(PATIENCE):
                judgement = await self._judge(question)
        except TimeoutError:
            warning = "this is judged after it is stored, it takes too long here: see the conditions of its status"
            return Judgement(warnings=(warning,)), "too late"
        except Exception:
            logger.exception("%s cannot be judged at admission", question)
            return Judgement(), "error"
        return judgement, "refused" if judgement.refusal else "warned" if judgement.warnings else "allowed"


def _said(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=f"{text}\n")


def _review(uid: str, judgement: Judgement) -> dict[str, Any]:
    response: dict[str, Any] = {"uid": uid, "allowed": not judgement.refusal}
    if judgement.refusal:
        response["status"] = {"code": 422, "reason": "Invalid", "message": judgement.refusal}
    if judgement.warnings:
        response["warnings"] = list(map(_one_line, judgement.warnings[:MOST_WARNINGS]))
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}


def _one_line(text: str) -> str:
    """Warnings travel in a header."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_WARNING else f"{line[: LONGEST_WARNING - 1]}…"
