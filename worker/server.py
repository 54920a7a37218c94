"""What the worker asks of the Temporal server before it takes work: an answer, its namespace, our search attributes.

It waits for a server that is starting and says so; it never starts one.
"""

import asyncio
import ipaddress
import logging
from datetime import timedelta
from typing import Final

from temporalio.api.enums.v1 import IndexedValueType, TaskQueueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import GrpcCompression, RPCError, RPCStatusCode

from starter.secure import SecurityError, asked_with, security
from worker.settings import SettingsError, TemporalSettings
from worker.telemetry import Telemetry
from workflows.contracts import SEARCH_ATTRIBUTES
from workflows.converter import CONVERTER

_log = logging.getLogger(__name__)

CONNECT_TIMEOUT: Final = timedelta(seconds=5)
FIRST_PAUSE_S: Final = 0.25
LONGEST_PAUSE_S: Final = 10.0
POLLING_CHECKS: Final = 100
POLLING_PAUSE_S: Final = 0.1


class ServerUnavailableError(Exception):
    """No usable Temporal server in the time that was allowed; the message says what to do."""


async def connect(settings: TemporalSettings, telemetry: Telemetry, *, patience_s: float) -> Client:
    """Connect, and wait for a server or a namespace that is not there yet.

    Args:
        settings: Address and namespace.
        telemetry: Its runtime and interceptors go into the client, and so into the worker.
        patience_s: How long to try; between two attempts it waits 0.25 s, then twice as long each time, up to 10 s.

    Raises:
        ServerUnavailableError: Nothing answered in time, or what answered does not know the namespace.
        SettingsError: What the environment says of TLS cannot be used (`starter/secure.py`).
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience_s
    pause = FIRST_PAUSE_S
    while True:
        try:
            return await _attempt(settings, telemetry)
        except SecurityError as error:
            raise SettingsError(str(error)) from error
        except (RPCError, RuntimeError) as error:  # the SDK says a refused connection with a RuntimeError
            why = _reason(error, settings)
        if loop.time() + pause > deadline:
            raise ServerUnavailableError(
                f"Temporal at {settings.address}: {why}{asked_with()}. Gave up after {patience_s:g} s. Check "
                "`temporal.address` and `temporal.namespace` in the settings, or start a server (`netsaga dev` brings "
                "one)."
            )
        _log.warning("Temporal at %s: %s; trying again in %g s", settings.address, why, pause)
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE_S)


async def _attempt(settings: TemporalSettings, telemetry: Telemetry) -> Client:
    client = await Client.connect(
        settings.address,
        namespace=settings.namespace,
        data_converter=CONVERTER,
        interceptors=telemetry.interceptors,
        runtime=telemetry.runtime,
        connect_timeout=CONNECT_TIMEOUT,
        grpc_compression=_compression(settings.address),
        **security(),
    )
    # The first call of a connection does not name the namespace; this one does.
    await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=settings.namespace))
    return client


def _compression(address: str) -> GrpcCompression:
    """Messages to a server on this host are not compressed: it would cost CPU of both, and save nothing."""
    host = address.rpartition(":")[0].strip("[]")
    try:
        here = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name
        here = False
    return GrpcCompression.NONE if here else GrpcCompression.GZIP


def _reason(error: RPCError | RuntimeError, settings: TemporalSettings) -> str:
    """Why an attempt failed, in a few words."""
    if isinstance(error, RPCError):
        if error.status is RPCStatusCode.NOT_FOUND:
            return f"the namespace {settings.namespace!r} does not exist there"
        return f"{error.status.name.lower().replace('_', ' ')}: {error.message}"
    text = str(error)
    return "nothing answers there" if "onnect" in text or "transport" in text else text


async def ensure_search_attributes(client: Client) -> bool:
    """Register those of our search attributes that the namespace lacks.

    Returns:
        Whether the server knows all of them now. Runs work without; only the Web UI's columns and filters are missed.
    """
    service = client.operator_service
    wanted = dict.fromkeys(SEARCH_ATTRIBUTES.values(), IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD)
    try:
        listed = await service.list_search_attributes(ListSearchAttributesRequest(namespace=client.namespace))
        wrong = [name for name, kind in wanted.items() if listed.custom_attributes.get(name, kind) != kind]
        missing = {name: kind for name, kind in wanted.items() if name not in listed.custom_attributes}
        if wrong:
            _log.warning("search attributes are off: %s exist with another type than Keyword", ", ".join(wrong))
            return False
        if missing:
            await service.add_search_attributes(
                AddSearchAttributesRequest(namespace=client.namespace, search_attributes=missing)
            )
            _log.info("registered the search attributes %s", ", ".join(missing))
    except RPCError as error:
        if error.status is RPCStatusCode.ALREADY_EXISTS:  # another worker was faster
            return True
        _log.warning(
            "search attributes are off, for the server refused to register them (%s). An administrator can: %s",
            error.message,
            " ".join(f"temporal operator search-attribute create --name {name} --type Keyword;" for name in wanted),
        )
        return False
    return True


async def wait_until_polling(client: Client, task_queue: str, identity: str) -> bool:
    """Wait until the server has seen a poll of ours for activities, 10 s at most; whether it has."""
    request = DescribeTaskQueueRequest(
        namespace=client.namespace, task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY
    )
    request.task_queue.name = task_queue
    for _ in range(POLLING_CHECKS):
        try:
            answer = await client.workflow_service.describe_task_queue(request)
        except RPCError:  # the worker outlives a server that restarts, and so does this question
            _log.debug("the task queue could not be described", exc_info=True)
        else:
            if any(poller.identity == identity for poller in answer.pollers):
                return True
        await asyncio.sleep(POLLING_PAUSE_S)
    return False
