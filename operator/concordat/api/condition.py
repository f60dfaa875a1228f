"""
Conditions, as Kubernetes means them.
"""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from concordat.api.schema.base import Schema


class Condition(Schema):
    """``metav1.Condition``; understood by ``kubectl wait``, Argo CD and Flux (kstatus)."""

    type: Annotated[str, StringConstraints(max_length=316)]
    status: Literal["True", "False", "Unknown"]
    observed_generation: int = Field(default=0, ge=0)
    last_transition_time: Annotated[
        str, StringConstraints(max_length=32), Field(json_schema_extra={"format": "date-time"})
    ]
    reason: Annotated[str, StringConstraints(max_length=1024)]
    message: Annotated[str, StringConstraints(max_length=32768)] = ""


def transition(before: Iterable[Condition], after: Iterable[Condition]) -> tuple[Condition, ...]:
    """
    Keep the transition time of every condition whose status did not change.

    The time in ``after`` counts only where the status differs from ``before``: nothing in a status changes by the
    passing of time alone.
    """
    known = {condition.type: condition for condition in before}

    def kept(condition: Condition) -> Condition:
        old = known.get(condition.type)
        if old is None or old.status != condition.status:
            return condition
        return condition.model_copy(update={"last_transition_time": old.last_transition_time})

    return tuple(kept(condition) for condition in after)
