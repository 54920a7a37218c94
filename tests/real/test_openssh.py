"""OpenSSH for real, by both transports: host keys, keys, certificates, jump hosts, full servers and silent ones."""

import asyncio
import socket
import subprocess
import time
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from activities.deviceinteraction.failures import Permanent, Transient, Unreachable
from activities.deviceinteraction.model import Credential, HostKeys, Proxy, Target, Timeouts
from activities.deviceinteraction.session import open_session
from devicelab import LIMITS
from real_machines import PASSWORD, Machine
from relay import relay_to

# For a server that says nothing any more: a login is given up after one second, and a command after as many as nobody
# needs who opens a session on a busy machine.
HASTY = Timeouts(connect=timedelta(seconds=1))
ONE_ANSWER = replace(LIMITS, command=timedelta(seconds=3))


@dataclass
class Login:
    """A machine, and who logs in by which transport: a prompt of vtysh, or commands of a shell."""

    machine: Machine
    platform: str
    user: str

    def target(self, port: int = 0, proxy: Proxy | None = None) -> Target:
        return self.machine.target(self.platform, self.user, port=port, proxy=proxy)

    def having(self, credential: Credential, port: int = 0) -> Target:
        return replace(self.target(port), credential=credential)

    def known(self, *ports: int) -> HostKeys:
        return self.machine.known_hosts(ports=ports)


@pytest.fixture(params=[("frr", "ops"), ("openvswitch", "root")], ids=["prompt", "commands"])
def login(request: pytest.FixtureRequest, row: list[Machine]) -> Login:
    return Login(row[0], *request.param)


async def prompt(target: Target, known: HostKeys, timeouts: Timeouts = LIMITS) -> str:
    """Who it was that answered."""
    async with open_session(target, host_keys=known, timeouts=timeouts) as session:
        return session.transport.prompt


def generated(folder: Path, name: str) -> Path:
    key = folder / name
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(key)], check=True)
    return key


def signed(authority: Path, key: Path, user: str, lasts: str = "+1h") -> str:
    """The certificate that an authority gives a user's key."""
    command = ["ssh-keygen", "-q", "-s", str(authority), "-I", "lab", "-n", user, "-V", lasts, f"{key}.pub"]
    subprocess.run(command, check=True)
    return key.with_name(f"{key.name}-cert.pub").read_text()


def keyed(login: Login, key: Path, certificate: str | None = None) -> Credential:
    return Credential(login.user, private_key=SecretStr(key.read_text()), certificate=certificate)


async def test_a_password_logs_in_and_a_wrong_one_is_tried_once(login: Login) -> None:
    assert "r1" in await prompt(login.target(), login.known())
    port = login.machine.another_sshd()
    with pytest.raises(Permanent, match="tried once"):
        await prompt(login.having(Credential(login.user, SecretStr("wrong-password")), port), login.known(port))
    assert login.machine.sshd_log(port).count("Failed password") == 1


async def test_a_changed_host_key_is_refused_before_any_password_is_sent(login: Login, tmp_path: Path) -> None:
    other = generated(tmp_path, "other").with_suffix(".pub").read_text()
    known = tmp_path / "known"
    known.write_text(f"[127.0.0.1]:{login.machine.port} {other}")
    accepted = login.machine.sshd_log().count("Accepted")
    with pytest.raises(Permanent, match="shows another host key"):
        await prompt(login.target(), HostKeys("verify", str(known)))
    assert login.machine.sshd_log().count("Accepted") == accepted


async def test_a_key_logs_in_and_one_that_is_not_known_is_refused(login: Login, tmp_path: Path) -> None:
    key, unknown = generated(tmp_path, "key"), generated(tmp_path, "unknown")
    login.machine.write("/etc/ssh/authorized_keys", key.with_suffix(".pub").read_text(), mode="0644")
    port = login.machine.another_sshd("PasswordAuthentication no")
    assert "r1" in await prompt(login.having(keyed(login, key), port), login.known(port))
    with pytest.raises(Permanent, match="was refused"):
        await prompt(login.having(keyed(login, unknown), port), login.known(port))


async def test_a_certificate_logs_in_for_as_long_as_it_lasts(login: Login, tmp_path: Path) -> None:
    authority, key = generated(tmp_path, "authority"), generated(tmp_path, "key")
    public = f"/etc/ssh/authority-{login.user}.pub"
    login.machine.write(public, authority.with_suffix(".pub").read_text(), mode="0644")
    port = login.machine.another_sshd(
        f"TrustedUserCAKeys {public}", "PasswordAuthentication no", "AuthorizedKeysFile none"
    )
    valid = keyed(login, key, signed(authority, key, login.user))
    assert "r1" in await prompt(login.having(valid, port), login.known(port))
    expired = keyed(login, key, signed(authority, key, login.user, "-2h:-1h"))
    with pytest.raises(Permanent, match="was refused"):
        await prompt(login.having(expired, port), login.known(port))
    with pytest.raises(Permanent, match="for another key"):
        await prompt(
            login.having(keyed(login, generated(tmp_path, "third"), valid.certificate), port), login.known(port)
        )


