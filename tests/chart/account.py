"""
The API server as the operator's own account meets it: with a token of that ServiceAccount, and nothing else.
"""

import json
import ssl
from base64 import b64decode
from dataclasses import dataclass
from typing import Any

import httpx
import yaml

from concordat.manifest import Manifest
from concordat.resources import kinds
from concordat_lab.control_plane.controlplane import ControlPlane
from tests.chart.helm import NAMESPACE
from tests.conftest import kubectl

PLURALS = {kind.kind: (kind.path, kind.plural) for kind in kinds.ALL}


@dataclass(frozen=True, kw_only=True)
class Account:
    """Dry runs: nothing of what is tried stays."""

    http: httpx.Client

    def refusal(self, method: str, path: str, body: Any, *, content_type: str = "application/json") -> str | None:
        """What the API server says against it; None if it would be done."""
        answer = self.http.request(
            method,
            path,
            params={"dryRun": "All"}
            | ({"fieldManager": "concordat", "force": "true"} if "apply" in content_type else {}),
            content=json.dumps(body),
            headers={"Content-Type": content_type},
        )
        return None if answer.is_success else str(answer.json()["message"])

    def apply(self, manifest: Manifest) -> str | None:
        """Server-side apply, as the operator writes."""
        return self.refusal("PATCH", _path(manifest), manifest, content_type="application/apply-patch+yaml")

    def create(self, manifest: Manifest) -> str | None:
        """A POST of the whole."""
        return self.refusal("POST", _path(manifest).rsplit("/", 1)[0], manifest)

    def delete(self, manifest: Manifest) -> str | None:
        """Without a precondition."""
        return self.refusal("DELETE", _path(manifest), {"dryRun": ["All"]})  # a body makes the query count for nothing


def token_of(cluster: ControlPlane, account: str) -> Account:
    """Whoever holds a token of that ServiceAccount of the release's namespace."""
    described = yaml.safe_load(cluster.kubeconfig.read_text())["clusters"][0]["cluster"]
    authority = b64decode(described["certificate-authority-data"]).decode()
    token = kubectl(cluster, "create", "token", account, "--namespace", NAMESPACE).strip()
    return Account(
        http=httpx.Client(
            base_url=described["server"],
            verify=ssl.create_default_context(cadata=authority),
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
        )
    )


def _path(manifest: Manifest) -> str:
    base, plural = PLURALS[manifest["kind"]]
    metadata = manifest["metadata"]
    return f"{base}/namespaces/{metadata['namespace']}/{plural}/{metadata['name']}"
