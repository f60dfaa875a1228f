"""
What a contract says beside its document: from an option, from a file, and from what was pushed before.
"""

from collections.abc import Mapping
from typing import Any

from concordat.api import State, parse_contract
from concordat.cli import files
from concordat.cli.output import fail
from concordat.errors import InvalidInput
from concordat.manifest import conventions

OF_THE_DOCUMENT = ("type", "version", "document")
"""Said anew with every push."""
_MARKS = ("labels", "annotations")

Said = dict[str, dict[str, Any]]
"""``metadata`` and ``spec`` of a ServiceContract, as far as something is said of them."""

NOTHING: Said = {"metadata": {}, "spec": {}}


def written(file: str) -> Said:
    """
    A ServiceContract in a file, all but its document.

    Raises :exc:`InvalidInput` naming file, line and field.
    """
    found = [each for each in files.read([file]) if each.content.get("kind") == conventions.SERVICE_CONTRACT]
    if len(found) != 1:
        fail(f"{file}: --with wants one ServiceContract without its document; there are {len(found)}")
    (document,) = found
    content = document.content
    spec = content.get("spec") or {}
    if not isinstance(spec, dict):
        fail(f"{file}:{document.line('spec')}: spec wants fields, like objectives or externalConsumers")
    if "document" in spec:
        fail(f"{file}:{document.line('spec.document')}: leave out spec.document: it is the FILE that is pushed")
    stand_in: dict[str, Any] = {"type": "openapi", "version": "0.0.0", "document": {"inline": "{}"}}
    try:
        parse_contract(content | {"spec": stand_in | spec})
    except InvalidInput as error:
        raise InvalidInput(tuple(files.located(problem, document) for problem in error.problems)) from None
    return {
        "metadata": dict(content["metadata"]),
        "spec": {name: value for name, value in spec.items() if value is not None},
    }


def together(before: Mapping[str, Any], said: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """
    The spec: what an option gives over what the file says, over what was pushed before.

    A sunset that nobody repeats ends where the contract is active again. What is said to be empty, ``access: {}``, is left out, and
    so taken back: a server-side apply makes null of a mapping that loses all it held.
    """
    spec = {name: value for name, value in {**before, **said}.items() if name not in OF_THE_DOCUMENT}
    life = {**spec.get("lifecycle", {}), **given.get("lifecycle", {})}
    repeated = "sunset" in {**said.get("lifecycle", {}), **given.get("lifecycle", {})}
    if not repeated and life.get("state") not in (State.DEPRECATED, State.RETIRED):
        life.pop("sunset", None)
    return {name: value for name, value in {**spec, **given, "lifecycle": life}.items() if value != {}}


def marks(before: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """Labels and annotations: those the file says beside those pushed before."""
    found = {name: {**(before.get(name) or {}), **(said.get(name) or {})} for name in _MARKS}
    return {name: value for name, value in found.items() if value}
