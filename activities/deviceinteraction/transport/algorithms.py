"""Which SSH algorithms are agreed to: what OpenSSH's client offers by itself, and on request what old devices need.

SHA-1 in key exchanges and signatures, CBC ciphers and MD5 are gone from OpenSSH's defaults (release notes of 6.7, 7.0,
8.2 and 8.8). A device that has nothing else is named by its inventory (``data.ssh_algorithms: legacy``): one old switch
must not weaken the logins to all others.
"""

from collections.abc import Sequence
from typing import Any, Final

from asyncssh.encryption import get_default_encryption_algs, get_encryption_algs
from asyncssh.kex import get_default_kex_algs, get_kex_algs
from asyncssh.mac import get_default_mac_algs, get_mac_algs
from asyncssh.public_key import get_public_key_algs

from activities.deviceinteraction.model import Algorithms

# The cheapest first, since a handshake costs more CPU than all that follows it.
_FAST_KEX: Final = ("curve25519-sha256", "curve25519-sha256@libssh.org")
_FAST_CIPHERS: Final = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com")
_OLD_KEX: Final = (
    "diffie-hellman-group-exchange-sha1",
    "diffie-hellman-group14-sha1",
    "diffie-hellman-group1-sha1",
)
_OLD_CIPHERS: Final = ("aes256-cbc", "aes192-cbc", "aes128-cbc", "3des-cbc")
_OLD_MACS: Final = ("hmac-sha1-96", "hmac-md5", "hmac-md5-96")


def algorithms(kind: Algorithms, kinds: Sequence[str] = ()) -> dict[str, Any]:
    """What asyncssh's ``connect`` takes for these algorithms.

    Args:
        kind: Which of them a device gets.
        kinds: The signature algorithms of the keys that the known-hosts file holds for it. asyncssh limits itself to
            them in any case; names cost it less than a pattern, which it tries on all that it knows.
    """
    if kind == "legacy":
        return _LEGACY
    known = [name for name in kinds if name not in _OLD_SIGNATURES]
    return {**_MODERN, "server_host_key_algs": known} if known else _MODERN


def _decoded(names: Sequence[bytes]) -> list[str]:
    return [name.decode("ascii") for name in names]


def _names(first: tuple[str, ...], among: list[bytes], last: tuple[str, ...], possible: list[bytes]) -> list[str]:
    wanted = dict.fromkeys((*first, *(name for name in _decoded(among) if not name.endswith("sha1")), *last))
    return [name for name in wanted if name.encode("ascii") in possible]


def _options(kex: tuple[str, ...], ciphers: tuple[str, ...], macs: tuple[str, ...]) -> dict[str, Any]:
    return {
        "kex_algs": _names(_FAST_KEX, get_default_kex_algs(), kex, get_kex_algs()),
        "encryption_algs": _names(_FAST_CIPHERS, get_default_encryption_algs(), ciphers, get_encryption_algs()),
        "mac_algs": _decoded(get_default_mac_algs())
        + [name for name in macs if name.encode("ascii") in get_mac_algs()],
    }


_OLD_SIGNATURES: Final = ("ssh-rsa", "ssh-dss")
_MODERN: Final = {
    **_options((), (), ()),
    "server_host_key_algs": f"-{','.join(_OLD_SIGNATURES)}",
    "signature_algs": [name for name in _decoded(get_public_key_algs()) if name not in _OLD_SIGNATURES],
}
_LEGACY: Final = _options(_OLD_KEX, _OLD_CIPHERS, _OLD_MACS)
