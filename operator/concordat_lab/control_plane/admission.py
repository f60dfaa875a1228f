"""
How the API server shows its webhooks who it is: a client certificate, by an AdmissionConfiguration and the kubeconfig it names.

https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#authenticate-apiservers
"""

from pathlib import Path

import yaml

IDENTITY = "webhooks"
"""Certificate in the cluster's folder of keys; its common name is in :data:`concordat_lab.control_plane.pki.IDENTITIES`."""


def write_admission(folder: Path, *, pki: Path) -> Path:
    """The configuration file, with the kubeconfig beside it. The certificate is shown to every webhook that asks for one."""
    kubeconfig, configuration = folder / "webhooks.kubeconfig", folder / "admission.yaml"
    user = {"client-certificate": str(pki / f"{IDENTITY}.crt"), "client-key": str(pki / f"{IDENTITY}.key")}
    kubeconfig.write_text(
        yaml.safe_dump({"apiVersion": "v1", "kind": "Config", "users": [{"name": "*", "user": user}]}, sort_keys=False)
    )
    plugin = {"apiVersion": "apiserver.config.k8s.io/v1", "kind": "WebhookAdmissionConfiguration"}
    names = ("ValidatingAdmissionWebhook", "MutatingAdmissionWebhook")
    plugins = [{"name": name, "configuration": {**plugin, "kubeConfigFile": str(kubeconfig)}} for name in names]
    configuration.write_text(
        yaml.safe_dump(
            {"apiVersion": "apiserver.config.k8s.io/v1", "kind": "AdmissionConfiguration", "plugins": plugins},
            sort_keys=False,
        )
    )
    return configuration
