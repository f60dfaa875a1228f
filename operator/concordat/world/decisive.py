"""
What decides about a resource of ours: its spec, what a person annotated it with, and whether it is being deleted.

One definition for the caches, for our own status writes and for admission. An annotation moves no generation: whoever
looks at the generation alone misses a pause, or a broken glass.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from concordat.manifest import conventions

_OURS = f"{conventions.GROUP}/"


class Decisive(NamedTuple):
    """Equal values ask for the same."""

    generation: int
    """Counts changes of the spec."""
    annotations: tuple[tuple[str, str], ...]
    """Ours, in the order of their names."""
    deleting: bool

    @property
    def paused(self) -> bool:
        """A person said hands off."""
        return (conventions.ANNOTATION_PAUSED, "true") in self.annotations


def annotations(metadata: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Those by which a person decides something."""
    found = metadata.get("annotations")
    if not isinstance(found, dict):  # a review may come from anyone who reaches the webhook
        return ()
    return tuple(sorted((n, value) for n, value in found.items() if n.startswith(_OURS) and isinstance(value, str)))


def decisive(metadata: Mapping[str, Any]) -> Decisive:
    """Of the metadata of a resource, as the API server has it."""
    generation = metadata.get("generation")
    return Decisive(
        generation=max(generation, 0) if isinstance(generation, int) else 0,
        annotations=annotations(metadata),
        deleting="deletionTimestamp" in metadata,
    )
