"""``concordat up``, ``down``, ``clusters``, ``load-image``, as they are typed."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from concordat.cli.local.up import COMMANDS
from concordat_lab.control_plane.controlplane import RECORD, recorded
from concordat_lab.errors import LabError
from concordat_lab.machine import paths
from concordat_lab.providers.local import Local
from tests.lab.test_processes import until

BY_NAME = {command.name: command for command in COMMANDS}


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("CONCORDAT_PROVIDER", raising=False)


@pytest.mark.controlplane
def test_a_cluster_by_name_from_up_to_down() -> None:
    """It outlives the command that started it, is found by the next, and gone after the last."""
    up = _run("up", "--without-node", "--name", "typed")
    kubeconfig = up.stdout.strip().removeprefix("export KUBECONFIG=")
    cluster = Local("typed")
    assert cluster.running
    assert str(cluster.kubeconfig) == kubeconfig

    [described] = json.loads(_run("clusters", "-o", "json").stdout)["clusters"]
    assert [True, "control plane"] == [described["running"], described["kind"]]
    assert {"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"} <= set(described["processes"])

    assert "typed: ended in" in _run("down", "--name", "typed").stderr
    assert not cluster.running
    assert "typed: was not running" in _run("down", "--name", "typed", "--purge").stderr
    assert not cluster.folder.exists()


@pytest.mark.node
@pytest.mark.skipif(os.geteuid() != 0, reason="a real node needs root: containers, network namespaces, cgroups")
def test_a_node_by_name_takes_images_from_the_next_command() -> None:
    """What one command started the next finds: its processes, its image store, its end."""
    _run("up", "--node", "--name", "typed-node")
    cluster = Local("typed-node")
    try:
        [described] = json.loads(_run("clusters", "-o", "json").stdout)["clusters"]
        pause = next(archive for archive in (paths.cache() / "images").glob("pause-*.tar"))
        loaded = _run("load-image", str(pause), "--name", "typed-node")
    finally:
        _run("down", "--name", "typed-node", "--purge")

    assert ["node", True] == [described["kind"], described["running"]]
    assert {"init", "etcd", "kubelet", "containerd", "kube-router"} <= set(described["processes"])
    assert f"loaded {pause.name}\n" == loaded.stdout
    assert [False, False] == [cluster.running, cluster.folder.exists()]


@pytest.mark.controlplane
def test_a_start_that_is_killed_leaves_no_process(tmp_path: Path) -> None:
    """A cluster outlives its start only once it is up."""
    script = "from concordat.cli.local.up import up; up(['--without-node', '--name', 'killed'])"
    starting = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    folder = Local("killed").folder
    with starting:
        assert until(lambda: (folder / RECORD).exists() and recorded(folder) is not None, seconds=60)
        group = recorded(folder)
        starting.send_signal(signal.SIGKILL)

    assert group is not None
    assert until(lambda: not group.alive())


def test_loading_an_image_needs_a_node_and_says_how_to_get_one(tmp_path: Path) -> None:
    """The remedy is a command."""
    archive = tmp_path / "image.tar"
    archive.touch()
    result = CliRunner().invoke(BY_NAME["load-image"], [str(archive), "--name", "absent"])

    assert isinstance(result.exception, LabError)
    assert "the cluster absent does not run: concordat up --name absent (as root)" == str(result.exception)


def test_a_folder_without_a_tag_is_refused(tmp_path: Path) -> None:
    """An image needs a name; one is proposed."""
    result = CliRunner().invoke(BY_NAME["load-image"], [str(tmp_path)])

    assert f"--tag localhost/{tmp_path.name}:1" in str(result.exception)


def test_without_clusters_the_list_says_how_to_start_one() -> None:
    """An empty table helps nobody."""
    assert "no cluster here: concordat up\n" == _run("clusters").stdout


@pytest.mark.parametrize("command", list(BY_NAME.values()), ids=list(BY_NAME))
def test_help_has_examples(command: object) -> None:
    """Every command shows how it is used."""
    assert "Examples:" in _run(command.name, "--help").stdout  # type: ignore[attr-defined]


def _run(name: str | None, *arguments: str) -> Result:
    assert name is not None
    result = CliRunner().invoke(BY_NAME[name], list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result
