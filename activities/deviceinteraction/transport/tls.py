"""Whom HTTPS to a device trusts: the machine's authorities, those of a file, or one certificate and no other.

There is no way to trust anybody. A pinned certificate is fetched by a handshake that sends nothing, compared, and then
is all that the session's own connections accept; so nothing is said to whoever else may answer meanwhile.
"""

import asyncio
import hashlib
import ssl
from functools import lru_cache
from pathlib import Path

from activities.deviceinteraction.failures import Permanent, Unreachable
from activities.deviceinteraction.model import Target, Timeouts


async def trust(target: Target, through: str | None, timeouts: Timeouts) -> ssl.SSLContext:
    """What verifies a device.

    Args:
        target: The device.
        through: The path of the Unix socket that leads to it, where a jump host does; else ``None``.
        timeouts: ``connect`` bounds the handshake that fetches a pinned certificate.

    Raises:
        Permanent: The authorities cannot be read, or the device shows another certificate than the pinned one.
        Unreachable: It shows none.
    """
    if target.tls.fingerprint is not None:
        return await _only(target, target.tls.fingerprint, through, timeouts)
    if target.tls.ca is None:
        return await asyncio.to_thread(_machines)
    try:
        return await asyncio.to_thread(_named, Path(target.tls.ca))
    except (OSError, ssl.SSLError) as error:
        why = error.strerror or type(error).__name__
        raise Permanent(
            f"{target.name}: {target.tls.ca} cannot be read as certificates of authorities: {why}. Check `tls` in the "
            "worker's settings."
        ) from error


@lru_cache(maxsize=1)
def _machines() -> ssl.SSLContext:
    """The machine's authorities; there are hundreds, and reading them for each session costs more than the session."""
    return ssl.create_default_context()


def _named(path: Path) -> ssl.SSLContext:
    """The authorities in a file, read again when it changes."""
    stat = path.stat()
    return _of_file(str(path), stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=32)
def _of_file(path: str, _mtime_ns: int, _size: int) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=path)


async def _only(target: Target, fingerprint: str, through: str | None, timeouts: Timeouts) -> ssl.SSLContext:
    """A context that accepts one certificate, whatever it is called; where it is the one that is shown."""
    der = await _shown(target, through, timeouts)
    found = hashlib.sha256(der).hexdigest()
    if found != fingerprint:
        raise Permanent(
            f"{target.name}: the device at {target.address} port {target.port} shows a certificate with the SHA-256 "
            f"{found}, and the pinned one has {fingerprint}. Either it was renewed or someone is in between: compare "
            "it out of band, then correct `data.tls_fingerprint`."
        )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # the certificate itself is known
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # also where it is not its own authority
    context.load_verify_locations(cadata=der)
    return context


async def _shown(target: Target, through: str | None, timeouts: Timeouts) -> bytes:
    """The certificate that a device shows, in DER; looked at and not trusted."""
    looking = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    looking.check_hostname = False
    looking.verify_mode = ssl.CERT_NONE
    try:
        async with asyncio.timeout(timeouts.connect.total_seconds()):
            if through is None:
                _, writer = await asyncio.open_connection(target.address, target.port, ssl=looking)
            else:
                _, writer = await asyncio.open_unix_connection(through, ssl=looking, server_hostname=target.address)
    except (OSError, TimeoutError) as error:
        said = str(error) or type(error).__name__
        raise Unreachable(
            f"{target.name}: {target.address} port {target.port} showed no certificate: {said}. Is HTTPS enabled there?"
        ) from error
    shown: ssl.SSLObject = writer.get_extra_info("ssl_object")
    der = shown.getpeercert(binary_form=True)
    writer.transport.abort()
    assert der is not None, "a server of TLS always shows a certificate"
    return der
