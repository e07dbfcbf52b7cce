"""Certificates: a local authority made once per home, and one certificate for every name in use.

`cryptography` is loaded only when something must be made: what is on disk says itself which names it covers.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from cloudrun_cli.core.addresses import SUFFIX
from cloudrun_cli.dataplane import envoy_config
from cloudrun_cli.dataplane.files import write_private

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

TRUST = "trust"  # a folder of the home that instances may see
CA_DAYS = 3650
LEAF_DAYS = 397  # the longest that browsers accept
RENEW_DAYS = 30  # before the end
# Google's APIs, too: instances reach ours by those names.
ALWAYS = ("localhost", SUFFIX, "127.0.0.1", "::1", "*.localhost", "*.googleapis.com", "googleapis.com")


def names(regions: Iterable[str], exact: Iterable[str]) -> tuple[str, ...]:
    """What the certificate must cover: a wildcard per region in use (services and tags are one label below it), exact
    names for clients that refuse wildcards and for custom domains, and this machine."""
    wildcards = sorted(f"*.{region}.{SUFFIX}" for region in set(regions))
    return (*ALWAYS, *wildcards, *sorted(set(exact) - set(ALWAYS)))


def ensure_certificate(ca_folder: Path, state: Path, wanted: Iterable[str], now: datetime) -> bool:
    """Makes what is missing: the authority (`ca.pem` and its key in `ca_folder`) and a certificate for the wanted names
    where Envoy watches for it. Whether anything was made; when what is there still covers them, it costs one read."""
    needed = set(wanted)
    note = state / "certificate.names"
    target = state / envoy_config.CERTIFICATE_FILE
    if target.exists() and (ca_folder / "ca.pem").exists() and _covers(note, needed, now):
        return False
    chain, key = issue(ensure_ca(ca_folder, now), sorted(needed), now)
    write_private(target, envoy_config.certificate(chain, key))
    until = (now + timedelta(days=LEAF_DAYS)).timestamp()
    write_private(note, json.dumps({"names": sorted(needed), "until": until}))
    return True


def show_authority(ca_folder: Path, trust: Path) -> None:
    """Put the authority's certificate where instances can read it, and nothing else."""
    pem, shown = (ca_folder / "ca.pem").read_bytes(), trust / "ca.pem"
    if not shown.exists() or shown.read_bytes() != pem:
        trust.mkdir(mode=0o755, exist_ok=True)
        shown.write_bytes(pem)
        shown.chmod(0o644)


class Authority:
    """A certificate authority with its key. Its `repr` holds neither."""

    def __init__(self, certificate: x509.Certificate, key: EllipticCurvePrivateKey) -> None:
        self.certificate = certificate
        self.key = key


def ensure_ca(folder: Path, now: datetime) -> Authority:
    """The home's authority, made on the first call. `ca.pem` is for clients to trust, `ca.key` for nobody."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key_file, certificate_file = folder / "ca.key", folder / "ca.pem"
    if key_file.exists() and certificate_file.exists():
        key = serialization.load_pem_private_key(key_file.read_bytes(), None)
        certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
        if isinstance(key, ec.EllipticCurvePrivateKey) and certificate.not_valid_after_utc > now + timedelta(LEAF_DAYS):
            return Authority(certificate, key)
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("cloudrun local authority", key)
    certificate = (
        _builder(name, name, key, now, CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    write_private(key_file, _key_pem(key))
    write_private(certificate_file, certificate.public_bytes(serialization.Encoding.PEM).decode())
    return Authority(certificate, key)


def issue(ca: Authority, wanted: Iterable[str], now: datetime) -> tuple[str, str]:
    """A server certificate with its authority behind it, and its key, both as PEM. Names that are IP addresses become
    such."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder(_name("cloudrun", key), ca.certificate.subject, key, now, LEAF_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in wanted]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key()),
            critical=False,
        )
        .sign(ca.key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    return (certificate.public_bytes(pem) + ca.certificate.public_bytes(pem)).decode(), _key_pem(key)


def _covers(note: Path, needed: set[str], now: datetime) -> bool:
    try:
        known = json.loads(note.read_text())
        return needed <= set(known["names"]) and now.timestamp() < known["until"] - RENEW_DAYS * 86400
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return False  # made anew


def _builder(
    subject: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    from cryptography import x509

    public = key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _name(common: str, key: EllipticCurvePrivateKey) -> x509.Name:
    """A name with a part of the key's own print: two homes' authorities can be trusted side by side."""
    from cryptography import x509

    digest = x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest.hex()[:8]
    return x509.Name(
        [
            x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "cloudrun on this machine"),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, f"{common} {digest}"),
        ]
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _key_pem(key: EllipticCurvePrivateKey) -> str:
    from cryptography.hazmat.primitives import serialization

    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(pem, pkcs8, serialization.NoEncryption()).decode()
