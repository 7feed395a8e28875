"""Certificates of a private authority, made for one test."""

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Certified:
    """A server's certificate for 127.0.0.1, and who vouches for it.

    Attributes:
        authority: PEM file of the CA's certificate; the server does not have its key.
        fingerprint: SHA-256 of the server's certificate, in hexadecimal.
    """

    authority: Path
    certificate: Path
    private_key: Path
    fingerprint: str


def certify_loopback(directory: Path, address: str = "127.0.0.1") -> Certified:
    """Make a CA and a server certificate that it signed for an address of this host, good for a day."""
    directory.mkdir(parents=True, exist_ok=True)
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    name = _name("Test authority")
    loopback = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
    ca = _build(name, name, authority_key).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    )
    leaf = (
        _build(_name("runtime.test"), name, key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(loopback, critical=False)
    )
    signed = [one.sign(authority_key, hashes.SHA256()) for one in (ca, leaf)]
    paths = [directory / f"{stem}.pem" for stem in ("authority", "certificate", "private-key")]
    for path, certificate in zip(paths, signed, strict=False):
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[2].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return Certified(*paths, fingerprint=signed[1].fingerprint(hashes.SHA256()).hex())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _build(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
    )
