"""Playbooks and templates for whole runs: what the settings of a worker say of them, and who carries them out.

Ansible is the real program, and its hosts are the run's own devices; its modules here work on the worker alone, for a
device of the testbed has no module of ansible-core. AWX is `awx_system`.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from awx_system import TOKEN
from workflows.contracts import ArtifactRef

ON_THE_WORKER: Final = {
    "hosts": "all",
    "gather_facts": False,
    "vars": {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"},
}
SAVE: Final = [
    {
        "ansible.builtin.set_stats": {
            "aggregate": True,
            "data": {"saved": ["{{ inventory_hostname }} at {{ netsaga.site }} as {{ ansible_user }}"]},
        }
    }
]
REFUSE: Final = [
    {
        "name": "save the configuration",
        "ansible.builtin.fail": {"msg": "no space left on {{ where }}"},
        "when": "inventory_hostname == 'acc-002'",
    }
]
HANG: Final = [
    {"name": "what comes first", "ansible.builtin.debug": {"msg": "{{ inventory_hostname }} is saved"}},
    {
        "name": "what never ends",
        "ansible.builtin.shell": "echo $$ > pid.new && mv pid.new pid && exec sleep 600",
        "args": {"chdir": "{{ folder }}"},
    },
]
PLAYBOOKS: Final[Mapping[str, list[dict[str, Any]]]] = {"save": SAVE, "refuse": REFUSE, "hang": HANG}


def with_engines(folder: Path, awx: str) -> Callable[[dict[str, Any]], None]:
    """Adds to a worker's settings what `ansible` and `awx` steps may run.

    Args:
        folder: Where playbooks and a token are written.
        awx: The address of AWX.
    """
    for name, steps in PLAYBOOKS.items():
        (folder / f"{name}.yml").write_text(yaml.safe_dump([{**ON_THE_WORKER, "tasks": steps}]))
    token = folder / "tokens.yaml"
    token.touch(mode=0o600)
    token.write_text(yaml.safe_dump({"awx": {"token": TOKEN}}))

    def settle(settings: dict[str, Any]) -> None:
        settings["credentials"]["awx"] = {"kind": "file", "path": str(token)}
        settings["systems"] = {"awx": {"url": awx, "credential": "awx"}}
        settings["ansible"] = {
            name: {"playbook": str(folder / f"{name}.yml"), "credential": "device_rw"} for name in PLAYBOOKS
        }
        settings["awx"] = {"patch": {"system": "awx", "job_template": "Patch"}}

    return settle


def artifacts_in(message: str) -> list[ArtifactRef]:
    """The artifacts that a message names."""
    return [ArtifactRef(ref) for ref in re.findall(r"artifact (sha256:[0-9a-f]{64})", message)]


def alive(pid: int) -> bool:
    """Whether a process runs; one that nobody has waited for yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
