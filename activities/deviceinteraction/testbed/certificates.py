"""An authority of the testbed's own, and the certificate by which its devices prove themselves over HTTPS.

Made anew at each start, as addresses may have changed; good for a year, on loopback only.
"""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509  # what asyncssh stands on
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


def write(authority: Path, device: Path, addresses: Collection[str]) -> None:
    """Make both.

    Args:
        authority: Where the authority's certificate goes, for clients to verify by.
        device: Where the devices' key and certificate go, mode 0600.
        addresses: Which the certificate is for.
    """
    now = datetime.now(UTC)
    issuer_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "netsaga testbed authority")])
    own = _begun(issuer, issuer, issuer_key.public_key(), now)
    own = own.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    own = own.add_extension(_usage(signs=True), critical=True)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "netsaga testbed device")])
    shown = _begun(subject, issuer, key.public_key(), now)
    shown = shown.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    shown = shown.add_extension(_usage(signs=False), critical=True)
    shown = shown.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    names = [x509.IPAddress(ip_address(address)) for address in dict.fromkeys(addresses)]
    shown = shown.add_extension(x509.SubjectAlternativeName(names), critical=False)
    issued = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    shown = shown.add_extension(issued, critical=False)
    authority.write_bytes(own.sign(issuer_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    device.touch(mode=0o600)
    device.chmod(0o600)
    device.write_bytes(private + shown.sign(issuer_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=365))
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )
