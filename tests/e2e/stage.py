"""
kubectl and helm on one cluster, and what tests ask of it.
"""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import yaml

from concordat.manifest import Manifest
from concordat_lab.control_plane.audit import AuditLog

PROBER = (Path(__file__).parent / "prober" / "prober.py").read_text()

_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One cluster."""

    kubeconfig: Path
    program: Path
    """kubectl."""
    helm_program: Path
    audit: AuditLog | None
    """What the API server was asked; nothing where the cluster does not tell."""

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        """What kubectl prints; its complaint in the failure."""
        return self._run(self.program, *arguments, stdin=stdin)

    def helm(self, *arguments: str, values: Mapping[str, Any] | None = None) -> str:
        """What helm prints; its complaint in the failure."""
        return self._run(
            self.helm_program,
            *arguments,
            *(["--values=-"] if values is not None else []),
            stdin=json.dumps(values) if values is not None else "",
        )

    def apply(self, *objects: Manifest) -> None:
        """``kubectl apply``."""
        self.kubectl("apply", "--server-side", "--force-conflicts", "--filename=-", stdin=_list(objects))

    def apply_file(self, path: Path, *, namespace: str) -> None:
        """``kubectl apply -f``."""
        self.kubectl("apply", f"--namespace={namespace}", f"--filename={path}")

    def find(self, kind: str, namespace: str, *arguments: str) -> list[Manifest]:
        """``kubectl get``: the objects themselves."""
        found = self.kubectl("get", kind, f"--namespace={namespace}", "--ignore-not-found", "--output=json", *arguments)
        return _items(json.loads(found)) if found else []

    def get(self, kind: str, namespace: str, name: str) -> Manifest | None:
        """One object, if it is there."""
        return next(iter(self.find(kind, namespace, name)), None)

    def wait_for(self, condition: str, what: str, namespace: str, *, seconds: int = 240) -> None:
        """``kubectl wait --for=condition=...``."""
        self.kubectl("wait", f"--for=condition={condition}", what, f"--namespace={namespace}", f"--timeout={seconds}s")

    # --- traffic ------------------------------------------------------------------------------------------------------

    def ask(self, pod: str, namespace: str, command: str, *arguments: str) -> dict[str, Any]:
        """Run the prober in any pod that has Python: its answer."""
        answer = self.kubectl(*_execute(pod, namespace), "-", command, *arguments, stdin=PROBER)
        found: dict[str, Any] = json.loads(answer)
        return found

    def load(self, pod: str, namespace: str, url: str) -> "Load":
        """Requests without pause from inside ``pod``, as long as the block lasts."""
        command = [self.program, *_execute(pod, namespace), "/prober.py", "load", url]
        return Load([str(part) for part in command], self._environment())

    # --- the programs -------------------------------------------------------------------------------------------------

    def _run(self, program: Path, *arguments: str, stdin: str) -> str:
        done = subprocess.run(
            [program, *arguments], input=stdin, env=self._environment(), capture_output=True, text=True, check=False
        )
        assert 0 == done.returncode, f"{program.name} {' '.join(arguments)}: {done.stderr or done.stdout}"
        return done.stdout

    def _environment(self) -> dict[str, str]:
        return os.environ | {"KUBECONFIG": str(self.kubeconfig)}


class Load(AbstractContextManager["Load"]):
    """Continuous traffic; ``sent`` and ``lost`` are known when the block ends."""

    sent: int
    lost: list[str]

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._command = command
        self._environment = environment

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        answer, complaint = self._process.communicate(timeout=60)
        if kind is not None:
            return
        assert 0 == self._process.returncode, complaint
        result = json.loads(answer)
        self.sent, self.lost = result["sent"], result["lost"]


def eventually(look: Callable[[], _T], *, seconds: float = 120, because: str = "") -> _T:
    """The first answer of ``look`` that is not empty, false or nothing."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"{because or look.__name__}: not within {seconds:.0f} s"
        time.sleep(0.2)
    return found


def at_once(calls: Iterable[Callable[[], _T]]) -> list[_T]:
    """Several blocking calls side by side."""
    with ThreadPoolExecutor(max_workers=8) as callers:
        return list(callers.map(lambda call: call(), calls))


def manifests(text: str) -> list[Manifest]:
    """Every object of a YAML file."""
    return [found for found in yaml.safe_load_all(text) if found]


def _execute(pod: str, namespace: str) -> tuple[str, ...]:
    return ("exec", "--stdin", f"--namespace={namespace}", pod, "--", "python3")


def _list(objects: Iterable[Manifest]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})


def _items(found: Manifest) -> list[Manifest]:
    return list(found["items"]) if "items" in found else [found]
