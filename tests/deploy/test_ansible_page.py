"""The page about Ansible and AWX shows good settings and a definition that compiles, and names every setting."""

import re
from pathlib import Path

from worker.engines import AnsibleSettings
from worker.settings import parse
from workflows.definition.compiler import Source, compile_definition

PAGE = (Path(__file__).parents[2] / "deploy" / "ansible.md").read_text()


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def test_the_settings_are_good() -> None:
    playbooks, templates = (parse(text, Path("/srv/netsaga.yaml")) for text in blocks("yaml"))
    assert playbooks.ansible["renew_certificates"].repeat == "safe"
    assert templates.awx["patch_window"].organization == "Network"


def test_the_definition_compiles() -> None:
    (text,) = blocks("yaml definition")
    compiled = compile_definition(Source("backup.yaml", text))
    assert compiled.ok, compiled.diagnostics


def test_every_setting_of_a_playbook_has_its_line() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", PAGE, flags=re.MULTILINE)) == set(AnsibleSettings.model_fields)
