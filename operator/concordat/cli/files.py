"""
Reading what people wrote: YAML with the line of every field, and with limits that no file can talk us out of.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from concordat.api import Microservice, parse, parse_contract
from concordat.errors import InvalidInput, Problem
from concordat.manifest import conventions

MOST_BYTES = 2 * 1024 * 1024
MOST_NODES = 200_000
DEEPEST = 64


@dataclass(frozen=True, kw_only=True)
class Document:
    """One YAML document, and where in its file it stands."""

    file: str
    content: dict[str, Any]
    node: yaml.Node

    def line(self, path: str) -> int:
        """The line of a field like ``spec.env[2].name``: of its deepest part that is there. From 1."""
        node = self.node
        for part in path.replace("[", ".").replace("]", "").split("."):
            inner = _step(node, part)
            if inner is None:
                break
            node = inner
        return int(node.start_mark.line) + 1


def read(paths: Sequence[str]) -> list[Document]:
    """Every YAML document of the files; ``-`` is standard input, a folder all its ``*.yaml`` and ``*.yml``."""
    return [document for path in paths for file in _files(path) for document in _documents(file)]


def microservices(documents: Sequence[Document], *, namespace: str) -> list[tuple[Microservice, Document]]:
    """
    The Microservices among them; other kinds are passed over, so that a service's whole folder can be given.

    Raises :exc:`InvalidInput` naming file, line and field.
    """
    found: list[tuple[Microservice, Document]] = []
    problems: list[Problem] = []
    for document in documents:
        if document.content.get("kind") != conventions.MICROSERVICE:
            continue
        try:
            found.append((parse(document.content, namespace=namespace), document))
        except InvalidInput as error:
            problems += [located(problem, document) for problem in error.problems]
    if problems:
        raise InvalidInput(tuple(problems))
    return found


def declared(documents: Sequence[Document], *, namespace: str) -> list[dict[str, Any]]:
    """
    Whatever of it is ours, Microservices and ServiceContracts.

    Raises :exc:`InvalidInput` naming file, line and field.
    """
    problems: list[Problem] = []
    for document in documents:
        if document.content.get("kind") != conventions.SERVICE_CONTRACT:
            continue
        try:
            parse_contract(document.content, namespace=namespace)
        except InvalidInput as error:
            problems += [located(problem, document) for problem in error.problems]
    if problems:
        raise InvalidInput(tuple(problems))
    ours = (conventions.MICROSERVICE, conventions.SERVICE_CONTRACT)
    return [document.content for document in documents if document.content.get("kind") in ours]


def located(problem: Problem, document: Document) -> Problem:
    """The same problem with ``file:line`` in front of its path."""
    return Problem(
        path=f"{document.file}:{document.line(problem.path)}: {problem.path}",
        message=problem.message,
        severity=problem.severity,
    )


def _files(path: str) -> Sequence[Path | None]:
    if path == "-":
        return [None]
    given = Path(path)
    if given.is_dir():
        return sorted([*given.glob("*.yaml"), *given.glob("*.yml")])
    if not given.exists():
        raise InvalidInput((Problem(path=path, message="there is no such file"),))
    return [given]


def _documents(file: Path | None) -> Iterator[Document]:
    name = str(file) if file else "standard input"
    text = file.read_bytes() if file else sys.stdin.buffer.read(MOST_BYTES + 1)
    if len(text) > MOST_BYTES:
        raise _refused(name, f"larger than {MOST_BYTES // 1024 // 1024} MiB")
    try:
        _refuse_bombs(name, text)
        for node in yaml.compose_all(text, Loader=yaml.CSafeLoader):
            content = yaml.CSafeLoader("").construct_document(node)
            if content is None:
                continue
            if not isinstance(content, dict):
                raise _refused(
                    f"{name}:{node.start_mark.line + 1}", "a mapping with apiVersion and kind is expected here"
                )
            yield Document(file=name, content=content, node=node)
    except yaml.MarkedYAMLError as error:
        where = f"{name}:{error.problem_mark.line + 1}" if error.problem_mark else name
        raise _refused(where, f"not valid YAML: {error.problem}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise _refused(name, f"not valid YAML: {error}") from None


def _refuse_bombs(name: str, text: bytes) -> None:
    """
    Depth and expanded size, from the events alone: nothing is built before it is known to be small.

    An alias weighs what its anchor weighs, so that a "billion laughs" is counted, not unfolded.
    """
    weights: dict[str, int] = {}
    open_nodes: list[tuple[str | None, int]] = [(None, 0)]

    def add(weight: int) -> None:
        anchor, sofar = open_nodes[-1]
        open_nodes[-1] = (anchor, sofar + weight)
        if sofar + weight > MOST_NODES:
            raise _refused(name, f"unfolds to more than {MOST_NODES} values")

    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            open_nodes.append((event.anchor, 1))
            if len(open_nodes) > DEEPEST:
                raise _refused(_at(name, event), f"nested deeper than {DEEPEST} levels")
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, weight = open_nodes.pop()
            weights |= {anchor: weight} if anchor else {}
            add(weight)
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in weights:
                raise _refused(_at(name, event), f"*{event.anchor} contains itself, or is not defined")
            add(weights[event.anchor])
        elif isinstance(event, yaml.ScalarEvent):
            weights |= {event.anchor: 1} if event.anchor else {}
            add(1)


def _at(name: str, event: yaml.Event) -> str:
    return f"{name}:{event.start_mark.line + 1}" if event.start_mark else name


def _refused(where: str, message: str) -> InvalidInput:
    return InvalidInput((Problem(path=where, message=message),))


def _step(node: yaml.Node, part: str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == part), None)
    if isinstance(node, yaml.SequenceNode) and part.isdigit() and int(part) < len(node.value):
        inner: yaml.Node = node.value[int(part)]
        return inner
    return None
