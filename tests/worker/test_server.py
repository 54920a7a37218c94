"""What the worker asks of a Temporal server, asked of a real one."""

import logging
import socket
from collections.abc import Iterator

import pytest
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.testing import WorkflowEnvironment

from worker.server import ServerUnavailableError, connect, ensure_search_attributes, wait_until_polling
from worker.settings import TelemetrySettings, TemporalSettings
from worker.telemetry import Telemetry, telemetry
from workflows.contracts import SEARCH_ATTRIBUTES


@pytest.fixture
def silent() -> Iterator[Telemetry]:
    with telemetry(TelemetrySettings()) as measured:
        yield measured


def address_of(server: WorkflowEnvironment) -> str:
    return server.client.service_client.config.target_host


async def test_missing_search_attributes_are_registered_once(
    server: WorkflowEnvironment, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="worker")
    assert await ensure_search_attributes(server.client)
    assert await ensure_search_attributes(server.client)
    listed = await server.client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace="default")
    )
    assert set(SEARCH_ATTRIBUTES.values()) <= set(listed.custom_attributes)
    assert sum("registered" in record.message for record in caplog.records) == 1


async def test_a_search_attribute_of_another_type_turns_ours_off_with_a_warning(
    server: WorkflowEnvironment, caplog: pytest.LogCaptureFixture
) -> None:
    name = SEARCH_ATTRIBUTES["ticket"]
    await server.client.operator_service.add_search_attributes(
        AddSearchAttributesRequest(
            namespace="default", search_attributes={name: IndexedValueType.INDEXED_VALUE_TYPE_INT}
        )
    )
    assert not await ensure_search_attributes(server.client)
    assert name in caplog.text


def test_metrics_on_an_address_that_is_taken_are_refused_with_the_setting() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        expected = f"`telemetry.prometheus`: metrics cannot be served at {address}: .* an address of its own"
        with pytest.raises(OSError, match=expected), telemetry(TelemetrySettings(prometheus=address)):
            pass


async def test_an_absent_server_is_said_in_one_paragraph(silent: Telemetry, caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    with pytest.raises(ServerUnavailableError, match=f"{address}: nothing answers there") as caught:
        await connect(TemporalSettings(address=address), silent, patience_s=0.5)
    assert "netsaga dev" in str(caught.value)
    assert "trying again in 0.25 s" in caplog.text


async def test_a_namespace_that_does_not_exist_is_named(server: WorkflowEnvironment, silent: Telemetry) -> None:
    settings = TemporalSettings(address=address_of(server), namespace="nowhere")
    with pytest.raises(ServerUnavailableError, match="the namespace 'nowhere' does not exist there"):
        await connect(settings, silent, patience_s=0.1)


async def test_a_server_that_answers_gives_a_client(server: WorkflowEnvironment, silent: Telemetry) -> None:
    client = await connect(TemporalSettings(address=address_of(server)), silent, patience_s=5)
    assert client.namespace == "default"


async def test_a_queue_without_our_polls_is_not_called_ready(
    server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.server.POLLING_CHECKS", 2)
    assert not await wait_until_polling(server.client, "nobody-polls-this", "netsaga-1@here")
