"""Certificates: who signs them, whom they name, who may read them."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from concordat_lab.control_plane.pki import IDENTITIES, write_pki


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pki")
    write_pki(folder, hosts=("10.86.0.1", "api.example"), node="node-1")
    return folder


@pytest.mark.parametrize("name", ["apiserver", "kubelet", *IDENTITIES])
def test_every_certificate_is_signed_by_the_cluster(folder: Path, name: str) -> None:
    """By its authority, and by nobody else's."""
    _read(folder, name).verify_directly_issued_by(_read(folder, "ca"))


def test_the_front_proxy_has_an_authority_of_its_own(folder: Path) -> None:
    """Else every client could pass itself off as the API server's proxy, and name whatever user it likes."""
    _read(folder, "front-proxy-client").verify_directly_issued_by(_read(folder, "front-proxy-ca"))

    with pytest.raises(ValueError, match="Issuer"):
        _read(folder, "front-proxy-client").verify_directly_issued_by(_read(folder, "ca"))


def test_a_kubelet_is_who_the_node_authorizer_expects(folder: Path) -> None:
    """User ``system:node:<name>``, group ``system:nodes``."""
    subject = _read(folder, "kubelet").subject

    assert ["system:node:node-1"] == [part.value for part in subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    assert ["system:nodes"] == [part.value for part in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]


def test_the_api_server_is_known_by_address_and_by_name(folder: Path) -> None:
    """Those given, and those every pod uses."""
    names = _read(folder, "apiserver").extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    hosts = {str(getattr(name, "value", name)) for name in names}

    assert {"10.86.0.1", "api.example", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"} <= hosts


def test_a_client_certificate_serves_nothing(folder: Path) -> None:
    """Each certificate is good for one side of a connection."""
    for name, usage in (("admin", ExtendedKeyUsageOID.CLIENT_AUTH), ("apiserver", ExtendedKeyUsageOID.SERVER_AUTH)):
        extended = _read(folder, name).extensions.get_extension_for_class(x509.ExtendedKeyUsage).value

        assert [usage] == list(extended)


def test_keys_are_for_their_owner_only(folder: Path) -> None:
    """Whoever reads one is an administrator."""
    assert {0o600} == {file.stat().st_mode & 0o777 for file in folder.glob("*.key")}


def _read(folder: Path, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / f"{name}.crt").read_bytes())
