"""
Every command that the help or a page shows is one the program understands: no option that is not there, no value that is refused.
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import rich_click as click

from concordat.cli.main import main
from tests.conftest import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "sample_services").rglob("*.md"))]
_END = re.compile(r"\s{2,}(?![-\\])|\s[|>#&;]|\s2>|\)|$")
"""Where a command ends: at what explains it, or at what the shell does with it."""


def _commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield " ".join((*path, name)), command
        if isinstance(command, click.Group):
            yield from _commands(command, (*path, name))


COMMANDS = dict(_commands(main))


def _lines() -> Iterator[tuple[str, str]]:
    for name, command in COMMANDS.items():
        yield from ((f"concordat {name} --help", line) for line in (command.help or "").splitlines())
    for page in PAGES:
        blocks = re.findall(r"^```(?:sh|console)\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
        for block in blocks:
            yield from ((str(page.relative_to(ROOT)), line) for line in block.replace("\\\n", " ").splitlines())


def _examples() -> Iterator[tuple[str, str]]:
    for place, line in _lines():
        for found in re.finditer(r"(?:^|[|(] *|^\$ |/bin/)concordat ", line.strip()):
            rest = line.strip()[found.end() :]
            quoted = re.sub(r"'[^']*'|\"[^\"]*\"", lambda text: "x" * len(text[0]), rest)
            end = _END.search(quoted)
            yield place, rest[: end.start() if end else None]


EXAMPLES = sorted(set(_examples()))


@pytest.mark.parametrize(("place", "arguments"), EXAMPLES)
def test_an_example_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, arguments: str) -> None:
    """As far as it can be known without running it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sample_services").symlink_to(ROOT / "sample_services")
    words = shlex.split(arguments)
    for word in words:
        if re.fullmatch(r"[\w.-]+\.(ya?ml|json|graphql|tar)", word):
            (tmp_path / word).touch()

    _understand(main, "concordat", words)


def _understand(command: click.Command, name: str, words: list[str]) -> None:
    if not isinstance(command, click.Group):
        command.make_context(name, words, help_option_names=["--help"])
        return
    assert words, f"{name} wants a command"
    inner = command.get_command(click.Context(command), words[0])
    if words[0].startswith("-"):
        assert words[0] in {option for param in command.params for option in param.opts} | {"--help"}
        return
    assert inner is not None, f"{name} has no command {words[0]}"
    if words[1:] not in (["--help"], ["-h"]):
        _understand(inner, words[0], words[1:])


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_shows_an_example(name: str) -> None:
    """Whoever asks for help gets something to copy."""
    assert f"concordat {name}" in (COMMANDS[name].help or "")
