"""
A leader and its Lease, against a small HTTP server: how it is renewed, and that nobody leads without one.
"""

import asyncio
from typing import Any, NoReturn

import pytest
from aiohttp import web

from concordat.cluster import election as election_module
from concordat.cluster.connection.client import Client
from concordat.cluster.connection.failures import ApiError
from concordat.cluster.election import Election
from concordat.handlers import operator
from concordat.resources.kinds import SERVICE
from tests.engine.test_client import serving, status


class Leases:
    """One Lease, with the API server's check of its version."""

    def __init__(self) -> None:
        self.lease: dict[str, Any] | None = None
        self.requests: list[str] = []
        self.hangs = False
        self.version = 0
        self.late = 0.0
        """Seconds between a write and its answer."""
        self.written_at = 0.0

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        if not request.path.startswith("/apis/coordination.k8s.io/"):
            return web.Response(status=429, headers={"Retry-After": "30"}, text="{}")
        self.requests.append(request.method)
        if self.hangs:
            self.hangs = False
            await asyncio.sleep(30)
        if request.method == "GET":
            return web.json_response(self.lease) if self.lease else status(404, "NotFound")
        sent = await request.json()
        if request.method == "PUT" and self.lease is None:
            return status(404, "NotFound")
        if self.lease and sent["metadata"].get("resourceVersion") != self.lease["metadata"]["resourceVersion"]:
            return status(409, "Conflict")
        self.write(sent)
        self.written_at = asyncio.get_running_loop().time()
        answer = web.json_response(self.lease)
        await asyncio.sleep(self.late)
        return answer

    def write(self, lease: dict[str, Any]) -> None:
        self.version += 1
        self.lease = lease | {"metadata": lease["metadata"] | {"resourceVersion": str(self.version)}}


def candidate(client: Client) -> Election:
    return Election(client, namespace="concordat-system", name="concordat", identity="first")


