"""
Reading YAML: lines for messages, limits that no file talks us out of.
"""

from pathlib import Path

import pytest

from concordat.cli import files
from concordat.errors import InvalidInput

SERVICE = """\
apiVersion: concordat.dev/v1alpha1
kind: Microservice
metadata: {name: orders}
spec:
  team: checkout
  image: registry.example.com/orders:1.11.12
  ports:
    http: {port: 8011}
"""


def _written(folder: Path, text: str) -> str:
    file = folder / "service.yaml"
    file.write_text(text)
    return str(file)


def test_a_problem_is_located_by_file_and_line(tmp_path: Path) -> None:
    """A wrong field is named with the file, the line and the path people know from the YAML."""
    file = _written(tmp_path, SERVICE.replace("8011", "80110"))

    with pytest.raises(InvalidInput) as raised:
        files.microservices(files.read([file]), namespace="shop")

    assert [f"{file}:8: spec.ports.http.port"] == [problem.path for problem in raised.value.problems]


def test_other_kinds_are_passed_over(tmp_path: Path) -> None:
    """A folder may hold whatever else belongs to the service."""
    file = _written(tmp_path, f"{SERVICE}---\nkind: Secret\n---\n")

    found = files.microservices(files.read([str(tmp_path)]), namespace="shop")

    assert [("shop/orders", file)] == [(service.reference, document.file) for service, document in found]


BOMB = "\n".join(["a0: &a0 [lol]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(BOMB, "unfolds to more than", id="billion laughs"),
        pytest.param("a: &a [*a]", "contains itself", id="recursive alias"),
        pytest.param("[" * 50_000, "nested deeper than", id="deep nesting"),
        pytest.param("- 11", "a mapping with apiVersion and kind", id="no mapping"),
        pytest.param("a: [1", "not valid YAML", id="broken"),
        pytest.param("a: !!python/object:os.system {}", "not valid YAML", id="python tag"),
        pytest.param("x" * (files.MOST_BYTES + 1), "larger than 2 MiB", id="large"),
    ],
)
def test_hostile_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    """Whatever a file holds, it is refused with a reason before anything of it is built."""
    with pytest.raises(InvalidInput, match=message):
        files.read([_written(tmp_path, text)])


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The path that does not exist is in the message."""
    with pytest.raises(InvalidInput, match=r"absent.yaml: there is no such file"):
        files.read([str(tmp_path / "absent.yaml")])
