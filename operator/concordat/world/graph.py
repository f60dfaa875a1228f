"""
Who consumes whom: the declared edges of a set of services, and ways to write them down.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, order=True)
class Edge:
    """One declared use."""

    consumer: str
    """``namespace/name``."""
    provider: str
    """``namespace/name``; of what was asked for, if nobody provides it."""
    state: str = "open"
    """``open``, ``missing`` (nobody provides it) or ``unconsented`` (the provider does not let that namespace in)."""
    criticality: str = "hard"
    """``hard``, ``soft`` or ``async``."""
    contract: str = ""
    """``namespace/name`` of the contract it is asked for by; empty where the service itself is named."""

    @property
    def remark(self) -> str:
        """What is not said by an arrow: how it matters where it is not indispensable, by which contract, what is wrong."""
        criticality = "" if self.criticality == "hard" else self.criticality
        return ", ".join(filter(None, [criticality, self.contract, "" if self.state == "open" else self.state]))


def cycles(found: Sequence[Edge]) -> tuple[tuple[str, ...], ...]:
    """Groups of services that depend on each other in a circle: strongly connected, by Kosaraju's two walks."""
    forward = _adjacent((edge.consumer, edge.provider) for edge in found)
    backward = _adjacent((edge.provider, edge.consumer) for edge in found)
    last_finished_first = [name for tree in _walk(sorted(forward), forward) for name in tree][::-1]
    groups = _walk(last_finished_first, backward)
    return tuple(
        sorted(tuple(sorted(group)) for group in groups if len(group) > 1 or group[0] in forward.get(group[0], ()))
    )


class Circles:
    """
    Which services depend on each other in a circle, computed where it is asked for and kept until it is forgotten.

    Strongly connected components by Tarjan's walk, without recursion: each dependency is followed once.
    """

    def __init__(self, needs: Callable[[str], Iterable[str]]) -> None:
        """``needs`` tells what a service depends on."""
        self._needs = needs
        self._group: dict[str, int] = {}
        self._groups = 0
        self.steps = 0
        """Dependencies that were followed since the start; what tests count instead of seconds."""

    def same(self, one: str, other: str) -> bool:
        """Whether both are in one circle; a service that depends on itself is in one with itself."""
        for name in (one, other):
            if name not in self._group:
                self._walk(name)
        return self._group[one] == self._group[other]

    def forget(self, names: Iterable[str]) -> None:
        """These changed, or depend on something that did. All of them must be named that lead to what changed."""
        for name in names:
            self._group.pop(name, None)

    def _walk(self, start: str) -> None:
        number: dict[str, int] = {start: 0}
        lowest: dict[str, int] = {start: 0}
        open_ones: list[str] = [start]
        path = [(start, iter(tuple(self._needs(start))))]
        while path:
            name, ahead = path[-1]
            step = next(ahead, None)
            if step is not None:
                self.steps += 1
                if step in self._group:
                    continue
                if step in number:
                    lowest[name] = min(lowest[name], number[step])
                    continue
                number[step] = lowest[step] = len(number)
                open_ones.append(step)
                path.append((step, iter(tuple(self._needs(step)))))
                continue
            path.pop()
            if path:
                above = path[-1][0]
                lowest[above] = min(lowest[above], lowest[name])
            if lowest[name] == number[name]:
                self._close(name, open_ones)

    def _close(self, first: str, open_ones: list[str]) -> None:
        self._groups += 1
        while True:
            name = open_ones.pop()
            self._group[name] = self._groups
            if name == first:
                return


def as_text(services: Sequence[str], found: Sequence[Edge]) -> str:
    """One service a block, what it uses below it."""
    uses: dict[str, list[Edge]] = {name: [] for name in sorted(services)}
    for edge in found:
        uses.get(edge.consumer, []).append(edge)
    lines: list[str] = []
    for name, outgoing in uses.items():
        lines.append(name)
        for position, edge in enumerate(outgoing):
            branch = "└─" if position == len(outgoing) - 1 else "├─"
            lines.append(f"{branch} {edge.provider}" + (f"  ({edge.remark})" if edge.remark else ""))
    return "\n".join(lines)


