"""
How a figure of the engine is stated.
"""

from typing import Any


def at_most(name: str, value: float, limit: float, unit: str, **raw: Any) -> dict[str, Any]:
    """A figure that must not exceed its limit."""
    return {"figure": name, "value": value, "unit": unit, "goal": f"<= {limit}", "holds": value <= limit, **raw}


def at_least(name: str, value: float, limit: float, unit: str, **raw: Any) -> dict[str, Any]:
    """A figure that must reach its limit."""
    return {"figure": name, "value": value, "unit": unit, "goal": f">= {limit}", "holds": value >= limit, **raw}


def exactly(name: str, value: float, goal: float, unit: str, **raw: Any) -> dict[str, Any]:
    """A figure with one right value."""
    return {"figure": name, "value": value, "unit": unit, "goal": str(goal), "holds": value == goal, **raw}
