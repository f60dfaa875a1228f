"""
A service: its parts put together, and run.
"""

import os
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import structlog
import uvicorn
from prometheus_client import CollectorRegistry, make_asgi_app, start_http_server
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from concordat_servicekit import logs, routes, tracing
from concordat_servicekit.consumption import Consumption
from concordat_servicekit.health import Check, Health
from concordat_servicekit.metrics import HttpMetrics
from concordat_servicekit.middleware import Activity, Instrumented
from concordat_servicekit.server import DrainingServer
from concordat_servicekit.settings import Settings

if TYPE_CHECKING:
    import httpx

    from concordat_servicekit.client import Calls

log = structlog.get_logger(__name__)


class Service:
    """
    One service of one process.

    ``checks`` are asked by ``/readyz``, each by its name; a check that raises makes us not ready.
    """

    def __init__(
        self, *, name: str, version: str, checks: Mapping[str, Check] | None = None, settings: Settings | None = None
    ) -> None:
        self.name = name
        self.version = version
        self.settings = settings or Settings.from_environment()
        self.health = Health(checks or {})
        self._activity = Activity()
        self._metrics = HttpMetrics(
            version=version,
            revision=self.settings.revision,
            buckets=self.settings.buckets,
            active=lambda: self._activity.requests,
        )

    @property
    def registry(self) -> CollectorRegistry:
        """Where the service's own metrics go, so that they are scraped with the others."""
        return self._metrics.registry

    def client(
        self, url: str, *, transport: "httpx.AsyncBaseTransport | None" = None, timeout: float = 5.0
    ) -> "httpx.AsyncClient":
        """
        An httpx client for the service at ``url``, its calls measured; ``timeout`` in seconds.

        Needs httpx: ``concordat-servicekit[client]``.
        """
        import httpx

        measured = self._calls.measured(transport or httpx.AsyncHTTPTransport(), httpx.URL(url).host)
        return httpx.AsyncClient(base_url=url, transport=measured, timeout=timeout)

    def dependency(
        self,
        name: str,
        *,
        transport: "httpx.AsyncBaseTransport | None" = None,
        environment: Mapping[str, str] = os.environ,
    ) -> "httpx.AsyncClient":
        """
        An httpx client for what is called ``name`` in ``spec.consumes``: its address, deadline and retries are those the
        operator injects, and every attempt is measured.

        Raises :exc:`WrongSetting` where the address is missing. Needs httpx: ``concordat-servicekit[client]``.
        """
        import httpx

        from concordat_servicekit.patience import PatientTransport

        use = Consumption.from_environment(name, environment)
        measured = self._calls.measured(transport or httpx.AsyncHTTPTransport(), httpx.URL(use.url).host)
        patient = PatientTransport(measured, timeout=use.timeout, retries=use.retries)
        return httpx.AsyncClient(base_url=use.url, transport=patient, timeout=use.timeout)

    @cached_property
    def _calls(self) -> "Calls":
        from concordat_servicekit.client import Calls

        return Calls(self.registry)

    def instrument(self, app: Any) -> Instrumented:
        """
        ``app`` with health, metrics and logs around it, for any ASGI server.

        Declare all routes before: their series begin to exist here. Where the service's contracts demand tokens, nothing but
        health and metrics answers without one; needs PyJWT then: ``concordat-servicekit[auth]``.
        """
        templates = routes.templates(app)
        self._metrics.initialise(templates)
        endpoints: dict[str, ASGIApp] = {"/healthz": _answer(self.health.live), "/readyz": _answer(self.health.ready)}
        if self.settings.metrics_port is None:
            endpoints["/metrics"] = make_asgi_app(self.registry)
        return Instrumented(
            self._guarded(app),
            metrics=self._metrics,
            health=self.health,
            activity=self._activity,
            endpoints=endpoints,
            routes=templates,
        )

    def _guarded(self, app: ASGIApp) -> ASGIApp:
        if not self.settings.auth:
            return app
        from concordat_servicekit.guard import Guard

        return Guard(app, self.settings.auth, realm=self.name)

    def run(self, app: Any) -> None:
        """Serve until SIGTERM or SIGINT, then end cleanly: within ``drain_seconds + grace_seconds`` and a moment."""
        logs.configure(name=self.name, version=self.version, level=self.settings.log_level)
        flush_traces = tracing.configure(name=self.name, version=self.version)
        if self.settings.metrics_port is not None:
            # A thread of its own: a scrape delays no request, and is answered while the event loop hangs.
            start_http_server(self.settings.metrics_port, registry=self.registry)

        config = uvicorn.Config(
            self.instrument(app),
            host="0.0.0.0",
            port=self.settings.http_port,
            access_log=False,  # the metrics count requests; what failed is logged with its traceback
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=round(self.settings.grace_seconds),
        )
        log.info("starting", http_port=self.settings.http_port, metrics_port=self.settings.metrics_port)
        DrainingServer(config, health=self.health, drain_seconds=self.settings.drain_seconds).run()
        flush_traces()
        log.info("ended")


def _answer(endpoint: Any) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await (await endpoint(Request(scope, receive)))(scope, receive, send)

    return app
