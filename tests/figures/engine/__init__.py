"""
Figures of the engine: requests, time against a floor, memory, faults survived.

Every function starts control planes of its own, so that what it measures has no history.
"""

from tests.figures.engine.converge import converge_200, converge_1000
from tests.figures.engine.counts import create_and_change_requests, idle_writes, restart_writes
from tests.figures.engine.faults import kill_plans, outage_converge_seconds
from tests.figures.engine.repair import repairs
from tests.figures.engine.resources import apply_ms_p99, memory
from tests.figures.engine.there_and_back import there_and_back_unequal

FIGURES = (
    create_and_change_requests,
    repairs,
    apply_ms_p99,
    restart_writes,
    memory,
    there_and_back_unequal,
    outage_converge_seconds,
    kill_plans,
    converge_200,
    converge_1000,
    idle_writes,
)
