"""Logging in: what is refused, what is unreachable, and that a refusal is met only once."""

import asyncio
import tempfile
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest
from pydantic import SecretStr

from activities.deviceinteraction.failures import Permanent, Unreachable
from activities.deviceinteraction.model import HostKeys
from activities.deviceinteraction.testbed import Fault
from devicelab import HASTY, Lab, lab_of


def logins_refused(lab: Lab) -> int:
    return sum(entry.get("event") == "login_refused" for entry in lab.device.log())


async def test_a_wrong_password_is_permanent_and_tried_once(lab: Lab) -> None:
    with pytest.raises(Permanent, match="tried once") as failed:
        async with lab.with_password("wrong-password").session():
            pass
    assert "wrong-password" not in failed.value.message
    assert logins_refused(lab) == 1


async def test_a_device_that_needs_enable_is_enabled(tmp_path: Path) -> None:
    async with lab_of("cisco_iosxe", tmp_path, login_privilege=1) as lab, lab.session() as session:
        assert session.transport.prompt.endswith("#")


async def test_a_wrong_enable_secret_is_permanent(tmp_path: Path) -> None:
    async with lab_of("cisco_iosxe", tmp_path, login_privilege=1) as lab:
        credential = replace(lab.target.credential, enable_secret=SecretStr("wrong-secret"))
        with pytest.raises(Permanent, match="enable was refused"):
            async with replace(lab, target=replace(lab.target, credential=credential)).session():
                pass


async def test_a_missing_enable_secret_says_what_to_add(tmp_path: Path) -> None:
    async with lab_of("cisco_iosxe", tmp_path, login_privilege=1) as lab:
        credential = replace(lab.target.credential, enable_secret=None)
        with pytest.raises(Permanent, match="enable secret"):
            async with replace(lab, target=replace(lab.target, credential=credential)).session():
                pass


async def test_an_unknown_host_key_is_permanent_and_says_what_to_do(lab: Lab, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    with pytest.raises(Permanent, match="ssh-keyscan"):
        async with replace(lab, host_keys=HostKeys("verify", str(empty))).session():
            pass
    assert not lab.log(), "the device was spoken to before its key was known"


async def test_the_authorities_of_whoever_runs_the_worker_are_not_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / ".ssh" / "ca-bundle.crt"
    bundle.parent.mkdir()
    bundle.write_text("-----BEGIN CERTIFICATE-----\nthis one would end the login\n-----END CERTIFICATE-----\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    async with lab_of("arista_eos", tmp_path / "lab") as lab, lab.session() as session:
        assert await session.show("show version")


async def test_a_changed_host_key_is_permanent_and_no_password_is_sent(lab: Lab, tmp_path: Path) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    known = tmp_path / "other"
    known.write_text(f"[{lab.device.address}]:{lab.device.port} {other}")
    with pytest.raises(Permanent, match="another host key"):
        async with replace(lab, host_keys=HostKeys("verify", str(known))).session():
            pass
    assert logins_refused(lab) == 0


async def test_any_host_key_is_accepted_only_where_that_is_said(lab: Lab) -> None:
    async with replace(lab, host_keys=HostKeys("accept_any")).session() as session:
        assert session.transport.is_alive()
    with pytest.raises(Permanent, match="no known-hosts file"):
        async with replace(lab, host_keys=HostKeys()).session():
            pass


async def test_a_closed_port_is_unreachable(lab: Lab) -> None:
    lab.device.inject(Fault(kind="refuse_connection", times=0))
    with pytest.raises(Unreachable):
        async with lab.session():
            pass


async def test_a_reset_connection_is_unreachable(lab: Lab) -> None:
    lab.device.inject(Fault(kind="refuse_connection"))
    with pytest.raises(Unreachable):
        async with lab.session():
            pass


async def test_a_login_that_never_ends_is_unreachable(tmp_path: Path) -> None:
    async with lab_of("arista_eos", tmp_path) as lab:
        lab.device.inject(Fault(kind="hang_login"))
        with pytest.raises(Unreachable, match="did not finish"):
            async with lab.session(timeouts=HASTY):
                pass


async def test_a_name_that_does_not_resolve_is_unreachable(lab: Lab) -> None:
    with pytest.raises(Unreachable):
        async with replace(lab, target=replace(lab.target, address="nowhere.invalid")).session():
            pass


async def test_an_unknown_platform_names_those_that_are_known(lab: Lab) -> None:
    with pytest.raises(Permanent, match="cisco_iosxe, cisco_nxos"):
        async with replace(lab, target=replace(lab.target, platform="cisco_ios_xf")).session():
            pass


async def test_a_session_leaves_nothing_open(lab: Lab) -> None:
    async with lab.session() as session:
        assert session.transport.is_alive()
    assert not session.transport.is_alive()


async def test_the_agent_of_whoever_runs_the_worker_is_not_asked(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def agent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append("asked")
        writer.close()

    with tempfile.TemporaryDirectory() as folder:  # a socket's path is short
        monkeypatch.setenv("SSH_AUTH_SOCK", f"{folder}/agent")
        async with await asyncio.start_unix_server(agent, f"{folder}/agent"):
            key = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
            credential = replace(lab.target.credential, private_key=SecretStr(key), password=None)
            with pytest.raises(Permanent, match="tried once"):
                async with replace(lab, target=replace(lab.target, credential=credential)).session():
                    pass
    assert asked == []