@pytest.fixture
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundredth of the time."""
    monkeypatch.setattr(election_module, "RETRY_PERIOD", 0.02)
    monkeypatch.setattr(election_module, "RENEW_DEADLINE", 0.6)
    monkeypatch.setattr(election_module, "ATTEMPT", 0.2)


@pytest.mark.usefixtures("quickly")
async def test_a_lease_is_renewed_by_one_request() -> None:
    """The version of the last answer proves that nobody else has written since."""
    leases = Leases()
    async with serving(leases) as client:
        election = candidate(client)
        await election.acquire()
        leases.requests.clear()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(election.keep(), 0.3)
    assert len(leases.requests) > 1
    assert set(leases.requests) == {"PUT"}


@pytest.mark.usefixtures("quickly")
async def test_a_lease_that_somebody_took_is_not_taken_back() -> None:
    """The cached one is refused; the new holder is read, and we lead no more."""
    leases = Leases()
    async with serving(leases) as client:
        election = candidate(client)
        await election.acquire()
        assert leases.lease is not None
        leases.write(leases.lease | {"spec": {"holderIdentity": "second", "leaseDurationSeconds": 15}})
        await asyncio.wait_for(election.keep(), 0.5)
    assert (election.leading, leases.lease["spec"]["holderIdentity"]) == (False, "second")


@pytest.mark.usefixtures("quickly")
async def test_one_request_that_hangs_does_not_cost_the_lease() -> None:
    """A broken connection is given up in half the time there is."""
    leases = Leases()
    async with serving(leases) as client:
        election = candidate(client)
        await election.acquire()
        leases.hangs = True
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(election.keep(), 1.0)
        assert leases.requests.count("PUT") > 2


@pytest.mark.parametrize("stated", [None, "15", 2**31 - 1, 10**30, -5, 0, 1.5, True, [], {"a": 1}])
@pytest.mark.usefixtures("quickly")
async def test_a_lease_is_believed_for_a_bounded_time_whatever_it_says(
    monkeypatch: pytest.MonkeyPatch, stated: Any
) -> None:
    """Nobody who may write the Lease stops every operator by one number, or by one that is none."""
    monkeypatch.setattr(election_module, "LEASE_SECONDS", 0.05)
    monkeypatch.setattr(election_module, "LONGEST_LEASE", 0.1)
    leases = Leases()
    odd = {
        "holderIdentity": "stranger",
        "leaseDurationSeconds": stated,
        "renewTime": "never",
        "leaseTransitions": stated,
    }
    leases.write({"metadata": {}, "spec": odd})
    async with serving(leases) as client:
        election = candidate(client)
        await asyncio.wait_for(election.acquire(), 3)
    assert leases.lease is not None
    assert leases.lease["spec"]["holderIdentity"] == "first"
    assert 0 < leases.lease["spec"]["leaseTransitions"] < 2**31


def test_a_lease_is_believed_for_ten_times_ours_at_most() -> None:
    """In seconds, as shipped."""
    believed = [election_module._believed_seconds(stated) for stated in (2**31 - 1, 20, -1, None)]
    assert believed == [150, 20, 0, 15]


@pytest.mark.usefixtures("quickly")
async def test_a_lease_that_was_deleted_is_made_again() -> None:
    """The leader goes on."""
    leases = Leases()
    async with serving(leases) as client:
        election = candidate(client)
        await election.acquire()
        leases.lease = None
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(election.keep(), 1.0)
    assert election.leading
    assert leases.lease is not None


@pytest.mark.usefixtures("quickly")
async def test_a_lease_counts_from_when_it_may_have_been_written() -> None:
    """Others may take it 15 s after the server wrote it, so an answer that comes late makes it no longer for us."""
    leases = Leases()
    async with serving(leases) as client:
        election = candidate(client)
        leases.write({"metadata": {}, "spec": {}})
        leases.late = 0.15
        await election.acquire()
        written_at, leases.late = leases.written_at, 1.0
        await election.keep()
        assert asyncio.get_running_loop().time() - written_at < 0.7
    assert not election.leading


@pytest.mark.usefixtures("quickly")
async def test_nobody_leads_by_an_answer_that_came_too_late() -> None:
    """An API server that takes nine of the ten seconds there are: no leader, rather than one that is none any more."""
    leases = Leases()
    leases.write({"metadata": {}, "spec": {}})
    leases.late = 0.54
    async with serving(leases) as client:
        election = candidate(client)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(election.acquire(), 1.5)
        assert not election.leading
        leases.late = 0.0
        await asyncio.wait_for(election.acquire(), 3)


async def test_a_leader_does_not_wait_while_everybody_else_is_told_to() -> None:
    """429 with Retry-After beyond the lease would otherwise end every leader of a busy cluster."""
    leases = Leases()
    async with serving(leases) as client:
        with pytest.raises(ApiError, match="429"):
            await client.read(SERVICE, "shop", "orders")
        await asyncio.wait_for(candidate(client).acquire(), 5)


async def test_a_leader_does_not_queue_behind_its_own_work() -> None:
    """Every slot is taken by requests that hang."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path.startswith("/apis/coordination.k8s.io/"):
            return web.json_response({"metadata": {"resourceVersion": "1"}, "spec": {}})
        await asyncio.sleep(30)
        return web.Response()

    async with serving(answer) as client:
        busy = [asyncio.create_task(client.read(SERVICE, "shop", f"s-{n}")) for n in range(40)]
        await asyncio.sleep(0.05)
        await asyncio.wait_for(candidate(client).acquire(), 5)
        for task in busy:
            task.cancel()
        await asyncio.gather(*busy, return_exceptions=True)


class Ended(BaseException):
    """In place of the end of the process."""


class Broken(Election):
    """Whose renewal fails as nobody expected."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error

    async def keep(self) -> None:
        if self.error:
            raise self.error


@pytest.mark.parametrize("error", [None, KeyError("spec"), ValueError("no JSON")])
async def test_nobody_leads_on_without_a_lease(monkeypatch: pytest.MonkeyPatch, error: Exception | None) -> None:
    """However the renewal ends, the process ends with it."""
    codes: list[int] = []

    def ended(code: int) -> NoReturn:
        codes.append(code)
        raise Ended

    monkeypatch.setattr("os._exit", ended)
    with pytest.raises(Ended):
        await operator.lead(Broken(error))
    assert codes == [1]


async def test_stopping_is_no_loss_of_the_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cancelled, the renewal ends nothing: the Lease is about to be released."""
    monkeypatch.setattr("os._exit", lambda code: pytest.fail("ended"))
    with pytest.raises(asyncio.CancelledError):
        await operator.lead(Broken(asyncio.CancelledError()))


async def test_an_answer_that_is_no_json_is_a_passing_failure() -> None:
    """A captive portal says 200 and HTML."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(text="<html>Welcome</html>")

    async with serving(answer) as client:
        with pytest.raises(ApiError) as caught:
            await client.read(SERVICE, "shop", "orders")
    assert caught.value.transient
