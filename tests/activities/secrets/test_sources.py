"""Credentials from the environment, a file and a command; what is secret is in no message."""

import asyncio
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from activities.deviceinteraction.model import Credential
from activities.secrets.command import CommandSecret
from activities.secrets.environment import EnvironmentSecret
from activities.secrets.file import FileSecret
from activities.secrets.store import Access, NamedSecrets, SecretError


def _plain(credential: Credential) -> dict[str, str | None]:
    secrets = {name: getattr(credential, name) for name in ("password", "enable_secret", "private_key", "passphrase")}
    return {"username": credential.username, **{name: s and s.get_secret_value() for name, s in secrets.items() if s}}


def _python(code: str, time_limit: timedelta = timedelta(seconds=30)) -> CommandSecret:
    return CommandSecret([sys.executable, "-c", code], time_limit)


# ---------------------------------------------------------------------------------------------------- environment


async def test_the_environment_yields_all_fields(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("PRIVATE")
    environment = {
        "DEVICE_RW_USERNAME": "netsaga",
        "DEVICE_RW_PASSWORD": "hunter2",
        "DEVICE_RW_ENABLE_SECRET": "enable",
        "DEVICE_RW_PRIVATE_KEY_FILE": str(key),
        "DEVICE_RW_PASSPHRASE": "pass",
    }
    credential = await EnvironmentSecret("device_rw", environment).load()
    assert _plain(credential) == {
        "username": "netsaga",
        "password": "hunter2",
        "enable_secret": "enable",
        "private_key": "PRIVATE",
        "passphrase": "pass",
    }
    assert "hunter2" not in repr(credential)


async def test_a_certificate_comes_beside_its_key_and_is_no_secret() -> None:
    environment = {
        "R_USERNAME": "u",
        "R_PRIVATE_KEY": "PRIVATE",
        "R_CERTIFICATE": "ssh-ed25519-cert-v01@openssh.com AA",
    }
    credential = await EnvironmentSecret("R", environment).load()
    assert credential.certificate == environment["R_CERTIFICATE"]
    assert "ssh-ed25519-cert" in repr(credential)


async def test_a_rotated_secret_is_seen_without_a_restart() -> None:
    environment = {"R_USERNAME": "u", "R_PASSWORD": "old"}
    source = EnvironmentSecret("R", environment)
    await source.load()
    environment["R_PASSWORD"] = "new"
    assert _plain(await source.load())["password"] == "new"


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "R_USERNAME is not set"),
        ({"R_USERNAME": "u"}, "neither a `password` nor a `private_key`"),
        ({"R_USERNAME": "u", "R_PRIVATE_KEY_FILE": "/nowhere/key"}, "R_PRIVATE_KEY_FILE names /nowhere/key"),
    ],
)
async def test_what_is_missing_in_the_environment_is_said(environment: dict[str, str], said: str) -> None:
    with pytest.raises(SecretError, match=said):
        await EnvironmentSecret("r", environment).load()


# ----------------------------------------------------------------------------------------------------------- file


def _file(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "credentials.yaml"
    path.write_text(text)
    path.chmod(mode)
    return path


async def test_a_file_that_only_its_owner_reads_is_taken(tmp_path: Path) -> None:
    path = _file(tmp_path, "lab: {username: u, password: p, enable_secret: e}")
    assert _plain(await FileSecret(path, "lab").load()) == {"username": "u", "password": "p", "enable_secret": "e"}


async def test_a_file_is_read_again_when_it_has_changed_and_judged_again_when_its_mode_has(tmp_path: Path) -> None:
    path = _file(tmp_path, "lab: {username: u, password: first}")
    source = FileSecret(path, "lab")
    for text in ("first", "other"):  # of the same length
        path.write_text(f"lab: {{username: u, password: {text}}}")
        for _ in range(3):
            assert _plain(await source.load())["password"] == text
    path.chmod(0o644)
    with pytest.raises(SecretError, match="has mode 0644"):
        await source.load()


async def test_a_file_that_has_not_changed_for_a_while_is_not_read_for_each_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("activities.secrets.file.SETTLED_S", -1.0)
    path = _file(tmp_path, "lab: {username: u, password: p}")
    source = FileSecret(path, "lab")
    await source.load()
    reads: list[str] = []
    monkeypatch.setattr("activities.secrets.file.yaml.safe_load", reads.append)
    assert _plain(await source.load())["password"] == "p"
    assert not reads
    monkeypatch.undo()
    path.write_text("lab: {username: u, password: rotated}")
    assert _plain(await source.load())["password"] == "rotated"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602])
