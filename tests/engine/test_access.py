"""
Where the API server is and who we are there: kubeconfigs and ServiceAccounts.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml

from concordat.cluster.connection.access import Token, find_access, from_kubeconfig, from_service_account
from concordat.errors import InvalidInput
from concordat_lab.control_plane.controlplane import ControlPlane


def kubeconfig(folder: Path, user: dict[str, Any], **context: Any) -> Path:
    path = folder / "config"
    path.write_text(
        yaml.safe_dump(
            {
                "current-context": "here",
                "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u", **context}}],
                "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:8001/"}}],
                "users": [{"name": "u", "user": user}],
            }
        )
    )
    return path


def test_a_token_and_a_namespace_are_read(tmp_path: Path) -> None:
    """The server without the slash that some tools write."""
    access = from_kubeconfig(kubeconfig(tmp_path, {"token": "secret"}, namespace="shop"))
    assert (access.server, access.token(), access.namespace) == ("http://127.0.0.1:8001", "secret", "shop")


def test_a_token_file_stands_beside_the_kubeconfig_and_is_read_again(tmp_path: Path) -> None:
    """The kubelet replaces projected tokens while we run."""
    (tmp_path / "token").write_text("first\n")
    access = from_kubeconfig(kubeconfig(tmp_path, {"tokenFile": "token"}))
    assert access.token() == "first"
    (tmp_path / "token").write_text("second\n")
    assert access.token() == "first"
    access.token.refresh()
    assert access.token() == "second"


def test_a_login_plugin_is_refused_with_a_remedy(tmp_path: Path) -> None:
    """It is for people at a terminal."""
    with pytest.raises(InvalidInput, match="use a token or certificate"):
        from_kubeconfig(kubeconfig(tmp_path, {"exec": {"command": "aws"}}))


def test_a_kubeconfig_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    """With its path and what is missing."""
    path = kubeconfig(tmp_path, {})
    path.write_text(path.read_text().replace("current-context: here", "current-context: there"))
    with pytest.raises(InvalidInput, match=r"config: is no usable kubeconfig.*there"):
        from_kubeconfig(path)


def test_without_any_cluster_the_remedy_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set KUBECONFIG, or start a local one."""
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(InvalidInput, match="concordat up"):
        find_access({})


@pytest.mark.controlplane
def test_a_pod_finds_its_api_server(tmp_path: Path, control_plane: ControlPlane) -> None:
    """From what Kubernetes mounts; an IPv6 address gets its brackets."""
    authority = yaml.safe_load(control_plane.kubeconfig.read_text())["clusters"][0]["cluster"]
    if "certificate-authority" in authority:
        (tmp_path / "ca.crt").write_bytes(Path(authority["certificate-authority"]).read_bytes())
    else:
        import base64

        (tmp_path / "ca.crt").write_bytes(base64.b64decode(authority["certificate-authority-data"]))
    (tmp_path / "token").write_text("secret")
    (tmp_path / "namespace").write_text("concordat-system\n")
    environ = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "6443"}
    access = from_service_account(environ, directory=tmp_path)
    assert (access.server, access.token(), access.namespace) == (
        "https://[fd00::1]:6443",
        "secret",
        "concordat-system",
    )


def test_a_token_is_read_again_after_a_minute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Long before it runs out."""
    path = tmp_path / "token"
    path.write_text("first")
    token = Token(path)
    assert token() == "first"
    path.write_text("second")
    monkeypatch.setattr(Token, "reread_after", -1.0)
    assert token() == "second"
