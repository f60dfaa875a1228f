"""
The gate's heavy half in a process of its own: what somebody wrote can neither hold up the operator nor end it.

The process is started when there is something to assess, answers one question after the other, and ends when it has been idle: the
comparer's memory is not the operator's. A question that takes too long, or too much, is answered with what to do about it.
"""

from concordat.assessor.parent import Assessor

__all__ = ["Assessor"]
