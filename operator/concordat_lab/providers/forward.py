"""A port of this machine that leads to a Service, for clusters whose Services are not routed here."""

import re
import subprocess
from pathlib import Path

from concordat_lab.errors import LabError
from concordat_lab.machine.processes import Keeper

_FORWARDING = re.compile(rb"Forwarding from 127\.0\.0\.1:(\d+)")


class Forwards:
    """``kubectl port-forward`` processes; they end with :meth:`end`, or with this process."""

    def __init__(self, kubectl: str, kubeconfig: Path) -> None:
        self._command = [kubectl, f"--kubeconfig={kubeconfig}", "port-forward"]
        self._keeper: Keeper | None = None
        self._open: dict[tuple[str, str, int], subprocess.Popen[bytes]] = {}
        self._urls: dict[tuple[str, str, int], str] = {}

    def url(self, namespace: str, service: str, port: int) -> str:
        """
        The base URL of a Service; the same one when asked again.

        :raises LabError: kubectl refuses; carries what it said.
        """
        key = (namespace, service, port)
        if key in self._open and self._open[key].poll() is None:
            return self._urls[key]
        self._keeper = self._keeper or Keeper()
        process = subprocess.Popen(
            [*self._command, f"--namespace={namespace}", f"service/{service}", f":{port}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=self._keeper.group.pid,
        )
        assert process.stdout is not None
        said = process.stdout.readline()
        found = _FORWARDING.search(said)
        if found is None:
            process.kill()
            process.wait()
            process.stdout.close()
            raise LabError(f"kubectl port-forward service/{service}: {said.decode(errors='replace').strip()}")
        self._open[key] = process
        self._urls[key] = f"http://127.0.0.1:{int(found[1])}"
        return self._urls[key]

    def end(self) -> None:
        if self._keeper is None:
            return
        self._keeper.end()
        self._keeper = None
        for process in self._open.values():
            process.wait()
            assert process.stdout is not None
            process.stdout.close()
        self._open.clear()
