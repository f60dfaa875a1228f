"""
The processes that assess: what they may cost, how they end, and what is said then.
"""

import asyncio
import gzip
import json
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from concordat.gate import Assessment, Question
from concordat.gate.assessment import LONGEST_TEXT, assess
from concordat.gate.assessor import Assessor, limits
from concordat.gate.assessor.turns import Memory, Turns
from concordat.gate.assessor.wire import Ended, answered, trailer, understood
from concordat.gate.unpacking import MOST_UNPACKED, CannotBeUnpacked, holds, unpacked
from tests.gate.test_gate import ADDED, OLD

SLOW = b"openapi: 3.1.0\ninfo: {title: t, version: 1.0.0}\npaths: {}\nx-a:\n" + b"- {}\n" * 1_900_000
"""Ten seconds of work, without any trick."""


@pytest.fixture
async def assessor() -> AsyncIterator[Assessor]:
    """As the operator has it."""
    found = Assessor()
    yield found
    await found.close()


async def _forks(assessor: Assessor) -> list[int]:
    """Processes that work on a question now."""
    while True:
        process = assessor.pool.process
        found = [] if process is None else _children(process.pid)
        if found:
            return found
        await asyncio.sleep(0.02)


def _children(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            continue
        if int(fields[1]) == pid:
            found.append(int(entry.name))
    return found


async def _works(assessor: Assessor) -> bool:
    return (await assessor.ask(Question(document=ADDED))).operations == ("createPayment", "listPayments")


def test_a_document_is_unpacked_within_its_bound() -> None:
    """The rest is not even unpacked; what is damaged or cut off is said to be."""
    assert unpacked(gzip.compress(b"x" * 1000)) == b"x" * 1000
    for content, said in (
        (gzip.compress(b"x" * (MOST_UNPACKED + 1)), "more than 32 MiB"),
        (gzip.compress(b"x" * 1000)[:-12], "cut off"),
        (b"\x1f\x8bnothing", "damaged"),
    ):
        with pytest.raises(CannotBeUnpacked, match=said):
            unpacked(content)
        assert not holds(content, "0" * 64)
        assert said in assess(Question(document=content)).invalid


def test_json_has_as_many_values_as_yaml_may_have() -> None:
    """Counted before anything is parsed."""
    text = b'{"openapi": "3.1.0", "x-a": [' + b"0," * 2_000_000 + b"0]}"
    assert "more than 2,000,000 values" in assess(Question(document=text)).invalid


def test_what_is_said_of_a_finding_has_a_length() -> None:
    """However long the names of a document are, and however many consumers a change touches."""
    name = "x" * 90_000
    inner = {"type": "object", "required": ["p"], "properties": {"p": {"type": "KIND"}}}
    text = json.dumps(
        {
            "openapi": "3.1.0",
            "info": {"title": "t", "version": "1.0.0"},
            "paths": {
                "/a": {
                    "get": {
                        "operationId": "a",
                        "responses": {
                            "200": {
                                "description": "ok",
                                "content": {
                                    "application/json": {
                                        "schema": {"type": "object", "required": [name], "properties": {name: inner}}
                                    }
                                },
                            }
                        },
                    }
                }
            },
        }
    )
    usages: dict[str, Any] = {f"shop/consumer-{number}": None for number in range(100)}
    answer = assess(
        Question(document=text.replace("KIND", "string"), before=(text.replace("KIND", "integer"),), usages=usages)
    )
    assert answer.breaks
    for change in (*answer.breaks, *answer.harms):
        assert max(len(change.location), len(change.message)) <= LONGEST_TEXT
        assert len(change.consumers) + change.more_consumers in (0, 100)
    assert len(answered(answer)) < 64 * 1024


async def test_memory_has_a_limit_and_running_into_it_is_a_verdict(assessor: Assessor) -> None:
    """The next question is answered as ever, and the operator's own process never held the text."""
    answer = await assessor.ask(Question(document=gzip.compress(b'"' + b"\x01" * (31 << 20) + "😀".encode()), new=True))
    assert answer.reason == "DocumentTooCostly"
    assert "memory" in answer.invalid
    assert await _works(assessor)


async def test_cpu_time_has_a_limit_and_running_into_it_is_a_verdict() -> None:
    """Of CPU time: a busy machine makes no document too costly."""
    assessor = Assessor(seconds=-6.0)  # with the mebibytes of this document, less than two
    answer = await assessor.ask(Question(document=SLOW))
    assert answer.reason == "DocumentTooCostly"
    assert "CPU time" in answer.invalid
    assert assessor.remembered == 0
    await assessor.close()


@pytest.mark.parametrize("keep", [False, True])
async def test_a_process_killed_from_outside_is_no_verdict_on_the_document(assessor: Assessor, keep: bool) -> None:
    """It is said to be tried again, is not remembered, and everything goes on; at each kind of question."""
    asked = asyncio.create_task(assessor.ask(Question(document=SLOW, keep=keep)))
    for pid in await _forks(assessor):
        os.kill(pid, signal.SIGKILL)
    answer = await asked
    assert answer.reason == "AssessmentFailed"
    assert "killed from outside" in answer.invalid
    assert assessor.remembered == 0
    assert await _works(assessor)


async def test_a_process_that_crashes_is_told_with_how_it_ended(assessor: Assessor) -> None:
    """A defect of a library below us."""
    asked = asyncio.create_task(assessor.ask(Question(document=SLOW)))
    for pid in await _forks(assessor):
        os.kill(pid, signal.SIGSEGV)
    answer = await asked
    assert (answer.reason, "SIGSEGV" in answer.invalid) == ("AssessmentFailed", True)


async def test_the_process_that_forks_may_be_killed_as_well(assessor: Assessor) -> None:
    """The next question starts another."""
    assert await _works(assessor)
    assert assessor.pool.process is not None
    os.kill(assessor.pool.process.pid, signal.SIGKILL)
    assert (await assessor.ask(Question(document=OLD))).operations == ("createPayment", "listPayments")


async def test_a_hung_process_is_ended_by_the_clock_and_by_whoever_stops_waiting() -> None:
    """Stopped, it uses no CPU time at all."""
    assessor = Assessor(wall=3.0)
    asked = asyncio.create_task(assessor.ask(Question(document=SLOW)))
    (pid,) = await _forks(assessor)
    os.kill(pid, signal.SIGSTOP)
    assert "not done after 3 s" in (await asked).invalid
    asked = asyncio.create_task(assessor.ask(Question(document=SLOW, new=True)))
    await _forks(assessor)
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    assert assessor.pool.process is not None
    async with asyncio.timeout(20):
        while _children(assessor.pool.process.pid):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    await assessor.close()


def test_half_an_answer_is_none() -> None:
    """Cut anywhere, with or without the word on how the process ended."""
    whole = answered(Assessment(operations=("a",), packed=b'\x1f\x8b\n{"signal"'))
    end = trailer(Ended(signal=9))
    answer, ended = understood(whole + end)
    assert (answer and answer.operations, ended) == (("a",), Ended(signal=9))
    assert understood(whole)[0] == answer
    for cut in range(len(whole)):
        assert understood(whole[:cut])[0] is None
        assert understood(whole[:cut] + end) == (None, Ended(signal=9))


async def test_an_exception_in_the_comparer_is_answered(assessor: Assessor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers that overflow, for one: the process does not end by it."""
    schemas = [{"type": "number", "multipleOf": 0.1 + number * 1e-13} for number in range(40)]

    def document(version: str, more: float) -> str:
        kinds = [{**each, "multipleOf": each["multipleOf"] + more} for each in schemas]  # type: ignore[operator]
        content = {"application/json": {"schema": {"allOf": kinds}}}
        operation = {"operationId": "a", "requestBody": {"content": content}, "responses": {"200": {"description": ""}}}
        api = {"openapi": "3.1.0", "info": {"title": "t", "version": version}, "paths": {"/a": {"post": operation}}}
        return json.dumps(api)

    answer = await assessor.ask(Question(document=document("1.0.1", 0.2), before=(document("1.0.0", 0.0),)))
    assert "ended" not in answer.invalid
    assert await _works(assessor)


async def test_remembered_answers_are_bounded_in_bytes() -> None:
    """Not in number."""
    assessor = Assessor(remember=3000)
    for number in range(12):
        answer = await assessor.ask(Question(document=OLD.replace("title: payments", f"title: payments {number}")))
        assert not answer.invalid
        assert assessor.remembered <= 3000
    assert assessor.remembered > 0
    await assessor.close()


async def test_namespaces_take_turns_and_none_takes_them_all() -> None:
    """Forty questions of one delay another's by nothing, and a third's by one."""
    turns, order = Turns(at_once=2, of_one=1), []
    ends = {name: asyncio.Event() for name in ("loud", "quiet", "third")}

    async def asks(namespace: str) -> None:
        async with turns.of(namespace):
            order.append(namespace)
            await ends[namespace].wait()

    loud = [asyncio.create_task(asks("loud")) for _ in range(40)]
    await asyncio.sleep(0)
    others = [asyncio.create_task(asks(name)) for name in ("quiet", "third")]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert order == ["loud", "quiet"]
    ends["quiet"].set()
    for _ in range(5):
        await asyncio.sleep(0)
    assert order == ["loud", "quiet", "third"]
    loud[7].cancel()
    for each in ends.values():
        each.set()
    await asyncio.gather(*loud, *others, return_exceptions=True)
    assert order.count("loud") == 39
    assert not turns.busy


async def test_large_documents_leave_room_for_a_small_one_and_are_not_overtaken_for_ever() -> None:
    """Memory is handed out in bytes."""
    memory = Memory(lambda: 100)
    order = []

    async def takes(name: str, size: int) -> None:
        async with memory.of(size, leave=10) as given:
            order.append((name, given))
            await asyncio.sleep(0)

    async with memory.of(1000, leave=10) as given:
        assert given == 90
        await takes("small", 10)
        waiting = [asyncio.create_task(takes("large", 80))]
        await asyncio.sleep(0)
        for number in range(40):
            waiting.append(asyncio.create_task(takes(f"small {number}", 10)))
        for _ in range(100):
            await asyncio.sleep(0)
        overtook = len(order) - 1
        assert overtook == Memory.overtaken_at_most
    await asyncio.gather(*waiting)
    assert len(order) == 42


def test_memory_is_planned_from_the_containers_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Less than the chart's 512 MiB is believed, more is not used, and unlimited is the chart's."""
    mib = 1 << 20
    file = tmp_path / "memory.max"
    monkeypatch.setattr(limits, "_LIMITS", (tmp_path / "none", file))
    monkeypatch.setattr(limits, "resident", lambda _pid: 81 * mib)
    planned = {}
    for name, text in {
        "small": f"{412 * mib}\n",
        "chart's": f"{512 * mib}\n",
        "larger": f"{8192 * mib}\n",
        "none": "max\n",
    }.items():
        file.write_text(text)
        planned[name] = limits.memory_for_assessing(50 * mib) // mib

    ordinary = int(512 * limits.SHARE) - limits.ORDINARY // mib - 50
    assert {"small": int(412 * limits.SHARE) - 81 - 50, "chart's": int(512 * limits.SHARE) - 81 - 50} == {
        name: planned[name] for name in ("small", "chart's")
    }
    assert planned["larger"] == planned["none"] == ordinary
    file.write_text("1048576\n")
    assert limits.LEAST == limits.memory_for_assessing(50 * mib)
    assert limits.wanted([b"x" * (2 << 20)]) <= limits.ROOM  # it finds room beside the largest
