"""How a playbook is started, what is kept private, and what is done where one was cut off.

A program of ours stands where `ansible-playbook` would: what it is given is what matters here. `test_real.py` has the
real one.
"""

import asyncio
import json
import os
import stat
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from temporalio.activity import ActivityCancellationDetails

from activities.ansible.private import MEMORY, PREFIX, private_folder
from activities.deviceinteraction.model import Credential
from activities.secrets.store import Access
from activity_bench import until
from engines import alive, artifacts_in
from playbooks import Stage
from workflows.contracts import Device, ScriptResult
from workflows.plan import HostName

REPORT = {
    "hosts": {
        "sw1": {"ok": 1, "changed": 1, "unreachable": 0, "failed": 0, "skipped": 0, "rescued": 0, "ignored": 0,
                "set_stats": {}}
    },
    "set_stats": {}, "said": {},
}  # fmt: skip
WRITE = f"""
import json, os, sys
report = {REPORT!r}
def tell(**seen):
    report["set_stats"] = seen
    open(os.environ["NETSAGA_ANSIBLE_REPORT"], "w").write(json.dumps(report))
"""
LOOK = (
    WRITE
    + """
import stat
option = lambda name: next(word.partition("=")[2] for word in sys.argv if word.startswith(name + "="))
files = [option("--extra-vars")[1:], option("--inventory")]
folder = os.path.dirname(files[0])
mode = lambda path: oct(stat.S_IMODE(os.stat(path).st_mode))
tell(argv=sys.argv[1:], environment=dict(os.environ), folder=folder, cwd=os.getcwd(), stdin=sys.stdin.read(),
     modes=[mode(folder), *(mode(path) for path in files)], texts=[open(path).read() for path in files])
"""
)
PLAIN = WRITE + "tell()\n"


class Fixed:
    """A credential."""

    def __init__(self, credential: Credential) -> None:
        self.credential = credential

    async def load(self) -> Credential:
        return self.credential

    async def access(self) -> Access:
        raise AssertionError("no system is called")


def lab(**more: Any) -> Fixed:
    return Fixed(Credential(username="ops", password=SecretStr("device-password"), **more))


def seen(found: ScriptResult) -> Mapping[str, Any]:
    assert isinstance(found.result, Mapping)
    told = found.result["set_stats"]
    assert isinstance(told, Mapping)
    return told


def left_over() -> list[Path]:
    return [path for path in MEMORY.glob(f"{PREFIX}*") if path.stat().st_uid == os.getuid()]


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    (tmp_path / "hosts").write_text("sw1\n")
    return Stage(tmp_path, {"lab": lab(), "key": lab(private_key=SecretStr("-----BEGIN KEY-----\nabc"))})


