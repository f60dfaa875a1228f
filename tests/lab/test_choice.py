"""What is chosen on which machine, and what is asked of its operating system."""

import shutil
import subprocess
from pathlib import Path

import pytest

from concordat_lab.errors import LabError, Unavailable
from concordat_lab.machine.progress import Quiet
from concordat_lab.programs import packages
from concordat_lab.providers import selection
from concordat_lab.providers.local import Local, Options


class Machine:
    """What this machine seems to have."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.programs: set[str] = set()
        self.root = True
        self.docker = False
        patch.delenv("CONCORDAT_PROVIDER", raising=False)
        patch.delenv("INSTALL", raising=False)
        patch.setattr(shutil, "which", lambda program: program if program in self.programs else None)
        patch.setattr("os.geteuid", lambda: 0 if self.root else 1000)
        patch.setattr(selection, "docker_answers", lambda: self.docker)
        patch.setattr(packages, "CNI_FOLDERS", ())


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def test_root_with_apt_gets_a_real_node(machine: Machine) -> None:
    """What is missing can be installed."""
    machine.programs = {"apt-get"}

    assert ("local", True) == _chosen()


def test_docker_and_kind_without_root_get_kind(machine: Machine) -> None:
    """Real pods rather than none."""
    machine.root, machine.docker, machine.programs = False, True, {"kind"}

    assert ("kind", True) == _chosen()


def test_neither_gets_the_control_plane_and_is_told_the_cost(machine: Machine) -> None:
    """Nobody believes a pod ran that did not."""
    machine.root = False
    choice = selection.choose()

    assert ("local", False) == (choice.provider, choice.node)
    assert "a node needs root. Objects are real; pods stay pending, nothing answers a request" in choice.why


def test_a_client_without_a_daemon_is_no_docker(machine: Machine) -> None:
    """kind is only chosen where Docker answers."""
    machine.root, machine.programs = False, {"kind", "docker"}

    assert ("local", False) == _chosen()


def test_insisting_on_a_node_is_not_overruled(machine: Machine) -> None:
    """The message says both ways to one."""
    machine.root = False

    with pytest.raises(Unavailable, match="a node needs root; and no kind: there is no program kind in PATH"):
        selection.choose(node=True)


def test_an_existing_cluster_is_never_chosen_by_itself(machine: Machine) -> None:
    """It belongs to somebody; it is used when it is asked for, by option or environment."""
    machine.root = False

    assert "existing" != selection.choose().provider
    assert "existing" == selection.choose("existing").provider


def test_an_unknown_provider_is_named_with_the_known_ones(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when the environment names it."""
    monkeypatch.setenv("CONCORDAT_PROVIDER", "minikube")

    with pytest.raises(Unavailable, match="--provider minikube: there are local, kind, existing"):
        selection.choose()


def test_install_no_forbids_and_says_what_to_type(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The remedy is a command."""
    machine.programs = {"apt-get"}
    monkeypatch.setenv("INSTALL", "no")

    with pytest.raises(Unavailable, match=r"INSTALL=no .*apt-get install --no-install-recommends buildah mmdebstrap"):
        packages.ensure(packages.IMAGES, Quiet())


def test_a_package_is_named_once(machine: Machine) -> None:
    """Two programs of one package are one package."""
    assert sorted(set(packages.NODE.values())) == sorted(packages.missing(packages.NODE))


@pytest.mark.parametrize("name", ["", "Lab", "a/b", "-a", "a" * 31, "a b"])
def test_a_name_that_cannot_be_a_folder_is_refused(name: str) -> None:
    """It becomes a folder, a cgroup, a context."""
    with pytest.raises(LabError, match=r"--name .*lower case letters"):
        Local(name)


def test_what_needs_pods_is_refused_without_a_node() -> None:
    """Rather than started and never ready."""
    with pytest.raises(Unavailable, match="--gateway needs a real node"):
        Options(node=False, gateway=True)


def test_ending_what_never_was_does_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """``down`` may be typed at any time."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    Local("never").down(purge=True)

    assert [] == list(tmp_path.rglob("*"))


def _chosen() -> tuple[str, bool]:
    choice = selection.choose()
    return choice.provider, choice.node


def test_what_is_installed_starts_no_service(tmp_path: Path) -> None:
    """Debian's packages are told no while they are installed; nothing of it stays behind."""
    policy = tmp_path / "policy-rc.d"
    with packages._no_service_started(policy):
        assert 101 == subprocess.run([policy, "rabbitmq-server", "start"], check=False).returncode
    assert not policy.exists()


def test_a_policy_of_the_machine_stays(tmp_path: Path) -> None:
    """Somebody decided it."""
    policy = tmp_path / "policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 0\n")
    with packages._no_service_started(policy):
        pass
    assert "#!/bin/sh\nexit 0\n" == policy.read_text()
