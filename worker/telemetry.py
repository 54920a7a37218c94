"""Metrics and traces, each only where the settings ask for it.

Metrics leave through Temporal's own core, which speaks Prometheus and OTLP over gRPC. Spans of clients, workflows and
activities come from Temporal's tracing interceptor and are appended to a file. Nothing here decides anything.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter
from temporalio.contrib.opentelemetry import TracingInterceptor
from temporalio.runtime import LoggingConfig, OpenTelemetryConfig, PrometheusConfig, Runtime, TelemetryConfig

from worker.settings import TelemetrySettings

SERVICE: Final = "netsaga-worker"


@dataclass(frozen=True, slots=True)
class Telemetry:
    """What a Temporal client is given: a runtime with metrics (``None`` is the default one), and interceptors."""

    runtime: Runtime | None
    interceptors: tuple[TracingInterceptor, ...]


@contextmanager
def telemetry(settings: TelemetrySettings) -> Iterator[Telemetry]:
    """Set up what the settings ask for; spans are flushed when the context ends.

    Raises:
        OSError: The file of spans cannot be opened.
        RuntimeError: The metrics' address cannot be bound.
    """
    runtime = _runtime(settings)
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


def _runtime(settings: TelemetrySettings) -> Runtime | None:
    """A runtime with the metrics that are asked for; building one is not free, so not without need."""
    metrics: PrometheusConfig | OpenTelemetryConfig | None = None
    if settings.prometheus:
        metrics = PrometheusConfig(bind_address=settings.prometheus, durations_as_seconds=True, unit_suffix=True)
    elif settings.otlp:
        metrics = OpenTelemetryConfig(url=settings.otlp, durations_as_seconds=True)
    if metrics is None:
        return None
    return Runtime(telemetry=TelemetryConfig(logging=LoggingConfig.default, metrics=metrics))
