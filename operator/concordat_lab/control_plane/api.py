"""
The few requests the lab itself makes of an API server: is it there, and apply these manifests.

Not a client for anybody else: blocking, one connection a request, no watch.
"""

import base64
import json
import ssl
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from concordat_lab.errors import LabError

FIELD_MANAGER = "concordat-lab"
TIMEOUT_SECONDS = 10.0


class Api:
    """One API server, as one identity."""

    def __init__(self, kubeconfig: Path) -> None:
        document = yaml.safe_load(kubeconfig.read_text())
        cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
        self.url: str = cluster["server"]
        self._tls = _context(cluster["certificate-authority-data"], user)
        self._resources = cache(self._discover)

    def ready(self) -> bool:
        """Whether ``/readyz`` says so now."""
        try:
            return self._request("GET", "/readyz", timeout=2.0) == b"ok"
        except OSError:
            return False

    def get(self, path: str) -> dict[str, Any] | None:
        """The object at ``path``; nothing when there is none, or nobody answers."""
        try:
            found: dict[str, Any] = json.loads(self._request("GET", path))
        except OSError:
            return None
        return found

    def text(self, path: str) -> str:
        """What is at ``path``, as text; empty when there is nothing, or nobody answers."""
        try:
            return self._request("GET", path).decode()
        except OSError:
            return ""

    def apply(self, documents: Iterable[Mapping[str, Any]]) -> None:
        """
        Server-side apply, in the order given.

        :raises LabError: the API server refuses one, or does not answer; carries what it said.
        """
        for document in documents:
            what = f"{document['kind']} {document['metadata']['name']}"
            try:
                self._request(
                    "PATCH",
                    f"{self.path(document)}?fieldManager={FIELD_MANAGER}&force=true",
                    body=json.dumps(document).encode(),
                    content_type="application/apply-patch+yaml",
                )
            except urllib.error.HTTPError as error:
                said = error.read().decode(errors="replace")
                raise LabError(f"the API server refuses {what}: {said[:600]}") from error
            except OSError as error:
                raise LabError(f"the API server {self.url} does not answer: {error}") from error

    def path(self, document: Mapping[str, Any]) -> str:
        """Where a manifest lives."""
        version, metadata = document["apiVersion"], document["metadata"]
        base = f"/apis/{version}" if "/" in version else f"/api/{version}"
        plural, namespaced = self._resources(base)[document["kind"]]
        scope = f"/namespaces/{metadata.get('namespace', 'default')}" if namespaced else ""
        return f"{base}{scope}/{plural}/{metadata['name']}"

    def _discover(self, base: str) -> dict[str, tuple[str, bool]]:
        found = json.loads(self._request("GET", base))["resources"]
        return {entry["kind"]: (entry["name"], entry["namespaced"]) for entry in found if "/" not in entry["name"]}

    def _request(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        content_type: str = "",
        timeout: float = TIMEOUT_SECONDS,
    ) -> bytes:
        headers = {"User-Agent": FIELD_MANAGER, "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = content_type
        request = urllib.request.Request(self.url + path, data=body, method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=timeout, context=self._tls) as response:
            content: bytes = response.read()
        return content


def _context(authority: str, user: Mapping[str, str]) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=base64.b64decode(authority).decode())
    with tempfile.NamedTemporaryFile() as file:  # ssl reads a client certificate from a file only; mode 0600
        for part in ("client-certificate-data", "client-key-data"):
            file.write(base64.b64decode(user[part]))
        file.flush()
        context.load_cert_chain(file.name)
    return context
