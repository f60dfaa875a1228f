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
    found = metadata.get("annotations") or {}
    return tuple(sorted((name, value) for name, value in found.items() if name.startswith(_OURS)))


def decisive(metadata: Mapping[str, Any]) -> Decisive:
    """Of the metadata of a resource, as the API server has it."""
    return Decisive(
        generation=metadata.get("generation", 0),
        annotations=annotations(metadata),
        deleting="deletionTimestamp" in metadata,
    )
