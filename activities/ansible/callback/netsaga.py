"""A callback plugin that Ansible loads: at the end it writes down, as JSON, what became of each host.

It runs inside `ansible-playbook`, in whatever Python that has, and knows nothing of netsaga. Lines on a terminal are
for people and differ between releases; the calls of a callback plugin are documented ("Developing plugins", Callback
plugins) and are the same from ansible-core 2.16 to 2.20. No other file may lie beside it: Ansible would load it, too.
"""

import importlib
import json
import os
from pathlib import Path
from typing import Any  # what Ansible hands over has no types here

REPORT = "NETSAGA_ANSIBLE_REPORT"  # the file to write, named in the environment; without it nothing is written
SAID = 300  # characters of what a host failed with
PLAY = "_run"  # under this name Ansible keeps what `set_stats` set for all hosts together


class Reporting:
    """The part of the plugin that is ours; `CallbackModule` puts it over Ansible's own class."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "netsaga"
    CALLBACK_NEEDS_ENABLED = False

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._said: dict[str, str] = {}

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Remember with what a host failed; a later failure of the same host counts."""
        if not ignore_errors:
            self._note(result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Remember why a host could not be reached."""
        self._note(result)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Write the report: once, when all plays have ended."""
        path = os.environ.get(REPORT)
        if not path:
            return
        custom = {str(host): values for host, values in stats.custom.items()}
        hosts = {str(host): _counts(stats.summarize(host)) for host in sorted(stats.processed)}
        report = {
            "hosts": {host: {**counts, "set_stats": custom.get(host, {})} for host, counts in hosts.items()},
            "set_stats": custom.get(PLAY, {}),
            "said": {host: said for host, said in self._said.items() if host in hosts},
        }
        fresh = Path(f"{path}.new")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(report, default=str), encoding="utf-8")
        fresh.replace(path)  # whoever reads it sees all of it or nothing

    def _note(self, result: Any) -> None:
        answer = _part(result, "result")
        said = answer.get("msg") or answer.get("censored") or answer.get("stderr") or "no message"
        name = _part(result, "task").get_name()
        self._said[str(_part(result, "host").get_name())] = f"{name}: {' '.join(str(said).split())}"[:SAID]


def _part(result: Any, name: str) -> Any:
    """A part of a result: public since ansible-core 2.19, with an underscore before that."""
    found = getattr(result, name, None)
    return getattr(result, f"_{name}") if found is None else found


def _counts(summary: dict[str, int]) -> dict[str, int]:
    """The numbers under the names that the recap on a terminal prints them with."""
    return {("failed" if name == "failures" else name): count for name, count in summary.items()}


# Made rather than written as a class statement: the class below ours exists only where Ansible runs.
CallbackModule = type(
    "CallbackModule", (Reporting, importlib.import_module("ansible.plugins.callback").CallbackBase), {}
)
