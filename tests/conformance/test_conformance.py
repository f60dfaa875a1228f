"""
Generated requests find what a service breaks of its contract, and nothing where it keeps it: a real service on a real port.
"""

import contextlib
import gzip
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
import yaml

from concordat_contracts import normal_form
from concordat_contracts.conformance.openapi import base_url, limited, operations
from concordat_contracts.conformance.profile import Profile
from concordat_contracts.conformance.run import Trial, run
from concordat_contracts.conformance.verdict import MOST_BYTES, Breach, Verdict, read, written
from tests.conformance.orders import BUGS, DOCUMENT, WRITING_BUGS, Orders
from tests.engine.rig import free_port

READING = [Profile.CORE, Profile.STRICT]


@dataclass(kw_only=True)
class Served:
    """A service, and what it was asked."""

    url: str
    orders: Orders
    methods: set[str] = field(default_factory=set)

    def tried(self, profile: Profile = Profile.CORE, **rest: Any) -> Verdict:
        """As long as it takes on a busy machine, unless a test is about the end."""
        return run(Trial(**{"document": DOCUMENT, "url": self.url, "profile": profile, "seconds": 1800} | rest))


@contextlib.contextmanager
def listening(app: Any) -> Iterator[str]:
    """An ASGI application on loopback; its address."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="critical"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@contextlib.contextmanager
def serving(bug: str = "") -> Iterator[Served]:
    """On loopback."""
    orders, methods = Orders(bug), set[str]()
    app = orders.app()

    async def recorded(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            methods.add(scope["method"])
        await app(scope, receive, send)

    with listening(recorded) as url:
        yield Served(url=url, orders=orders, methods=methods)


@pytest.mark.parametrize("profile", Profile)
def test_a_contract_that_is_kept_raises_no_alarm(profile: Profile) -> None:
    with serving() as service:
        verdict = service.tried(profile)
    assert (verdict.conformant, verdict.breaches, verdict.unanswered) == (True, (), ())
    assert verdict.operations == (4 if profile.writes else 2)


@pytest.mark.parametrize("bug", BUGS)
def test_reading_alone_finds(bug: str) -> None:
    """Every one, with a request that shows it again."""
    with serving(bug) as service:
        verdict = service.tried()
    assert verdict.conformant is False
    assert all("/orders" in breach.operation and service.url in breach.reproducer for breach in verdict.breaches)


@pytest.mark.parametrize("bug", WRITING_BUGS)
def test_whoever_may_write_finds(bug: str) -> None:
    """
    What only a sequence of calls shows: created and gone, deleted and there.

    Not always at the first try: Hypothesis also draws from constants of whichever modules are loaded, so that the requests of
    a trial depend on the process it runs in.
    """
    assert any(_found(bug, examples) for examples in (15, 30, 45, 60))


def _found(bug: str, examples: int) -> bool:
    with serving(bug) as service:
        return service.tried(Profile.FULL, examples=examples).conformant is False


@pytest.mark.parametrize("profile", READING)
@pytest.mark.parametrize("bug", ["", "crashes-on-creation"])
def test_nothing_is_written_unless_told_to(profile: Profile, bug: str) -> None:
    """Not even to find out whether a method that is not declared exists."""
    with serving(bug) as service:
        assert service.tried(profile).conformant
    assert service.orders.writes == 0
    assert service.methods <= {"GET", "HEAD", "TRACE"}


def test_a_breach_can_be_shown_again_by_its_reproducer() -> None:
    with serving("crashes-on-an-empty-order") as service:
        breach = service.tried().breaches[0]
        url = breach.reproducer.split()[-1].strip("'")
        assert (breach.operation, breach.check) == ("GET /orders/{orderId}", "Server error")
        assert httpx.get(url).status_code == 500


def test_a_service_that_is_not_there_is_no_breach() -> None:
    verdict = run(Trial(document=DOCUMENT, url=f"http://127.0.0.1:{free_port()}"))
    assert verdict.conformant is None
    assert verdict.summary


def test_it_ends_in_time() -> None:
    """With what was found until then."""
    with serving() as service:
        began = time.monotonic()
        verdict = service.tried(examples=1000, seconds=1)
    assert verdict.requests
    assert time.monotonic() - began < 15


# --- what is called -----------------------------------------------------------------------------------------------------


def test_what_may_not_be_called_is_not_even_known() -> None:
    assert operations(limited(DOCUMENT, Profile.STRICT)) == ["GET /orders", "GET /orders/{orderId}"]
    assert len(operations(limited(DOCUMENT, Profile.FULL))) == 4


@pytest.mark.parametrize(
    ("url", "document", "expected"),
    [
        ("http://orders", {}, "http://orders"),
        ("http://orders/", {"servers": [{"url": "/v1/"}]}, "http://orders/v1"),
        ("http://orders", {"servers": [{"url": "https://api.example.com/v1"}]}, "http://orders/v1"),
        ("http://orders/v2", {"servers": [{"url": "/v1"}]}, "http://orders/v2"),
        ("http://orders", {"servers": [{"url": "https://{region}.example.com/{base}"}]}, "http://orders"),
        ("http://orders", {"basePath": "/v1"}, "http://orders/v1"),
    ],
)
def test_the_documents_own_path_is_kept(url: str, document: Any, expected: str) -> None:
    assert base_url(url, document) == expected


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"asyncapi": "3.0.0"}, "only OpenAPI and GraphQL"),
        ({"openapi": "3.1.0", "paths": {"/a": {"post": {}}}}, "profile core"),
    ],
)
def test_what_cannot_be_tried_says_so(document: Any, said: str) -> None:
    verdict = run(Trial(document=document, url="http://127.0.0.1:1"))
    assert verdict.conformant is None
    assert said in verdict.summary


# --- how it gets back -----------------------------------------------------------------------------------------------------


def _breach(text: str) -> Breach:
    return Breach(operation=f"GET /{text}", check="Server error", message=text, reproducer=f"curl {text}")


def test_a_verdict_comes_back_as_it_was() -> None:
    verdict = Verdict(breaches=(_breach("a"), _breach("b")), requests=11, operations=2, unanswered=("GET /c",))
    assert read(written(verdict)) == verdict


@pytest.mark.parametrize("text", ["x" * 5000, "é" * 5000, "\x00" * 5000, '"' * 5000])
@pytest.mark.parametrize("count", [0, 1, 50])
def test_it_fits_into_a_termination_message(text: str, count: int) -> None:
    """However much was found, in whatever letters; what is left out is counted."""
    verdict = Verdict(breaches=(_breach(text),) * count, unanswered=(text,) * 20, unusable=text)
    message = written(verdict)
    assert len(message) <= MOST_BYTES
    assert json.loads(message)["left_out"] + len(read(message).breaches) == count


@pytest.mark.parametrize("text", ["", "{}", "[]", "Error", '{"breaches": [{}]}', "null"])
def test_what_is_no_verdict_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no verdict"):
        read(text)


@pytest.mark.parametrize(("bug", "code"), [("", 0), ("total-is-a-string", 1)])
def test_the_program_of_the_job(bug: str, code: int, tmp_path: Path) -> None:
    """Reads what an accepted version is kept in, and leaves its verdict where Kubernetes looks."""
    (tmp_path / "document.json.gz").write_bytes(gzip.compress(normal_form(DOCUMENT)))
    (tmp_path / "log").touch()
    with serving(bug) as service:
        done = subprocess.run(
            [sys.executable, "-m", "concordat_contracts.conformance", service.url, str(tmp_path / "document.json.gz")],
            env={"CONCORDAT_TERMINATION_LOG": str(tmp_path / "log"), "PATH": "/usr/bin"},
            capture_output=True,
            check=False,
            cwd=tmp_path,
        )
    assert done.returncode == code, done.stderr
    assert read((tmp_path / "log").read_bytes()).conformant is (code == 0)


@pytest.mark.parametrize(("bug", "code"), [("", 0), ("total-is-a-string", 1)])
def test_the_command(bug: str, code: int, tmp_path: Path) -> None:
    """``concordat contract conform``, with a document in YAML."""
    (tmp_path / "orders.yaml").write_text(yaml.safe_dump(DOCUMENT))
    with serving(bug) as service:
        done = command("contract", "conform", service.url, str(tmp_path / "orders.yaml"))
        told = command("contract", "conform", service.url, str(tmp_path / "orders.yaml"), "-o", "json")
    assert (done.returncode, told.returncode) == (code, code), done.stderr
    assert ("no breach" if code == 0 else "curl -X GET http") in done.stdout
    assert json.loads(told.stdout)["conformant"] is (code == 0)


def test_the_command_refuses_what_it_cannot_try(tmp_path: Path) -> None:
    (tmp_path / "events.yaml").write_text("{asyncapi: 3.0.0, info: {title: Events, version: 1.0.0}}")
    done = command("contract", "conform", "http://127.0.0.1:1", str(tmp_path / "events.yaml"))
    assert (done.returncode, "only OpenAPI and GraphQL can be tried" in done.stderr) == (2, True), done.stderr


def command(*arguments: str) -> "subprocess.CompletedProcess[str]":
    program = Path(sys.executable).with_name("concordat")
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False, timeout=60)
