"""TLS: the certificate with which the bay speaks STARTTLS.

A site may configure one.  The bay never pretends to be the real exchange; mail servers that do not
insist on a name encrypt to any certificate (RFC 7435), and those that do insist wait, as they must.
"""

import os
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from dnswatch.errors import SettingsError, SpoolError
from dnswatch.settings.bay import Tls

FILE: Final = "bay.pem"
"""Certificate and key that the bay made itself, in the state directory."""

_LIFE: Final = timedelta(days=365)
_RENEWAL: Final = timedelta(days=30)


def context(tls: Tls, state: Path, hostname: str, now: float) -> ssl.SSLContext | None:
    """Return what STARTTLS needs; None where it is not to be offered."""
    if not tls.offer:
        return None
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate, key = tls.certificate, tls.key or None
    if not certificate:
        certificate = str(_own(state / FILE, hostname, datetime.fromtimestamp(now, UTC)))
        key = None
    try:
        made.load_cert_chain(certificate, key)
    except OSError as error:  # ssl.SSLError is one
        raise SettingsError(
            f"bay.tls: '{certificate}' and its key cannot be used ({error}); expected PEM files:"
            " a certificate with its chain, and the key that belongs to it"
        ) from None
    return made


def _own(path: Path, hostname: str, now: datetime) -> Path:
    """Make a certificate, unless there is one that is good for a while."""
    if _is_good(path, hostname, now):
        return path
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hostname[:64])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _LIFE)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(hostname)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write(
        path,
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM),
    )
    return path


def _is_good(path: Path, hostname: str, now: datetime) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (OSError, ValueError, x509.ExtensionNotFound):
        return False
    is_named = hostname in names.value.get_values_for_type(x509.DNSName)
    return is_named and certificate.not_valid_after_utc - _RENEWAL > now


def _write(path: Path, pem: bytes) -> None:
    draft = path.with_suffix(".new")
    try:
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
        draft.rename(path)
    except OSError as error:
        raise SpoolError(
            f"cannot write the bay's own certificate '{path}': {error.strerror};"
            " make its directory writable, or configure one as bay.tls.certificate"
        ) from None
