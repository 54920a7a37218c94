"""Whom HTTPS trusts: the machine's authorities, or those in a file or folder that the settings name."""

import asyncio
import ssl
from pathlib import Path


class TrustError(RuntimeError):
    """A certificate that is not trusted, or authorities that cannot be read; another attempt would not help."""


async def trust(ca: Path | None) -> ssl.SSLContext:
    """What verifies the other side; read anew each time, so that a new authority needs no restart.

    Args:
        ca: A file of certificates in PEM, or a folder of them as ``c_rehash`` leaves it; None for the machine's.

    Raises:
        TrustError: It cannot be read.
    """
    try:
        return await asyncio.to_thread(_context, ca)
    except (OSError, ssl.SSLError) as error:
        why = error.strerror or type(error).__name__
        raise TrustError(
            f"{ca} cannot be read as certificates: {why}. Check `verify` in the worker's settings."
        ) from None


def _context(ca: Path | None) -> ssl.SSLContext:
    if ca is None:
        return ssl.create_default_context()
    folder = ca.is_dir()
    return ssl.create_default_context(cafile=None if folder else str(ca), capath=str(ca) if folder else None)
