"""
Certificates of one cluster: two authorities, serving certificates, one client identity per component.

Everything is P-256, so a whole set takes milliseconds. The keys live in the cluster's folder, readable by its owner only.
"""

import datetime
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALID_DAYS = 3650
SERVICE_NAMES = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc")


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who a client certificate says its holder is, in Kubernetes' words."""

    user: str
    groups: tuple[str, ...] = ()


IDENTITIES = {
    "admin": Identity(user="admin", groups=("system:masters",)),
    "kubelet-client": Identity(user="kube-apiserver-kubelet-client", groups=("system:masters",)),
    "kube-scheduler": Identity(user="system:kube-scheduler"),
    "kube-proxy": Identity(user="system:kube-proxy"),  # bound to system:node-proxier out of the box
    "kube-router": Identity(user="system:kube-router"),
    "kwok": Identity(user="system:kwok"),
    "metrics": Identity(user="system:metrics"),
    "webhooks": Identity(
        user="kube-apiserver-webhooks"
    ),  # what the API server shows to webhooks; no right in the cluster
}


def node_identity(node: str) -> Identity:
    """What the Node authorizer and NodeRestriction expect of a kubelet."""
    return Identity(user=f"system:node:{node}", groups=("system:nodes",))


class Authority:
    """A certificate authority that signs, and forgets, in memory."""

    def __init__(self, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _subject(Identity(user=name))
        self.certificate = (
            _template(self._name, self._name, self._key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(sign_certificates=True), critical=True)
            .sign(self._key, hashes.SHA256())
        )

    def client(self, identity: Identity) -> "Pair":
        return self._sign(_subject(identity), ExtendedKeyUsageOID.CLIENT_AUTH, ())

    def server(self, name: str, hosts: Iterable[str]) -> "Pair":
        return self._sign(_subject(Identity(user=name)), ExtendedKeyUsageOID.SERVER_AUTH, tuple(hosts))

    @property
    def pair(self) -> "Pair":
        return Pair.of(self.certificate, self._key)

    def _sign(self, subject: x509.Name, usage: x509.ObjectIdentifier, hosts: tuple[str, ...]) -> "Pair":
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            _template(subject, self._name, key)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(sign_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        if hosts:
            certificate = certificate.add_extension(x509.SubjectAlternativeName(map(_host, hosts)), critical=False)
        return Pair.of(certificate.sign(self._key, hashes.SHA256()), key)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A certificate and its key, both PEM."""

    certificate: bytes
    key: bytes

    @classmethod
    def of(cls, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> "Pair":
        return cls(certificate=certificate.public_bytes(serialization.Encoding.PEM), key=_pem(key))

    def write(self, folder: Path, name: str) -> None:
        (folder / f"{name}.crt").write_bytes(self.certificate)
        _write_secret(folder / f"{name}.key", self.key)


def write_pki(folder: Path, *, hosts: Iterable[str], node: str | None = None) -> Authority:
    """
    Everything the components read, as ``<name>.crt`` and ``<name>.key`` in ``folder``; returns the authority.

    ``hosts`` are the addresses and names of the API server beside the usual ones.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    authority, front = Authority("kubernetes-ca"), Authority("front-proxy-ca")
    identities = IDENTITIES | ({"kubelet": node_identity(node)} if node else {})
    pairs = {
        "ca": authority.pair,
        "front-proxy-ca": front.pair,
        "apiserver": authority.server("kube-apiserver", (*SERVICE_NAMES, f"{SERVICE_NAMES[-1]}.cluster.local", *hosts)),
        "front-proxy-client": front.client(Identity(user="front-proxy-client")),
        **{name: authority.client(identity) for name, identity in identities.items()},
    }
    for name, pair in pairs.items():
        pair.write(folder, name)
    signing = ec.generate_private_key(ec.SECP256R1())
    _write_secret(folder / "service-account.key", _pem(signing))
    (folder / "service-account.pub").write_bytes(
        signing.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return authority


def _template(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))  # clocks differ between host and containers
        .not_valid_after(now + datetime.timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _subject(identity: Identity) -> x509.Name:
    groups = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in identity.groups]
    return x509.Name([*groups, x509.NameAttribute(NameOID.COMMON_NAME, identity.user)])


def _usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write_secret(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)
