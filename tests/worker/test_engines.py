"""Playbooks and templates, from the settings file to the activity that runs them; and what is said where one lacks."""

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from temporalio import activity

from activity_bench import SCOPE, environment
from awx_system import TOKEN, awx_system
from worker.checks import look
from worker.ports import build_activities
from worker.settings import Settings, parse
from workflows import contracts
from workflows.contracts import ScriptInput, ScriptResult

STAND_IN = """#!{python}
import json, os
counts = dict(ok=1, changed=0, unreachable=0, failed=0)
json.dump({{"hosts": {{"sw1": counts}}}}, open(os.environ["NETSAGA_ANSIBLE_REPORT"], "w"))
"""


async def run(settings: Settings, engine: str, name: str) -> Mapping[str, object]:
    """A step, by the activity that a worker with these settings has."""
    found = build_activities(settings, search_attributes=True)
    (script,) = [one for one in found if activity._Definition.must_from_callable(one).name == contracts.SCRIPT]
    call = ScriptInput.model_validate({"scope": SCOPE, "step": "s", "engine": engine, "run": name, "timeout_s": 30.0})
    result = await environment().run(script, call)
    assert isinstance(result, ScriptResult)
    assert isinstance(result.result, Mapping)
    return result.result


async def test_a_playbook_of_the_settings_is_run_in_its_folder(tmp_path: Path) -> None:
    content = tmp_path / "ansible"
    content.mkdir()
    program = content / "ansible-playbook"
    program.write_text(STAND_IN.format(python=sys.executable))
    program.chmod(0o755)
    (content / "site.yml").write_text("- hosts: all\n")
    (content / "hosts").write_text("sw1\n")
    text = "ansible: {site: {playbook: ansible/site.yml, inventory: ansible/hosts, program: ./ansible-playbook}}"
    settings = parse(text, tmp_path / "netsaga.yaml")
    assert [finding.fine for finding in await look(settings) if finding.place == "ansible.site"] == [True]
    assert (await run(settings, "ansible", "site"))["totals"] == {
        "hosts": 1,
        "changed": 0,
        "failed": 0,
        "unreachable": 0,
    }


async def test_a_template_of_the_settings_is_launched_with_the_token_of_its_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWX_TOKEN", TOKEN)
    async with awx_system() as awx:
        awx.course = ("successful",)
        settings = parse(
            f"systems: {{awx: {{url: '{awx.http.url}', credential: awx}}}}\n"
            "credentials: {awx: {kind: environment, prefix: AWX}}\n"
            "awx: {patch: {system: awx, workflow_job_template: 13}}\n",
            tmp_path / "netsaga.yaml",
        )
        assert (await run(settings, "awx", "patch"))["type"] == "workflow_job"


@pytest.mark.parametrize(
    ("said", "files", "found"),
    [
        ("playbook: gone.yml", (), "there is no file"),
        ("playbook: site.yml, inventory: gone", ("site.yml",), "there is no inventory"),
        ("playbook: site.yml, folder: gone", ("site.yml",), "there is no folder"),
        ("playbook: site.yml, program: ./gone", ("site.yml",), "there is no program './gone'"),
    ],
)
async def test_what_a_playbook_lacks_is_found_before_it_is_needed(
    tmp_path: Path, said: str, files: tuple[str, ...], found: str
) -> None:
    for name in files:
        (tmp_path / name).touch()
    settings = parse(f"ansible: {{site: {{{said}}}}}", tmp_path / "netsaga.yaml")
    (finding,) = [finding for finding in await look(settings) if finding.place == "ansible.site"]
    assert (finding.fine, found in finding.found) == (False, True), finding
