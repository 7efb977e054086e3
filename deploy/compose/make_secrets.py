"""Make what is secret for deploy/compose.yaml, once: passwords, the journal's key, the front's certificates.

``python make_secrets.py FOLDER`` fills ``FOLDER/{bridge,postgresql,grafana,front}``, each for its user alone. What is
there already stays: a journal without its key would be lost. Must not print a secret. The tenant's client secret is
the simulated tenant's, which is no secret.
"""

from __future__ import annotations

import base64
import datetime
import os
import secrets
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

OWNERS = {"bridge": 10001, "postgresql": 999, "grafana": 472, "front": 99}
"""The numeric users of the images."""

DAYS = 365
NAMES = ("localhost", "front")


def put(folder: Path, name: str, content: str) -> None:
    """Write it for the folder's user alone; rename, so that nobody reads half a secret."""
    owner = OWNERS[folder.name]
    draft = folder / f".{name}"
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "w", encoding="ascii") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    if os.geteuid() == 0:
        os.chown(draft, owner, owner)
    draft.rename(folder / name)


def issued(
    common_name: str, issuer: tuple[x509.Name, rsa.RSAPrivateKey] | None, purpose: x509.ObjectIdentifier | None
) -> tuple[str, str, tuple[x509.Name, rsa.RSAPrivateKey]]:
    """(key, certificate, who it is): an authority without ``issuer``. RSA, because the oldest callers know no other."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    signer_name, signer = issuer or (name, key)
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(signer_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=DAYS))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if issuer is None:
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        builder = builder.add_extension(usage, critical=True)
    if purpose is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.DNSName(each) for each in NAMES]), critical=False
        )
    certificate = builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode("ascii")
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    return private.decode("ascii"), certificate, (name, key)


def make(folder: Path) -> None:
    """Everything that is not there yet; a part is made whole, and its last file says that it is."""
    for name in OWNERS:
        (folder / name).mkdir(exist_ok=True)
    bridge, postgresql = folder / "bridge", folder / "postgresql"
    if not (bridge / "database-url").exists():
        password = secrets.token_urlsafe(32)
        put(postgresql, "password", password)
        put(bridge, "journal-key", base64.b64encode(secrets.token_bytes(32)).decode("ascii"))
        put(bridge, "admin-token", secrets.token_urlsafe(32))
        put(bridge, "client-secret", "demo-secret")
        put(bridge, "database-url", f"postgresql://bridge:{password}@postgresql/bridge")
    if not (folder / "grafana" / "password").exists():
        put(folder / "grafana", "password", secrets.token_urlsafe(24))
    front = folder / "front"
    if not (front / "front.pem").exists():
        _, authority, issuer = issued("The authority of this compose file", None, None)
        key, certificate, _ = issued("erp", issuer, ExtendedKeyUsageOID.CLIENT_AUTH)
        put(front, "erp.pem", key + certificate)
        put(front, "ca.pem", authority)
        for name in ("old.pem", "front.pem"):
            key, certificate, _ = issued("localhost", issuer, ExtendedKeyUsageOID.SERVER_AUTH)
            put(front, name, key + certificate)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
