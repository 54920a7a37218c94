"""Playbooks by the real `ansible-playbook`: what goes in, what comes out, and that nothing goes on after a cancel."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from activities.secrets.file import FileSecret
from activity_bench import until
from playbooks import Stage, real_ansible
from workflows.contracts import Device, ScriptCut, ScriptResult
from workflows.plan import HostName

LOCAL = "ansible_connection=local ansible_python_interpreter=/usr/bin/python3"


@pytest.fixture
def program() -> str:
    return real_ansible()


def result(found: ScriptResult) -> Mapping[str, Any]:
    assert isinstance(found.result, Mapping)
    return found.result


def device(name: str, site: str, platform: str = "linux", **more: Any) -> Device:
    return Device(name=HostName(name), platform=platform, address="127.0.0.1", site=site, **more)


LOOK = """
- hosts: all
  gather_facts: false
  connection: local
  tasks:
    - ansible.builtin.debug: {msg: "enable {{ ansible_password }}"}
    - ansible.builtin.set_stats: {data: {seen: ["{{ inventory_hostname }}"]}, aggregate: true}
    - name: what is known
      ansible.builtin.set_stats:
        per_host: true
        data:
          given: ["{{ text }}", "{{ deep }}", "{{ number }}", "{{ flag }}", "{{ share }}"]
          device: ["{{ netsaga.data.rack }}", "{{ ansible_user }}", "{{ ansible_network_os | default('-') }}"]
          groups: "{{ group_names }}"
"""
TYPED = "{{ lookup('pipe', 'touch RAN') }} größe \x85\u2028 ☃ \U0001f41f"


async def test_variables_and_the_runs_devices_reach_a_playbook_as_they_are(tmp_path: Path, program: str) -> None:
    credentials = tmp_path / "credentials.yaml"
    credentials.write_text('lab: {username: ops, password: "{{ 7 * 7 }}secret"}')
    credentials.chmod(0o600)
    stage = Stage(tmp_path, {"lab": FileSecret(credentials, "lab")})
    stage.allow(LOOK, program, inventory=None, credential="lab")
    beside = tmp_path / "group_vars" / "platform_arista_eos.yml"  # what stands beside the playbook counts for more
    beside.parent.mkdir()
    beside.write_text("ansible_connection: local\n")
    run = await stage.run_of(
        device("sw1", "hq", "arista_eos", tags=("pilot",), data={"rack": "{{ 1 + 1 }}"}),
        device("sw2", "hq", data={"rack": "R2"}),
        device("sw3", "branch"),
        device("sw4", "hq", maintenance=True),
    )
    given = {"text": TYPED, "deep": {"{{ 2 }}": ["{{ 3 }}"]}, "number": 4, "flag": False, "share": 1e16}
    found = await stage.run({**given, "limit": "site_hq"}, prepared=run)
    said = result(found)
    assert said["totals"] == {"hosts": 2, "changed": 0, "failed": 0, "unreachable": 0}
    assert sorted(said["set_stats"]["seen"]) == ["sw1", "sw2"]
    assert said["hosts"]["sw1"]["set_stats"] == {
        "given": [TYPED, {"{{ 2 }}": ["{{ 3 }}"]}, 4, False, 1e16],
        "device": ["{{ 1 + 1 }}", "ops", "arista.eos.eos"],
        "groups": ["platform_arista_eos", "site_hq", "tag_pilot"],
    }
    assert said["hosts"]["sw2"]["set_stats"]["device"] == ["R2", "ops", "-"]
    log = await stage.log(found)
    assert "enable <redacted>" in log
    assert "49secret" not in log
    assert not (tmp_path / "RAN").exists()


FAIL = """
- hosts: all
  gather_facts: false
  tasks:
    - name: save the configuration
      ansible.builtin.fail: {msg: "no space left on flash"}
      when: inventory_hostname == "sw2"
    - ansible.builtin.ping:
"""


async def test_hosts_that_fail_or_cannot_be_reached_are_named_with_their_reason(tmp_path: Path, program: str) -> None:
    stage = Stage(tmp_path)
    closed = "sw3 ansible_host=127.0.0.1 ansible_port=1 ansible_connection=ssh"
    (tmp_path / "hosts").write_text(f"sw1 {LOCAL}\nsw2 {LOCAL}\n{closed}\n")
    stage.allow(FAIL, program)
    error = await stage.refused(retry_on=("unreachable", "transient"))
    assert (error.type, error.non_retryable) == ("check_failed", True)
    assert error.message.startswith(
        "ansible `site` failed on 1 of 3 hosts (sw2), and could not reach sw3; sw2 in save the configuration: "
    )
    assert "no space left on flash (all of it: netsaga artifact sha256:" in error.message


async def test_a_playbook_that_cannot_be_read_is_said_in_ansibles_words(tmp_path: Path, program: str) -> None:
    stage = Stage(tmp_path)
    (tmp_path / "hosts").write_text(f"sw1 {LOCAL}\n")
    stage.allow("- hosts: all\n  tasks:\n    - no_such_module:\n", program)
    error = await stage.refused()
    assert error.type == "check_failed"
    assert "left no report: " in error.message
    assert "couldn't resolve module/action 'no_such_module'" in error.message


SLOW = """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.shell: "echo $$ > $NAME.new && mv $NAME.new $NAME.pid && exec sleep 600"
      environment: {NAME: "{{ inventory_hostname }}"}
"""


async def test_a_cancel_ends_what_ansible_has_begun_on_each_host(tmp_path: Path, program: str) -> None:
    stage = Stage(tmp_path)
    (tmp_path / "hosts").write_text(f"sw1 {LOCAL}\nsw2 {LOCAL}\n")
    stage.allow(SLOW, program)
    pids = [tmp_path / "sw1.pid", tmp_path / "sw2.pid"]
    begun = asyncio.create_task(until(lambda: all(path.exists() for path in pids)))
    error = await stage.cancelled(stage.environment(), begun)
    assert (error.type, error.non_retryable) == ("cancelled", True)
    log = ScriptCut.model_validate(error.details[0]).log
    assert log is not None
    assert f"look at its hosts (what it printed until then: netsaga artifact {log})" in error.message
    assert "TASK [ansible.builtin.shell]" in await stage.documents.text(log)
    await until(lambda: not any(Path(f"/proc/{path.read_text().strip()}").exists() for path in pids))
