"""`python -m worker settings`: what is in force, defaults included, and whether what it names is there.

Settings hold no secrets, but the arguments of a program that yields one may; they are not shown.
"""

from pathlib import Path

import yaml

from worker.checks import look
from worker.settings import CommandCredential, Settings


async def show_settings(settings: Settings, path: Path) -> int:
    """Print the settings as YAML, then one line a finding; 0 where a worker could run with them, else 1."""
    print(f"# {path}, with all defaults and absolute paths")
    print(yaml.safe_dump(_shown(settings), sort_keys=False, width=120, allow_unicode=True), end="")
    findings = await look(settings)
    print()
    for finding in findings:
        print(f"# {'ok     ' if finding.fine else 'MISSING'} {finding.place}: {finding.found}")
    return 0 if all(finding.fine for finding in findings) else 1


def _shown(settings: Settings) -> dict[str, object]:
    shown: dict[str, object] = settings.model_dump(mode="json")
    shown["credentials"] = {
        name: source.model_dump(mode="json") | _without_arguments(source)
        for name, source in settings.credentials.items()
    }
    return shown


def _without_arguments(source: object) -> dict[str, object]:
    if isinstance(source, CommandCredential) and len(source.command) > 1:
        return {"command": [source.command[0], "…"]}
    return {}