async def test_what_a_definition_gives_is_in_a_private_file_and_on_no_command_line(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAULT_ADDR", "https://vault.example")
    monkeypatch.setenv("UNRELATED_SECRET", "hunter2")
    monkeypatch.setenv("ANSIBLE_CALLBACK_PLUGINS", "/srv/callbacks")
    environment = ("VAULT_ADDR", "ANSIBLE_CALLBACK_PLUGINS")
    stage.program(LOOK, arguments=("--diff",), environment=environment)
    told = seen(await stage.run({"site": "HQ {{ 7 }}", "limit": "access:&hq"}))
    assert told["argv"][0] == "--diff"
    assert told["argv"][-2:] == ["--limit=access:&hq", str(stage.folder / "site.yml")]
    assert not any("HQ" in word for word in told["argv"])
    assert told["texts"] == ['site: !unsafe "HQ {{ 7 }}"\n', "sw1\n"]
    assert told["modes"][:2] == ["0o700", "0o600"]
    assert (told["cwd"], told["stdin"]) == (str(stage.folder), "")
    assert "UNRELATED_SECRET" not in told["environment"]
    assert told["environment"]["ANSIBLE_CALLBACK_PLUGINS"].endswith("/activities/ansible/callback:/srv/callbacks")
    assert not Path(told["folder"]).exists()


async def test_the_runs_devices_are_a_private_inventory_with_what_logs_in_to_them(stage: Stage) -> None:
    stage.program(LOOK, inventory=None, credential="lab")
    devices = [
        Device(name=HostName("sw1"), platform="linux", address="192.0.2.1", credential="key"),
        Device(name=HostName("sw2"), platform="cisco_iosxe", address="192.0.2.2", role="access layer"),
        Device(name=HostName("sw3"), platform="linux", address="192.0.2.3", maintenance=True),
    ]
    told = seen(await stage.run(prepared=await stage.run_of(*devices)))
    inventory = told["texts"][1]
    assert told["modes"] == ["0o700", "0o600", "0o600"]
    assert 'ansible_password: !unsafe "<redacted>"' in inventory, "it is there, and no result may tell it"
    assert "sw3" not in inventory
    assert "    role_access_layer:\n      hosts:\n        sw2: {}\n" in inventory
    assert f'ansible_ssh_private_key_file: !unsafe "{told["folder"]}/key-0"' in inventory


async def test_a_credential_that_ansible_cannot_take_is_refused_by_name(tmp_path: Path) -> None:
    stage = Stage(tmp_path, {"agent": lab(agent="/run/agent")})
    stage.program(PLAIN, inventory=None, credential="agent")
    run = await stage.run_of(Device(name=HostName("sw1"), platform="linux", address="192.0.2.1"))
    error = await stage.refused(prepared=run)
    assert (error.type, error.non_retryable) == ("permanent", True)
    assert "credential `agent` has `agent`, which cannot be handed to Ansible" in error.message


async def test_what_it_prints_is_the_log_in_its_order_and_without_secrets(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BECOME_PASSWORD", "t0ken-value")
    code = "print('one', flush=True); sys.stderr.write('two t0ken-value\\n'); print('three')\n"
    stage.program(PLAIN + code, environment=("BECOME_PASSWORD",))
    assert await stage.log(await stage.run()) == "one\ntwo <redacted>\nthree\n"


@pytest.mark.parametrize(
    ("code", "kind", "said"),
    [
        ("raise SystemExit(5)", "check_failed", "ended with status 5 and left no report"),
        (
            "print('ERROR! no such file'); print('line 3'); raise SystemExit(4)",
            "check_failed",
            "ERROR! no such file",
        ),
        ("", "check_failed", "ended well and left no report: its Ansible does not load callback plugins"),
        (WRITE + "report['hosts'] = {}; tell()", "check_failed", "met no host"),
        (WRITE + "tell(); raise SystemExit(250)", "check_failed", "ended with status 250"),
        (WRITE + "tell(all='x' * 70000)", "check_failed", "set 70,"),
        ("import os; os.kill(os.getpid(), 9)", "check_failed", "was killed by signal 9"),
    ],
)
async def test_what_goes_wrong_has_its_class_and_its_words(stage: Stage, code: str, kind: str, said: str) -> None:
    stage.program(code)
    error = await stage.refused(retry_on=("transient", "unreachable", "outcome_unknown"))
    assert (error.type, error.non_retryable, said in error.message) == (kind, True, True), error.message


async def test_however_much_there_is_to_say_the_log_is_named(stage: Stage) -> None:
    failed = "report['hosts'] = {f'{n}-' + 'x' * 60: {**report['hosts']['sw1'], 'failed': 1} for n in range(9)}; "
    stage.program(WRITE + failed + "print('why'); tell(); exit(2)")
    error = await stage.refused()
    (log,) = artifacts_in(error.message)
    assert error.message.startswith("ansible `site` failed on 9 of 9 hosts (0-xxx")
    assert error.message.endswith(f"… (all of it: netsaga artifact {log})")
    assert await stage.documents.text(log) == "why\n"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"ansible_connection": "local"}, "`ansible_connection` steers Ansible itself"),
        ({"a-b": 1}, "is no name of a variable"),
        ({"limit": ""}, "`limit` names nobody"),
        ({"limit": None}, "`limit` names nobody"),
        ({"limit": ["sw1", "all:!sw2"]}, "neither a pattern of hosts nor a list of their names"),
        ({"limit": "sw1,@/etc/passwd"}, "neither a pattern of hosts nor a list of their names"),
        ({"limit": "-vvv"}, "neither a pattern of hosts nor a list of their names"),
    ],
)
async def test_what_a_definition_may_not_give_is_refused_and_nothing_has_begun(
    stage: Stage, given: Any, said: str
) -> None:
    stage.program(PLAIN + "open('RAN', 'w')")
    error = await stage.refused(given)
    assert (error.type, said in error.message) == ("invalid_input", True), error.message
    assert not (stage.folder / "RAN").exists()
    assert seen(await stage.run(attempt=1, again=1)) == {}


async def test_a_program_that_is_not_there_and_a_name_that_is_not_known_are_said(stage: Stage) -> None:
    stage.allow("- hosts: all\n", "/nowhere/ansible-playbook")
    error = await stage.refused()
    assert (error.type, error.non_retryable) == ("permanent", True)
    assert "/nowhere/ansible-playbook cannot be started: No such file or directory. Check `program`" in error.message
    assert "did you mean `site`?" in (await stage.refused(run="sites")).message