async def test_a_jump_host_carries_the_session_and_its_own_refusals_are_told_apart(
    login: Login, row: list[Machine]
) -> None:
    jump = row[1]
    known = login.machine.known_hosts(jump)
    proxy = Proxy(jump.target("linux").name, jump.address, Credential("root", SecretStr(PASSWORD)), jump.port)
    assert "r1" in await prompt(login.target(proxy=proxy), known)
    assert "Accepted password for root" in jump.sshd_log()
    wrong = replace(proxy, credential=Credential("root", SecretStr("wrong-password")))
    with pytest.raises(Permanent, match=r"^r2: the login as 'root' was refused"):
        await prompt(login.target(proxy=wrong), known)
    port = jump.another_sshd("AllowTcpForwarding no")
    path = Path(str(known.known_hosts))
    path.write_text(f"{path.read_text()}[127.0.0.1]:{port} {jump.host_key}\n")
    with pytest.raises(Unreachable, match="the jump host r2 could not connect"):
        await prompt(login.target(proxy=replace(proxy, port=port)), known)


async def test_a_server_that_opens_no_session_is_unreachable_and_says_why(login: Login) -> None:
    port = login.machine.another_sshd("MaxSessions 0")
    with pytest.raises(Unreachable):
        await prompt(login.target(port), login.known(port))


async def test_one_session_at_a_time_is_enough(login: Login) -> None:
    port = login.machine.another_sshd("MaxSessions 1")
    async with open_session(login.target(port), host_keys=login.known(port), timeouts=LIMITS) as session:
        for _ in range(3):
            assert session.platform.name == login.platform
            await session.transport.send("show version")


async def test_a_server_that_stops_answering_is_given_up_in_time(login: Login) -> None:
    async with relay_to(login.target()) as relay:
        there, known = relay.before(login.target()), login.known(relay.port)
        async with open_session(there, host_keys=known, timeouts=ONE_ANSWER) as session:
            relay.silent = True
            began = time.monotonic()
            with pytest.raises(Transient, match="in time"):
                await session.transport.send("show version")
            assert not session.transport.is_alive()
        assert time.monotonic() - began < 30
        with pytest.raises(Unreachable, match="did not finish the SSH login within 1 s"):
            await prompt(there, known, HASTY)


async def test_a_server_that_is_stopped_is_given_up_in_time_and_answers_again_once_it_goes_on(login: Login) -> None:
    port = login.machine.another_sshd()
    there, known = login.target(port), login.known(port)
    server = login.machine.sh(f"pgrep -f '[s]shd_config-{port}'").strip()  # which is not this very command
    processes = f"echo {server}; for it in $(pgrep -P {server}); do echo $it; pgrep -P $it; done"
    async with open_session(there, host_keys=known, timeouts=ONE_ANSWER) as session:
        login.machine.sh(f"kill -STOP $({processes})")
        try:
            with pytest.raises(Transient, match="in time"):
                await session.transport.send("show version")
            assert not session.transport.is_alive()
            with pytest.raises(Unreachable, match="did not finish the SSH login within 1 s"):
                await prompt(there, known, HASTY)  # the kernel still takes the connection
        finally:
            login.machine.sh(f"kill -CONT $({processes})")
    assert "r1" in await prompt(there, known)


async def test_a_server_with_too_many_logins_under_way_is_unreachable(login: Login) -> None:
    port = login.machine.another_sshd("MaxStartups 1:100:1")
    lingering = socket.create_connection((login.machine.address, port))
    async with asyncio.timeout(10):
        while lingering.recv(4) != b"SSH-":  # the one that looked whether the server is up is still counted
            lingering.close()
            await asyncio.sleep(0.05)
            lingering = socket.create_connection((login.machine.address, port))
    with lingering, pytest.raises(Unreachable, match="ended the SSH login"):
        await prompt(login.target(port), login.known(port))


async def test_a_port_where_nobody_listens_is_unreachable(login: Login) -> None:
    async with relay_to(login.target()) as relay:
        there = relay.before(login.target())
    with pytest.raises(Unreachable, match="refused"):
        await prompt(there, login.known(there.port))