def as_mermaid(services: Sequence[str], found: Sequence[Edge]) -> str:
    """A Mermaid flowchart, as GitHub and most wikis draw it."""
    numbers = _numbers(services, found)
    nodes = [f'  n{number}["{name}"]' for name, number in numbers.items()]
    arrows = [f"  n{numbers[edge.consumer]} {_mermaid_arrow(edge)} n{numbers[edge.provider]}" for edge in found]
    return "\n".join(["flowchart LR", *nodes, *arrows])


def _mermaid_arrow(edge: Edge) -> str:
    if edge.state == "open" and edge.criticality == "hard":
        return f'-- "{edge.remark}" -->' if edge.remark else "-->"
    return f'-. "{edge.remark}" .->'


def as_dot(services: Sequence[str], found: Sequence[Edge]) -> str:
    """Graphviz."""
    nodes = [f'  "{name}";' for name in _numbers(services, found)]
    arrows = [f'  "{edge.consumer}" -> "{edge.provider}"' + _dot_attributes(edge) + ";" for edge in found]
    return "\n".join(["digraph services {", "  rankdir=LR; node [shape=box];", *nodes, *arrows, "}"])


def _dot_attributes(edge: Edge) -> str:
    dashed = edge.state != "open" or edge.criticality != "hard"
    said = [*(["style=dashed"] if dashed else []), *([f'label="{edge.remark}"'] if edge.remark else [])]
    return f" [{', '.join(said)}]" if said else ""


def ranks(services: Sequence[str], found: Sequence[Edge]) -> list[list[str]]:
    """
    Columns of a drawing, consumers left of what they use: Kahn's algorithm, a circle cut at its first name.

    Inside a column, names stand near the average height of what points at them (one barycentre sweep).
    """
    names = list(_numbers(services, found))
    incoming: dict[str, set[str]] = {name: set() for name in names}
    for edge in found:
        if edge.consumer != edge.provider:
            incoming[edge.provider].add(edge.consumer)

    columns: list[list[str]] = []
    placed: dict[str, int] = {}
    while len(placed) < len(names):
        waiting = [name for name in names if name not in placed]
        free = [name for name in waiting if incoming[name] <= placed.keys()] or waiting[:1]
        above = {name: [placed[source] for source in incoming[name] if source in placed] for name in free}
        column = sorted(free, key=lambda name: (sum(above[name]) / len(above[name]) if above[name] else 0.0, name))
        placed |= {name: height for height, name in enumerate(column)}
        columns.append(column)
    return columns


def _adjacent(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    next_to: dict[str, list[str]] = {}
    for source, target in pairs:
        next_to.setdefault(source, []).append(target)
    return next_to


def _walk(starts: Iterable[str], next_to: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Depth-first trees from each start not yet seen, names in the order they were finished. Without recursion: a
    chain of a thousand services is deeper than Python's stack."""
    seen: set[str] = set()
    trees: list[list[str]] = []
    for start in starts:
        if start in seen:
            continue
        seen.add(start)
        finished: list[str] = []
        path = [(start, iter(next_to.get(start, ())))]
        while path:
            name, ahead = path[-1]
            step = next((neighbour for neighbour in ahead if neighbour not in seen), None)
            if step is None:
                finished.append(name)
                path.pop()
            else:
                seen.add(step)
                path.append((step, iter(next_to.get(step, ()))))
        trees.append(finished)
    return trees


def _numbers(services: Iterable[str], found: Iterable[Edge]) -> dict[str, int]:
    names = sorted({*services, *(name for edge in found for name in (edge.consumer, edge.provider))})
    return {name: number for number, name in enumerate(names)}
