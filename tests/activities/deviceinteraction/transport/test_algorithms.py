"""What an old device offers is refused by default and accepted where its inventory says so; new ones lose nothing.

What a cipher needs is sent with it: padding in CBC mode, and in no other.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncssh
import pytest
from asyncssh.constants import MSG_IGNORE
from asyncssh.packet import SSHPacket
from pydantic import SecretStr

from activities.deviceinteraction.failures import Permanent
from activities.deviceinteraction.model import Algorithms, Credential, HostKeys, HostName, Target
from activities.deviceinteraction.transport.login import closed, connect
from devicelab import LIMITS, Lab

pytestmark = pytest.mark.filterwarnings("ignore:Diffie-Hellman")  # of what is tried here, cryptography warns rightly

PASSWORD = "old-password"
OLD = {
    "kex_algs": "diffie-hellman-group14-sha1,diffie-hellman-group1-sha1",
    "encryption_algs": "aes128-cbc,3des-cbc",
    "mac_algs": "hmac-sha1,hmac-md5",
}


class _Old(asyncssh.SSHServer):
    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return password == PASSWORD


@asynccontextmanager
async def device(folder: Path, **offers: str) -> AsyncIterator[tuple[Target, HostKeys]]:
    key = asyncssh.generate_private_key("ssh-ed25519")
    async with await asyncssh.listen("127.0.0.1", 0, server_factory=_Old, server_host_keys=[key], **offers) as server:
        known = folder / "known_hosts"
        known.write_text(f"[127.0.0.1]:{server.get_port()} {key.export_public_key().decode()}")
        credential = Credential("netsaga", SecretStr(PASSWORD))
        target = Target(HostName("old-1"), "127.0.0.1", "cisco_iosxe", credential, server.get_port())
        yield target, HostKeys("verify", str(known))


async def agreed(target: Target, host_keys: HostKeys, kind: Algorithms) -> tuple[str, str]:
    """The cipher and the MAC of a login."""
    made = Target(target.name, target.address, target.platform, target.credential, target.port, algorithms=kind)
    connection = await connect(made, host_keys, LIMITS)
    try:
        return connection.get_extra_info("send_cipher"), connection.get_extra_info("send_mac")
    finally:
        await closed(connection)


async def test_a_device_with_old_algorithms_alone_is_refused_and_the_setting_is_named(tmp_path: Path) -> None:
    async with device(tmp_path, **OLD) as (target, host_keys):
        with pytest.raises(Permanent, match=r"offers no SSH algorithm.*`data\.ssh_algorithms: legacy`"):
            await agreed(target, host_keys, "modern")
        assert await agreed(target, host_keys, "legacy") == ("aes128-cbc", "hmac-sha1")


@pytest.mark.parametrize("one", OLD)
async def test_each_kind_of_old_algorithm_alone_is_reason_enough(one: str, tmp_path: Path) -> None:
    offers = {one: {"mac_algs": "hmac-md5", "encryption_algs": "aes256-cbc"}.get(one, OLD[one])}
    if one == "mac_algs":
        offers["encryption_algs"] = "aes128-ctr"  # the ciphers of GCM bring their own
    async with device(tmp_path, **offers) as (target, host_keys):
        with pytest.raises(Permanent, match="offers no SSH algorithm"):
            await agreed(target, host_keys, "modern")


async def test_a_new_device_gets_the_best_also_where_old_ones_are_accepted(tmp_path: Path) -> None:
    async with device(tmp_path) as (target, host_keys):
        best = await agreed(target, host_keys, "modern")
        assert best[0] == "aes128-gcm@openssh.com"
        assert await agreed(target, host_keys, "legacy") == best


@pytest.fixture
def received(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The types of all packets that SSH servers of this process get."""
    types: list[int] = []
    process = asyncssh.SSHServerConnection.process_packet

    def noted(self: asyncssh.SSHServerConnection, pkttype: int, pktid: int, packet: SSHPacket) -> object:
        types.append(pkttype)
        return process(self, pkttype, pktid, packet)

    monkeypatch.setattr(asyncssh.SSHServerConnection, "process_packet", noted)
    return types


async def test_a_session_sends_no_padding(lab: Lab, received: list[int]) -> None:
    async with lab.session() as session:
        assert await session.show("show version")
    assert received
    assert MSG_IGNORE not in received


async def test_padding_is_sent_with_a_cipher_in_cbc_mode_alone(tmp_path: Path, received: list[int]) -> None:
    async with device(tmp_path) as (target, host_keys):
        assert (await agreed(target, host_keys, "legacy"))[0] == "aes128-gcm@openssh.com"
    assert received
    assert MSG_IGNORE not in received
    async with device(tmp_path, **OLD) as (target, host_keys):
        assert (await agreed(target, host_keys, "legacy"))[0] == "aes128-cbc"
    assert MSG_IGNORE in received
