"""Runs in an environment of its own (`bench_peers.py`): Nornir with scrapli over the devices that a file names.

Prints one line of JSON: ``seconds`` from the first log-in to the last log-out, and how many devices ``failed``.
"""

import json
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

# By name, for types are checked where Nornir is not installed.
core: Any = import_module("nornir.core")
inventory: Any = import_module("nornir.core.inventory")
connections: Any = import_module("nornir.core.plugins.connections")
runners: Any = import_module("nornir.plugins.runners")
tasks: Any = import_module("nornir_scrapli.tasks")

CONNECTION = "scrapli"


def visit(task: Any, commands: Sequence[str]) -> None:
    """One device: log in, all commands, log out."""
    task.run(tasks.send_commands, commands=commands)
    task.host.close_connection(CONNECTION)


def main(path: Path) -> None:
    """Visit all devices."""
    given = json.loads(path.read_text())
    options = {
        CONNECTION: inventory.ConnectionOptions(extras={"auth_strict_key": False, "transport": given["transport"]})
    }
    hosts = inventory.Hosts(
        {
            entry["name"]: inventory.Host(
                name=entry["name"],
                hostname=entry["host"],
                port=entry["port"],
                username=entry["username"],
                password=entry["password"],
                platform="arista_eos",
                connection_options=options,
            )
            for entry in given["targets"]
        }
    )
    connections.ConnectionPluginRegister.auto_register()
    fleet = inventory.Inventory(hosts, inventory.Groups(), inventory.Defaults())
    nornir = core.Nornir(inventory=fleet, runner=runners.ThreadedRunner(given["threads"]))
    began = time.perf_counter()
    results = nornir.run(visit, commands=given["commands"])
    seconds = time.perf_counter() - began
    sys.stdout.write(json.dumps({"seconds": seconds, "failed": len(results.failed_hosts)}) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
