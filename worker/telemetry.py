"""Metrics and traces, each only where the settings ask for it.

Metrics leave through Temporal's own core, which speaks Prometheus and OTLP over gRPC. Spans of clients, workflows and
activities come from Temporal's tracing interceptor and are appended to a file. Nothing here decides anything.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter
from temporalio.contrib.opentelemetry import TracingInterceptor
from temporalio.runtime import LoggingConfig, OpenTelemetryConfig, PrometheusConfig, Runtime, TelemetryConfig

from worker.settings import TelemetrySettings

SERVICE: Final = "netsaga-worker"
SIGNS_OF_LIFE: Final = timedelta(seconds=5)
USUAL_SIGNS: Final = timedelta(seconds=60)  # the SDK's own default


@dataclass(frozen=True, slots=True)
class Telemetry:
    """What a Temporal client is given: a runtime with metrics (``None`` is the default one), and interceptors."""

    runtime: Runtime | None
    interceptors: tuple[TracingInterceptor, ...]


@contextmanager
def telemetry(settings: TelemetrySettings, *, of_a_pool: bool = False) -> Iterator[Telemetry]:
    """Set up what the settings ask for; spans are flushed when the context ends.

    Args:
        settings: What is measured, and where it goes.
        of_a_pool: Whether the worker serves a pool: then it tells the server every few seconds that it lives, for runs
            ask (`activities/pools.py`).

    Raises:
        OSError: The file of spans cannot be opened, or metrics cannot be served at the settings' address or sent to it.
    """
    runtime = _runtime(settings, of_a_pool=of_a_pool)
    if settings.traces is None:
        yield Telemetry(runtime, ())
        return
    settings.traces.parent.mkdir(parents=True, exist_ok=True)
    with settings.traces.open("a", encoding="utf-8") as out:
        provider = TracerProvider(resource=Resource.create({"service.name": SERVICE, "process.pid": os.getpid()}))
        provider.add_span_processor(BatchSpanProcessor(ConsoleSpanExporter(out=out, formatter=_line)))
        try:
            # A run may be started by a client that traces nothing, such as the Temporal CLI.
            tracer = provider.get_tracer("netsaga")
            yield Telemetry(runtime, (TracingInterceptor(tracer, always_create_workflow_spans=True),))
        finally:
            provider.shutdown()


def _line(span: ReadableSpan) -> str:
    return f"{span.to_json(indent=None)}\n"


def _runtime(settings: TelemetrySettings, *, of_a_pool: bool) -> Runtime | None:
    """A runtime with what is asked for; building one is not free, so not without need."""
    metrics: PrometheusConfig | OpenTelemetryConfig | None = None
    if settings.prometheus:
        metrics = PrometheusConfig(bind_address=settings.prometheus, durations_as_seconds=True, unit_suffix=True)
    elif settings.otlp:
        metrics = OpenTelemetryConfig(url=settings.otlp, durations_as_seconds=True)
    if metrics is None and not of_a_pool:
        return None
    try:
        return Runtime(
            telemetry=TelemetryConfig(logging=LoggingConfig.default, metrics=metrics),
            worker_heartbeat_interval=SIGNS_OF_LIFE if of_a_pool else USUAL_SIGNS,
        )
    except (RuntimeError, ValueError) as error:  # the core says so of an address that is taken or cannot be read
        raise OSError(_refused(settings, str(error))) from error


def _refused(settings: TelemetrySettings, why: str) -> str:
    if settings.prometheus is None:
        return f"`telemetry.otlp`: metrics cannot be sent to {settings.otlp}: {why}"
    return (
        f"`telemetry.prometheus`: metrics cannot be served at {settings.prometheus}: {why}. "
        "Each worker of a machine needs an address of its own."
    )
