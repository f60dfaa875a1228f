"""
A real API server that is asked what it would say.
"""

import json
import ssl
from base64 import b64decode
from pathlib import Path
from typing import Any

import httpx
import yaml


class Server:
    """Dry runs against the real API server, fast enough for thousands."""

    def __init__(self, kubeconfig: Path, folder: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        context = ssl.create_default_context(cadata=b64decode(cluster["certificate-authority-data"]).decode())
        for name in ("client-certificate-data", "client-key-data"):
            (folder / name).write_bytes(b64decode(user[name]))
        context.load_cert_chain(folder / "client-certificate-data", folder / "client-key-data")
        self.http = httpx.Client(base_url=cluster["server"], verify=context, timeout=30)

    def refusal(self, path: str, manifest: dict[str, Any]) -> str | None:
        """What the API server says against creating it; None if it would store it."""
        answer = self.http.post(
            path,
            params={"dryRun": "All", "fieldValidation": "Strict"},
            content=json.dumps(manifest),
            headers={"Content-Type": "application/json"},
        )
        return None if answer.is_success else str(answer.json()["message"])
