"""Through a jump host: two real SSH servers, both of whose keys are verified, and blame that falls on the right one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import asyncssh
import pytest
from pydantic import SecretStr

from activities.deviceinteraction.failures import Permanent, Unreachable
from activities.deviceinteraction.model import Credential, HostKeys, HostName, Proxy
from activities.deviceinteraction.testbed import Fault
from activities.deviceinteraction.transcript import Transcript
from devicelab import Lab, lab_of

USER, PASSWORD = "jumper", "jump-password"


class JumpHost(asyncssh.SSHServer):
    """Lets one user in, and forwards where it is told to."""

    def __init__(self, log: list[str], forwards: bool) -> None:
        self._log = log
        self._forwards = forwards

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        self._log.append(f"password of {username}")
        return (username, password) == (USER, PASSWORD)

    def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> bool:
        self._log.append(f"{dest_host}:{dest_port}")
        return self._forwards


@dataclass
class Jump:
    """A jump host that listens, and a device behind it."""

    lab: Lab
    port: int
    log: list[str]
    key: str

    def known(self, folder: Path, jump: str = "", device: str = "") -> HostKeys:
        """Host keys of both; another one where it is given."""
        of_device = Path(str(self.lab.host_keys.known_hosts)).read_text().split(maxsplit=1)[1].splitlines()[0]
        file = folder / "known_hosts"
        address, port = self.lab.device.address, self.lab.device.port
        file.write_text(f"[127.0.0.1]:{self.port} {jump or self.key}\n[{address}]:{port} {device or of_device}\n")
        return HostKeys("verify", str(file))

    def through(self, host_keys: HostKeys, password: str = PASSWORD) -> Lab:
        proxy = Proxy(HostName("jump-1"), "127.0.0.1", Credential(USER, SecretStr(password)), self.port)
        return replace(self.lab, target=replace(self.lab.target, proxy=proxy), host_keys=host_keys)


@asynccontextmanager
async def jump_host(folder: Path, *, forwards: bool = True) -> AsyncIterator[Jump]:
    log: list[str] = []
    key = asyncssh.generate_private_key("ssh-ed25519")
    async with lab_of("arista_eos", folder) as lab:
        server = await asyncssh.listen(
            "127.0.0.1", 0, server_factory=lambda: JumpHost(log, forwards), server_host_keys=[key]
        )
        async with server:
            yield Jump(lab, server.get_port(), log, key.export_public_key().decode().strip())


def another_key() -> str:
    return asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()


async def test_a_device_is_reached_through_a_jump_host(tmp_path: Path) -> None:
    async with jump_host(tmp_path) as jump:
        transcript = Transcript()
        async with jump.through(jump.known(tmp_path)).session(transcript=transcript) as session:
            assert (await session.snapshot(["vlans"])).vlans
        assert jump.log == [f"password of {USER}", f"{jump.lab.device.address}:{jump.lab.device.port}"]
        assert PASSWORD not in transcript.text()


async def test_another_key_of_the_jump_host_ends_it_before_a_password_is_sent(tmp_path: Path) -> None:
    async with jump_host(tmp_path) as jump:
        with pytest.raises(Permanent, match=r"jump-1: .* another host key"):
            async with jump.through(jump.known(tmp_path, jump=another_key())).session():
                pass
        assert jump.log == []
        assert jump.lab.device.log() == []


async def test_another_key_of_the_device_behind_it_ends_it_too(tmp_path: Path) -> None:
    async with jump_host(tmp_path) as jump:
        with pytest.raises(Permanent, match=r"acc-001: .* another host key"):
            async with jump.through(jump.known(tmp_path, device=another_key())).session():
                pass
        assert not any(entry.get("event") in ("login", "login_refused") for entry in jump.lab.device.log())


async def test_a_wrong_password_of_the_jump_host_is_its_own_and_tried_once(tmp_path: Path) -> None:
    async with jump_host(tmp_path) as jump:
        with pytest.raises(Permanent, match=r"jump-1: the login as 'jumper' was refused") as failed:
            async with jump.through(jump.known(tmp_path), password="wrong-password").session():
                pass
        assert "wrong-password" not in failed.value.message
        assert jump.log == [f"password of {USER}"]


async def test_a_jump_host_that_may_not_forward_says_so(tmp_path: Path) -> None:
    async with jump_host(tmp_path, forwards=False) as jump:
        with pytest.raises(Unreachable, match="AllowTcpForwarding"):
            async with jump.through(jump.known(tmp_path)).session():
                pass


async def test_a_device_that_is_away_is_unreachable_behind_it(tmp_path: Path) -> None:
    async with jump_host(tmp_path) as jump:
        jump.lab.device.inject(Fault(kind="refuse_connection", times=0))
        with pytest.raises(Unreachable, match="jump host jump-1 could not connect"):
            async with jump.through(jump.known(tmp_path)).session():
                pass
