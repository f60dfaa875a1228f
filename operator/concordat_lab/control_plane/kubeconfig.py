"""Kubeconfigs: everything inside the one file, so it can be copied anywhere."""

import base64
from pathlib import Path

import yaml


def write_kubeconfig(target: Path, *, server: str, pki: Path, identity: str, name: str) -> Path:
    """
    A kubeconfig for ``server`` with the client certificate ``identity`` of the folder ``pki``.

    ``name`` is what people see as context and cluster.
    """
    encoded = {
        file: base64.b64encode((pki / file).read_bytes()).decode()
        for file in ("ca.crt", f"{identity}.crt", f"{identity}.key")
    }
    target.touch(mode=0o600)
    target.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [
                    {"name": name, "cluster": {"server": server, "certificate-authority-data": encoded["ca.crt"]}}
                ],
                "users": [
                    {
                        "name": identity,
                        "user": {
                            "client-certificate-data": encoded[f"{identity}.crt"],
                            "client-key-data": encoded[f"{identity}.key"],
                        },
                    }
                ],
                "contexts": [{"name": name, "context": {"cluster": name, "user": identity}}],
                "current-context": name,
            },
            sort_keys=False,
        )
    )
    return target


def authority_of(kubeconfig: Path) -> str:
    """The certificate authority a kubeconfig trusts, base64 of PEM as manifests want it."""
    authority: str = yaml.safe_load(kubeconfig.read_text())["clusters"][0]["cluster"]["certificate-authority-data"]
    return authority
