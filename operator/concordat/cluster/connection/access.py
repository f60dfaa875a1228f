"""
Where the API server is, and who we are there: a kubeconfig, or the ServiceAccount of our pod.
"""

import base64
import os
import ssl
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from concordat.errors import InvalidInput, Problem

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


class Token:
    """A bearer token in a file that the kubelet replaces: read again once a minute."""

    reread_after = 60.0
    """Seconds. A projected token is replaced at 80 % of its life, which is ten minutes at least."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._value = ""
        self._read_at = float("-inf")

    def __call__(self) -> str:
        now = time.monotonic()
        if now - self._read_at > self.reread_after:
            self._value = self._path.read_text().strip()
            self._read_at = now
        return self._value

    def refresh(self) -> None:
        """The server did not accept it: look at the file before the next request."""
        self._read_at = float("-inf")


class StaticToken:
    """A bearer token that never changes; may be empty when a certificate says who we are."""

    def __init__(self, value: str) -> None:
        self._value = value

    def __call__(self) -> str:
        return self._value

    def refresh(self) -> None:
        """There is nowhere to read another one."""


@dataclass(frozen=True, kw_only=True)
class Access:
    """An API server and credentials for it."""

    server: str
    """``https://10.96.0.1:443``"""
    tls: ssl.SSLContext | None
    token: Token | StaticToken
    namespace: str = "default"
    """The namespace of our pod, or of the kubeconfig's context."""


def find_access(environ: Mapping[str, str] = os.environ) -> Access:
    """
    ``$KUBECONFIG``, else the pod's ServiceAccount, else ``~/.kube/config``.

    Raises :exc:`InvalidInput` when there is none, or when it cannot be used.
    """
    if environ.get("KUBECONFIG"):
        return from_kubeconfig(Path(environ["KUBECONFIG"].split(os.pathsep)[0]))
    if environ.get("KUBERNETES_SERVICE_HOST") and (SERVICE_ACCOUNT / "token").exists():
        return from_service_account(environ)
    home = Path.home() / ".kube" / "config"
    if home.exists():
        return from_kubeconfig(home)
    raise InvalidInput(
        (Problem(path="KUBECONFIG", message="no cluster: set KUBECONFIG, or run `concordat up` for a local one"),)
    )


def from_service_account(environ: Mapping[str, str] = os.environ, *, directory: Path = SERVICE_ACCOUNT) -> Access:
    """From what Kubernetes mounts into every pod."""
    host = environ["KUBERNETES_SERVICE_HOST"]
    port = environ.get("KUBERNETES_SERVICE_PORT", "443")
    return Access(
        server=f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}",
        tls=ssl.create_default_context(cafile=str(directory / "ca.crt")),
        token=Token(directory / "token"),
        namespace=(directory / "namespace").read_text().strip(),
    )


def from_kubeconfig(path: Path) -> Access:
    """
    From the current context of a kubeconfig with a token, a token file or a client certificate.

    Plugins (``exec``) are for people at a terminal; whoever needs one logs in outside and gives us a token file.
    """
    try:
        config = _load(path)
        context = _named(config, "contexts", config["current-context"])["context"]
        cluster = _named(config, "clusters", context["cluster"])["cluster"]
        user = _named(config, "users", context["user"]).get("user") or {}
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise InvalidInput((Problem(path=str(path), message=f"is no usable kubeconfig: {error}"),)) from None
    if "exec" in user or "auth-provider" in user:
        raise InvalidInput(
            (
                Problem(
                    path=str(path), message="uses a login plugin, which is not supported: use a token or certificate"
                ),
            )
        )
    token = Token(_beside(path, user["tokenFile"])) if "tokenFile" in user else StaticToken(user.get("token", ""))
    return Access(
        server=cluster["server"].rstrip("/"),
        tls=_tls(path, cluster, user) if cluster["server"].startswith("https") else None,
        token=token,
        namespace=context.get("namespace", "default"),
    )


def _load(path: Path) -> Any:
    text = path.read_text()
    if text.lstrip().startswith("{"):
        import orjson

        return orjson.loads(text)
    import yaml  # comes with Kopf; not needed in a pod

    return yaml.safe_load(text)


def _named(config: Any, section: str, name: str) -> Any:
    for entry in config.get(section) or ():
        if entry["name"] == name:
            return entry
    raise KeyError(f"{section} has no {name!r}")


def _beside(path: Path, name: str) -> Path:
    return path.parent / name  # an absolute name stays as it is


def _tls(path: Path, cluster: Mapping[str, Any], user: Mapping[str, Any]) -> ssl.SSLContext:
    authority = cluster.get("certificate-authority-data")
    context = ssl.create_default_context(
        cafile=str(_beside(path, cluster["certificate-authority"])) if "certificate-authority" in cluster else None,
        cadata=base64.b64decode(authority).decode() if authority else None,
    )
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if "client-certificate" in user:
        context.load_cert_chain(_beside(path, user["client-certificate"]), _beside(path, user["client-key"]))
    elif "client-certificate-data" in user:
        _load_inline(context, user["client-certificate-data"], user["client-key-data"])
    return context


def _load_inline(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """OpenSSL reads a client certificate from files only: one of our own, gone again at once."""
    with tempfile.NamedTemporaryFile() as pem:  # created with mode 0600
        pem.write(base64.b64decode(certificate) + b"\n" + base64.b64decode(key))
        pem.flush()
        context.load_cert_chain(pem.name)