async def test_a_file_that_others_can_reach_is_refused_with_the_command_to_run(tmp_path: Path, mode: int) -> None:
    path = _file(tmp_path, "lab: {username: u, password: p}", mode)
    with pytest.raises(SecretError, match=rf"has mode {mode:04o}.*chmod 600 {path}"):
        await FileSecret(path, "lab").load()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lap: {username: u, password: hunter2}", "did you mean `lap`"),
        ("lab: {user: u, password: hunter2}", "`user` is not known; did you mean `username`"),
        ("lab: {username: u, password: 12345678}", "`password` is not text; put it in quotes"),
        ("lab: {username: u}", "neither a `password`"),
        ("lab: {password: hunter2}", "no `username`"),
        ("lab: hunter2", "expected a map of fields"),
        ("lab: {password: hunter2", "not valid YAML"),
        ("[hunter2]", "expected a map from names"),
    ],
)
async def test_a_mistake_in_the_file_is_said_without_its_content(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SecretError, match=said) as caught:
        await FileSecret(_file(tmp_path, text), "lab").load()
    assert "hunter2" not in str(caught.value)
    assert "12345678" not in str(caught.value)


async def test_an_agent_needs_no_secret_and_true_means_that_of_the_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "ssh-ed25519 AAAA lab"
    entries = f"own: {{username: u, agent: true, public_key: {key}}}\nnamed: {{username: u, agent: /run/a}}"
    path = _file(tmp_path, entries)
    monkeypatch.setenv("SSH_AUTH_SOCK", "/run/agent")
    own = await FileSecret(path, "own").load()
    assert (own.agent, own.public_key, own.password) == ("/run/agent", key, None)
    assert (await FileSecret(path, "named").load()).agent == "/run/a"
    assert (await EnvironmentSecret("R", {"R_USERNAME": "u", "R_AGENT": "true"}).load()).agent == "/run/agent"
    monkeypatch.delenv("SSH_AUTH_SOCK")
    with pytest.raises(SecretError, match="SSH_AUTH_SOCK is not set"):
        await FileSecret(path, "own").load()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ("agent: false", "neither a `password` nor a `private_key`, nor an `agent`"),
        ("agent: [a]", "`agent` is neither `true` nor the path"),
        ("password: p, public_key: ssh-ed25519 AAAA", "`public_key` chooses a key of an agent"),
    ],
)
async def test_an_agent_that_is_not_named_rightly_is_said(tmp_path: Path, fields: str, said: str) -> None:
    with pytest.raises(SecretError, match=said):
        await FileSecret(_file(tmp_path, f"lab: {{username: u, {fields}}}"), "lab").load()


async def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(SecretError, match="No such file"):
        await FileSecret(tmp_path / "gone.yaml", "lab").load()


# -------------------------------------------------------------------------------------------------------- command


@pytest.mark.parametrize(
    "output",
    ['{"username": "u", "password": "p"}', "username: u\npassword: p\n", "p\nusername: u\nurl: https://x\n"],
    ids=["json", "lines", "pass"],
)
async def test_a_program_may_answer_in_three_ways(output: str) -> None:
    assert _plain(await _python(f"print({output!r}, end='')").load()) == {"username": "u", "password": "p"}


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("print('hunter2'); raise SystemExit(3)", "ended with status 3"),
        ("print('{hunter2')", "begins like JSON"),
        ("print('hunter2')", "no `username`"),
        ("""print('{"username": "u", "pin": "hunter2"}')""", "`pin` is not known"),
        ("print('x' * 200_000)", "printed 200,001 bytes"),
    ],
)
async def test_a_program_that_fails_is_said_without_its_output(code: str, said: str) -> None:
    with pytest.raises(SecretError, match=said) as caught:
        await _python(code).load()
    assert "hunter2" not in str(caught.value)


