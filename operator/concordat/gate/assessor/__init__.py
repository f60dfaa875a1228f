"""
The gate's heavy half in processes of their own: what somebody wrote can neither hold up the operator nor end it.

One process (:mod:`concordat.gate.assessor.__main__`) has everything loaded and forks for each question. The fork has a limit of
memory and of CPU time and ends with its answer, so a question that takes too much costs that question alone, and all it took
is given back. Questions take turns by namespace; documents that need much memory wait until it is there.
"""

from concordat.gate.assessor.client import Assessor
from concordat.gate.assessor.pool import Pool

__all__ = ["Assessor", "Pool"]