# --------------------------------------------------------------------------------------------------- at most once


async def test_a_result_that_was_received_is_not_asked_for_again(stage: Stage) -> None:
    stage.program(PLAIN + "open('times', 'a').write('x')")
    assert await stage.run() == await stage.run(attempt=2)
    assert (stage.folder / "times").read_text() == "x"


@pytest.mark.parametrize(("repeat", "times"), [("never", "x"), ("safe", "xx")])
async def test_a_playbook_whose_worker_stopped_is_repeated_only_where_that_is_safe(
    stage: Stage, repeat: str, times: str
) -> None:
    code = "print('half of it', flush=True); open('times', 'a').write('x')\nimport time\n"
    stage.program(PLAIN + code + "if not os.path.exists('go'): time.sleep(600)", repeat=repeat)
    env = stage.environment()
    running = asyncio.create_task(env.run(stage.scripts.script, stage.input()))
    times_file = stage.folder / "times"
    await until(lambda: times_file.exists() and times_file.read_text() == "x")
    env.cancel(ActivityCancellationDetails(worker_shutdown=True))
    with pytest.raises(asyncio.CancelledError):
        await running
    (stage.folder / "go").touch()
    if repeat == "safe":
        assert seen(await stage.run(attempt=2)) == {}
    else:
        for attempt in (2, 3):
            error = await stage.refused(attempt=attempt, retry_on=("transient", "outcome_unknown"))
            assert (error.type, error.non_retryable) == ("outcome_unknown", True)
            assert "its worker stopped while it ran" in error.message
            (log,) = artifacts_in(error.message)
            assert await stage.documents.text(log) == "half of it\n"
    assert (stage.folder / "times").read_text() == times
    if repeat == "never":
        assert seen(await stage.run(again=1)) == {}  # a person has looked, and answers `retry`


@pytest.mark.parametrize(("repeat", "kind"), [("never", "outcome_unknown"), ("safe", "transient")])
async def test_at_its_limit_all_of_it_is_ended_also_what_left_its_group(stage: Stage, repeat: Any, kind: str) -> None:
    code = """
import os, time
if os.fork() == 0:
    os.setsid()  # as each of Ansible's workers does
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    os.dup2(2, 1)
    open("pid.new", "w").write(str(os.getpid())); os.rename("pid.new", "pid")
time.sleep(600)
"""
    stage.program(code, repeat=repeat, timeout_s=1.0)
    error = await stage.refused(retry_on=("transient", "outcome_unknown"))
    assert (error.type, error.non_retryable) == (kind, repeat == "never")
    assert "did not finish within 1 s" in error.message
    pid = int((stage.folder / "pid").read_text())
    await until(lambda: not alive(pid))


@pytest.mark.parametrize(("repeat", "non_retryable"), [("never", True), ("safe", False)])
async def test_unreachable_hosts_are_tried_again_where_that_is_safe(
    stage: Stage, repeat: Any, non_retryable: bool
) -> None:
    code = (
        WRITE + "report['hosts']['sw1']['unreachable'] = 1; report['said']['sw1'] = 'ping: no route'; tell(); exit(4)"
    )
    stage.program(code, repeat=repeat)
    error = await stage.refused(retry_on=("unreachable",))
    assert (error.type, error.non_retryable) == ("unreachable", non_retryable)
    assert "could not reach 1 of 1 hosts (sw1); sw1 in ping: no route" in error.message


# ------------------------------------------------------------------------------------------------------ nothing is left


async def test_what_a_worker_that_was_killed_left_behind_is_taken_away_and_nothing_else(tmp_path: Path) -> None:
    dead, young, foreign = (tmp_path / f"{PREFIX}{name}" for name in ("dead", "young", "foreign"))
    for folder in (dead, young):
        folder.mkdir(mode=0o700)
        (folder / "hosts.yaml").write_text("secret")
    foreign.write_text("no folder")
    long_ago = time.time() - 3600
    os.utime(dead, (long_ago, long_ago))
    with private_folder(tmp_path) as held:
        os.utime(held, (long_ago, long_ago))
        assert stat.S_IMODE(held.stat().st_mode) == 0o700
        with private_folder(tmp_path):
            assert held.is_dir()
        assert (dead.exists(), young.exists(), foreign.exists()) == (False, True, True)
    assert not held.exists()


async def test_nothing_private_is_left_when_steps_have_ended(stage: Stage) -> None:
    before = left_over()
    stage.program(PLAIN)
    assert json.dumps((await stage.run()).result).startswith('{"hosts": {"sw1": {"ok": 1')
    assert left_over() == before
