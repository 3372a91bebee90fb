"""A certificate authority made at run time, and servers' contexts with its certificates."""

import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_PEM = serialization.Encoding.PEM


class Authority:
    """Signs certificates; ``trust`` is a client's context that knows it."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named("authority")
        builder = _built(self._name, self._name, self._key.public_key(), (-1, 1))
        limits = x509.BasicConstraints(ca=True, path_length=0)
        signed = builder.add_extension(limits, critical=True).sign(self._key, hashes.SHA256())
        self.trust = ssl.create_default_context(cadata=signed.public_bytes(_PEM).decode())

    def server(self, host: str, days: tuple[int, int] = (-1, 1)) -> ssl.SSLContext:
        """Return the context of a server at ``host``, valid from and to days from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _built(_named("server"), self._name, key.public_key(), days)
        names = x509.SubjectAlternativeName([_alternative(host)])
        certificate = builder.add_extension(names, critical=False).sign(self._key, hashes.SHA256())
        private = key.private_bytes(
            _PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.NamedTemporaryFile() as file:
            file.write(certificate.public_bytes(_PEM) + private)
            file.flush()
            context.load_cert_chain(file.name)
        return context


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _built(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    days: tuple[int, int],
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(issuer, subject, key, x509.random_serial_number())
    first, last = (now + timedelta(days=each) for each in days)
    return builder.not_valid_before(first).not_valid_after(last)


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)