async def test_a_program_that_waits_for_ever_is_ended(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    code = f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    with pytest.raises(SecretError, match=r"did not answer within 1\.5 s"):
        await _python(code, time_limit=timedelta(seconds=1.5)).load()
    assert not Path(f"/proc/{pid.read_text()}").exists()


async def test_a_program_that_is_not_there_is_said() -> None:
    with pytest.raises(SecretError, match="cannot be started: No such file"):
        await CommandSecret(["/nowhere/pass", "secret-argument"]).load()


async def test_no_shell_reads_the_command(tmp_path: Path) -> None:
    with pytest.raises(SecretError, match="no `username`"):
        await CommandSecret(["/bin/echo", "x", ";", "touch", str(tmp_path / "made")]).load()
    assert not (tmp_path / "made").exists()


async def test_many_who_ask_at_once_do_not_start_the_program_at_once(tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = f"f = open({str(log)!r}, 'a'); f.write('<'); f.flush(); f.write('>'); print('username: u\\npassword: p')"
    source = _python(code)
    began = time.monotonic()
    await asyncio.gather(*(source.load() for _ in range(4)))
    assert log.read_text() == "<>", f"after {time.monotonic() - began:.1f} s"
    await asyncio.gather(*(source.load() for _ in range(4)))
    assert log.read_text() == "<>" * 2, "what is asked later is asked anew"


# ---------------------------------------------------------------------------------------------------------- names


async def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    secrets = NamedSecrets({"device_rw": EnvironmentSecret("R", {"R_USERNAME": "u", "R_PASSWORD": "p"})})
    assert (await secrets.credential("device_rw")).username == "u"
    with pytest.raises(SecretError, match="did you mean `device_rw`"):
        await secrets.credential("device_wr")


# -------------------------------------------------------------------------------------- what systems are called with


def _shown(access: Access) -> tuple[str | None, str, str | None]:
    token, password = (
        secret.get_secret_value() if secret is not None else None for secret in (access.token, access.password)
    )
    return token, access.username, password


TOKEN = ("t0ken", "", None)
BASIC = (None, "u", "p")


async def test_a_system_is_called_with_a_token_or_with_a_name_and_a_password(tmp_path: Path) -> None:
    path = _file(tmp_path, "a: {token: t0ken}\nb: {username: u, password: p}\nc: {username: u, token: t0ken}\n")
    assert _shown(await FileSecret(path, "a").access()) == TOKEN
    assert _shown(await FileSecret(path, "b").access()) == BASIC
    assert _shown(await FileSecret(path, "c").access()) == TOKEN
    assert _shown(await EnvironmentSecret("r", {"R_TOKEN": "t0ken"}).access()) == TOKEN
    assert _shown(await EnvironmentSecret("r", {"R_USERNAME": "u", "R_PASSWORD": "p"}).access()) == BASIC
    assert _shown(await _python("print('token: t0ken')").access()) == TOKEN
    assert _shown(await _python("print('t0ken')").access()) == TOKEN
    assert _shown(await _python("print('p'); print('username: u')").access()) == BASIC
    secrets = NamedSecrets({"nautobot": EnvironmentSecret("r", {"R_TOKEN": "t0ken"})})
    assert _shown(await secrets.access("nautobot")) == TOKEN


async def test_a_token_is_shown_in_no_representation() -> None:
    assert "t0ken" not in repr(await EnvironmentSecret("r", {"R_TOKEN": "t0ken"}).access())


@pytest.mark.parametrize(
    ("environment", "said"),
    [({}, "R_TOKEN is not set"), ({"R_USERNAME": "u"}, "neither a `token` nor a `username` with its `password`")],
)
async def test_what_is_missing_to_call_a_system_is_said(environment: dict[str, str], said: str) -> None:
    with pytest.raises(SecretError, match=said):
        await EnvironmentSecret("r", environment).access()


async def test_an_entry_with_a_token_may_log_in_to_devices_too(tmp_path: Path) -> None:
    path = _file(tmp_path, "lab: {username: u, password: p, token: t0ken}")
    assert _plain(await FileSecret(path, "lab").load()) == {"username": "u", "password": "p"}
