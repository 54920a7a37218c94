"""Host keys: loading the known-hosts file and saying what is wrong with a key (device-safety rule 9).

Entries follow OpenSSH's known_hosts format (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"); a port other than 22 is written
``[address]:port``. A file is read once and again when it changes, as thousands of sessions share it.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import asyncssh

from activities.deviceinteraction.failures import Permanent
from activities.deviceinteraction.model import HostKeys, Target


@lru_cache(maxsize=8)
def _read(path: str, _mtime_ns: int, _size: int) -> asyncssh.SSHKnownHosts:
    return asyncssh.read_known_hosts(path)


@dataclass(frozen=True, slots=True)
class Trusted:
    """What a device may identify itself by.

    Attributes:
        known_hosts: For asyncssh's ``connect``: keys, authorities, revoked keys, and the same for X.509; ``None``
            accepts any key.
        kinds: The signature algorithms of its keys; empty where an authority, or anything at all, is trusted.
    """

    known_hosts: tuple[Sequence[Any], ...] | None = None
    kinds: tuple[str, ...] = ()


def load(host_keys: HostKeys, target: Target, peer: str) -> Trusted:
    """The keys to verify against.

    Args:
        host_keys: How keys are judged.
        target: The device.
        peer: The IP address that the connection leads to, as entries may name either.

    Raises:
        Permanent: No file is named, it cannot be read, or it holds no key for this device.
    """
    if host_keys.policy == "accept_any":
        return Trusted()
    where = entry_name(target)
    if host_keys.known_hosts is None:
        raise Permanent(
            f"{target.name}: host keys are verified, but no known-hosts file is named. "
            f"Name one that holds {where}, or accept any key explicitly in a lab."
        )
    path = host_keys.known_hosts
    try:
        stat = os.stat(path)  # noqa: PTH116  # of each login: pathlib costs as much as the reading that it saves
        known = _read(path, stat.st_mtime_ns, stat.st_size)
    except OSError as error:
        raise Permanent(f"{target.name}: the known-hosts file {path} cannot be read: {error.strerror}.") from error
    except (ValueError, asyncssh.Error) as error:
        raise Permanent(f"{target.name}: the known-hosts file {path} is not in OpenSSH's format: {error}.") from error
    found = known.match(target.address, peer, None if target.port == 22 else target.port)
    trusted, authorities, *_ = found
    if not trusted and not authorities:
        raise Permanent(
            f"{target.name}: {path} holds no host key for {where}, so the device cannot be told from an impostor. "
            f"Add its key after comparing the fingerprint out of band (ssh-keyscan -p {target.port} {target.address})."
        )
    kinds = () if authorities else (name.decode("ascii") for key in trusted for name in key.sig_algorithms)
    return Trusted(found, tuple(dict.fromkeys(kinds)))


def mismatch(host_keys: HostKeys, target: Target) -> Permanent:
    """The failure for a device that shows another key than the known one."""
    return Permanent(
        f"{target.name}: the device at {entry_name(target)} shows another host key than {host_keys.known_hosts} holds. "
        "Either it was replaced or someone is in between: compare the fingerprint out of band, then correct the file."
    )


def entry_name(target: Target) -> str:
    """How known_hosts names this device."""
    return target.address if target.port == 22 else f"[{target.address}]:{target.port}"
