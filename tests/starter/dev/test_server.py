"""The embedded server: its program, a second start on its file, a port that is taken."""

import socket
from pathlib import Path

import pytest
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.client import Client

from starter.dev import server
from starter.dev.ports import claim, free_port
from starter.errors import StackError
from workflows.contracts import RUN, SEARCH_ATTRIBUTES, TASK_QUEUE


async def known_attributes(client: Client) -> set[str]:
    request = ListSearchAttributesRequest(namespace=client.namespace)
    return set((await client.operator_service.list_search_attributes(request)).custom_attributes)


async def test_a_run_survives_sigkill_of_the_server_and_a_start_on_the_same_file(tmp_path: Path) -> None:
    port = free_port()
    database, log = tmp_path / "temporal.db", tmp_path / "server.log"
    child = await server.start(database=database, port=port, ui_port=None, log=log)
    client = await Client.connect(f"127.0.0.1:{port}")
    assert set(SEARCH_ATTRIBUTES.values()) <= await known_attributes(client)
    await client.start_workflow(RUN, {}, id="kept", task_queue=TASK_QUEUE)
    await child.kill()
    child = await server.start(database=database, port=port, ui_port=None, log=log)
    again = await Client.connect(f"127.0.0.1:{port}")
    assert (await again.get_workflow_handle("kept").describe()).id == "kept"
    assert set(SEARCH_ATTRIBUTES.values()) <= await known_attributes(again)
    await child.stop()
    assert not child.alive


async def test_an_older_database_learns_the_search_attributes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    database, log = tmp_path / "temporal.db", tmp_path / "server.log"
    with monkeypatch.context() as older:
        older.setattr(server, "SEARCH_ATTRIBUTES", {"phase": "NetsagaPhase"})
        child = await server.start(database=database, port=port, ui_port=None, log=log)
        await child.stop()
    child = await server.start(database=database, port=port, ui_port=None, log=log)
    client = await Client.connect(f"127.0.0.1:{port}")
    assert set(SEARCH_ATTRIBUTES.values()) <= await known_attributes(client)
    await child.stop()


def test_a_port_in_use_is_said_with_the_option_that_names_another() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StackError, match=f"Port {port} for the Web UI cannot be used .*--ui-port 0"):
            claim(port, "Web UI", "--ui-port")


def test_free_ports_are_given_once() -> None:
    given = {claim(0, "Web UI", "--ui-port") for _ in range(50)}
    assert len(given) == 50
    assert max(given) < 32_768, "Linux takes those for outgoing connections, which may be faster than the server"
