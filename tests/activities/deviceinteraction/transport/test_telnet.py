"""Telnet: the same command lines in clear text, login prompts that are answered once, options that are declined."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import asyncssh
import pytest
from pydantic import SecretStr

from activities.deviceinteraction.failures import Permanent, Unreachable
from activities.deviceinteraction.model import Credential, HostName, PlatformName, Proxy
from activities.deviceinteraction.testbed import Fault
from activities.deviceinteraction.transcript import Transcript
from activities.deviceinteraction.transport.files import open_files
from activities.deviceinteraction.transport.protocol import LinkFailed
from activities.deviceinteraction.transport.telnet import Stream
from devicelab import HASTY, LIMITS, NAMES, NEW_VLAN, Lab, MemoryJournal, lab_of

WILL_ECHO, WILL_GO_ON, DO_GO_ON = b"\xff\xfb\x01", b"\xff\xfb\x03", b"\xff\xfd\x03"


@asynccontextmanager
async def telnet_lab(platform: PlatformName, state: Path, login_privilege: int = 15) -> AsyncIterator[Lab]:
    async with lab_of(platform, state, transport="telnet", login_privilege=login_privilege) as lab:
        yield replace(lab, target=replace(lab.target, transport="telnet"))


def events(lab: Lab, kind: str) -> int:
    return sum(entry.get("event") == kind for entry in lab.device.log())


# ------------------------------------------------------------------------------------------------------- sessions


@pytest.mark.parametrize("platform", ["cisco_iosxe", "cisco_nxos", "arista_eos", "juniper_junos", "cisco_iosxr"])
async def test_a_change_is_made_by_telnet_and_a_wrong_password_is_tried_once(
    platform: PlatformName, tmp_path: Path
) -> None:
    async with telnet_lab(platform, tmp_path) as lab:
        transcript = Transcript()
        async with lab.session(transcript=transcript) as session:
            change = await session.propose(NEW_VLAN[platform], NAMES)
            assert (await session.apply(change, NAMES, MemoryJournal(), save=True)).changed
        assert lab.has(120, "lab")
        assert "by Telnet: in clear text" in transcript.text()
        assert "netsaga-lab" not in transcript.text()
        with pytest.raises(Permanent, match=r"Telnet login as 'netsaga' was refused .* tried once") as failed:
            async with lab.with_password("wrong-password").session():
                pass
        assert "wrong-password" not in failed.value.message
        assert events(lab, "login_refused") == 1


async def test_a_device_that_needs_enable_is_enabled_by_telnet_too(tmp_path: Path) -> None:
    async with telnet_lab("cisco_iosxe", tmp_path, login_privilege=1) as lab, lab.session() as session:
        assert session.transport.prompt.endswith("#")


async def test_a_login_that_never_ends_or_is_cut_off_is_unreachable_and_says_by_what(tmp_path: Path) -> None:
    async with telnet_lab("arista_eos", tmp_path) as lab:
        lab.device.inject(Fault(kind="refuse_connection"))
        with pytest.raises(Unreachable, match="ended the Telnet login"):
            async with lab.session():
                pass
        lab.device.inject(Fault(kind="hang_login"))
        with pytest.raises(Unreachable, match=r"did not finish the Telnet login within 2 s"):
            async with lab.session(timeouts=HASTY):
                pass
        lab.device.inject(Fault(kind="refuse_connection", times=0))
        with pytest.raises(Unreachable, match="Is Telnet enabled there"):
            async with lab.session():
                pass


async def test_a_connection_that_dies_under_a_command_is_told_at_once(tmp_path: Path) -> None:
    async with telnet_lab("cisco_iosxe", tmp_path) as lab:
        for kind, said, limits in (("drop", "broke off", LIMITS), ("hang", "no answer in time", HASTY)):
            lab.device.inject(f"{kind}:show version")
            async with lab.session(timeouts=limits) as session:
                with pytest.raises(LinkFailed, match=said):
                    await session.show("show version")
                assert not session.transport.is_alive()


async def test_a_credential_without_a_password_says_that_keys_are_of_ssh(tmp_path: Path) -> None:
    async with telnet_lab("cisco_iosxe", tmp_path) as lab:
        credential = replace(lab.target.credential, password=None)
        with pytest.raises(Permanent, match="keys, certificates and agents are SSH's"):
            async with replace(lab, target=replace(lab.target, credential=credential)).session():
                pass
        assert events(lab, "login_refused") == 0


async def test_a_file_is_not_copied_where_there_is_no_ssh(tmp_path: Path) -> None:
    async with telnet_lab("arista_eos", tmp_path) as lab:
        with pytest.raises(Permanent, match=r"files are copied by SSH.*reached by telnet"):
            async with open_files(lab.target, lab.host_keys, LIMITS, Transcript()):
                pass
        assert lab.log() == []


@pytest.mark.parametrize("platform", ["linux", "netconf"])
async def test_what_has_no_prompt_is_not_reached_by_telnet(platform: PlatformName, tmp_path: Path) -> None:
    async with telnet_lab("cisco_iosxe", tmp_path) as lab:
        with pytest.raises(Permanent, match="Telnet is for command lines"):
            async with replace(lab, target=replace(lab.target, platform=platform)).session():
                pass


class _Forwards(asyncssh.SSHServer):
    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("jumper", "jump-password")

    def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> bool:
        return True


async def test_a_jump_host_carries_telnet_inside_ssh(tmp_path: Path) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    async with telnet_lab("arista_eos", tmp_path) as lab:
        server = await asyncssh.listen("127.0.0.1", 0, server_factory=_Forwards, server_host_keys=[key])
        async with server:
            known = Path(str(lab.host_keys.known_hosts))
            known.write_text(f"[127.0.0.1]:{server.get_port()} {key.export_public_key().decode()}")
            credential = Credential("jumper", SecretStr("jump-password"))
            proxy = Proxy(HostName("jump-1"), "127.0.0.1", credential, server.get_port())
            there = replace(lab, target=replace(lab.target, proxy=proxy))
            async with there.session() as session:
                assert "Arista" in await session.show("show version")
            lab.device.inject(Fault(kind="refuse_connection", times=0))
            with pytest.raises(Unreachable, match="jump host jump-1 could not connect"):
                async with there.session():
                    pass


# -------------------------------------------------------------------------------------------------------- options


@dataclass
class Pieces:
    """The two ends of a connection: what arrives, piece by piece, and what was sent."""

    arrive: list[bytes]
    sent: list[bytes] = field(default_factory=list)

    async def read(self, n: int = -1, /) -> bytes:
        await asyncio.sleep(0)
        return self.arrive.pop(0) if self.arrive else b""

    def at_eof(self) -> bool:
        return not self.arrive

    def write(self, data: bytes, /) -> None:
        self.sent.append(data)

    def close(self) -> None:
        self.arrive.clear()


async def text_of(*pieces: bytes) -> tuple[bytes, list[bytes]]:
    both = Pieces([*pieces])
    stream, text = Stream(both, both), b""
    try:
        while True:
            text += await stream.read()
    except EOFError:
        return text, both.sent


async def test_echo_is_agreed_to_once_and_what_is_not_known_is_declined() -> None:
    offers = WILL_ECHO + WILL_GO_ON + DO_GO_ON + b"\xff\xfd\x18" + b"\xff\xfd\x1f" + b"\xff\xfb\x05"
    text, sent = await text_of(offers + b"login: ", WILL_ECHO + DO_GO_ON)
    assert text == b"login: "
    assert b"".join(sent) == b"\xff\xfd\x01\xff\xfd\x03\xff\xfb\x03" + b"\xff\xfc\x18\xff\xfc\x1f\xff\xfe\x05"


async def test_options_that_are_taken_back_are_answered_where_they_were_agreed() -> None:
    _, sent = await text_of(WILL_ECHO + b"\xff\xfc\x01", b"\xff\xfc\x01\xff\xfe\x03")
    assert b"".join(sent) == b"\xff\xfd\x01\xff\xfe\x01"


async def test_a_command_that_comes_in_pieces_is_no_text() -> None:
    text, sent = await text_of(b"a\xff", b"\xfb", b"\x01b\xff\xfa\x18", b"\x01\xff", b"\xf0c\xff\xf1d\x00")
    assert text == b"abcd"
    assert b"".join(sent) == b"\xff\xfd\x01"


async def test_a_byte_that_is_doubled_is_text_and_no_command() -> None:
    text, _ = await text_of(b"caf\xff\xff")
    assert text.decode() == "caf\N{REPLACEMENT CHARACTER}"


async def test_a_line_feed_is_sent_as_the_return_key() -> None:
    both = Pieces([])
    Stream(both, both).write(b"show version\n")
    assert both.sent == [b"show version\r\0"]


async def test_a_closed_connection_ends_reading_instead_of_repeating_nothing() -> None:
    both = Pieces([b"bye"])
    stream = Stream(both, both)
    assert await stream.read() == b"bye"
    with pytest.raises(EOFError):
        await stream.read()
