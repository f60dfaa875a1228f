"""
A document that takes too much, in the life of its contract, on a real API server.
"""

import base64
import gzip

import pytest

from concordat.reconcile.contract import FIRST_PAUSE
from concordat.world.contracts import SERVICE_CONTRACT
from concordat.world.keys import Key
from tests.engine.conftest import Story
from tests.engine.test_contracts import OLD, contract, decided

pytestmark = pytest.mark.controlplane

BOMB = gzip.compress(("😀" + "\x01" * (31 << 20)).encode(), 9)


async def test_a_document_that_takes_too_much_is_told_and_left_alone_for_a_while(story: Story) -> None:
    """What is in force stays; it is looked at again after a pause that grows, and at once when the spec is edited."""
    await story.apply(contract(story, "1.4.0", OLD))
    await decided(story)
    await story.apply(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "bomb", "namespace": story.namespace},
            "binaryData": {"d": base64.b64encode(BOMB).decode()},
        }
    )
    costly = contract(story, "1.5.0", OLD)
    costly["spec"]["document"] = {"configMap": {"name": "bomb", "key": "d"}}
    for version, count in (("1.5.0", 1), ("1.6.0", 2)):
        costly["spec"]["version"] = version
        await story.apply(costly)
        status = await decided(story)
        assert (status["version"], status["is"]["Ready"]["reason"]) == ("1.4.0", "DocumentTooCostly")
        assert "memory" in status["is"]["Valid"]["message"]
        known = story.engine.contracts.find(Key(SERVICE_CONTRACT.kind, story.namespace, "payments-api"))
        assert known is not None
        assert known.quarantine is not None
        assert known.quarantine.count == count
        pause = (known.quarantine.until - story.engine._gatekeeper._now()).total_seconds()
        assert pause <= FIRST_PAUSE["DocumentTooCostly"] * 2 ** (count - 1)
        assert pause > FIRST_PAUSE["DocumentTooCostly"] * (count - 1) / 2
    assert story.engine.queue.delayed == 1
    await story.apply(contract(story, "1.7.0", OLD))
    status = await decided(story)
    assert (status["version"], status["is"]["Ready"]["status"]) == ("1.7.0", "True")
    assert known.quarantine is None
