"""Where the spans of this process go: set up once, by a server that was told to trace.

The only module, beside those that make spans, that imports OpenTelemetry; nobody imports it who does not trace.
"""

from importlib.metadata import entry_points, version
from typing import cast

from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import Tracer

from yoi_wire.errors import RequestInvalidError

_EXPORTERS = "opentelemetry_traces_exporter"
"""The entry points by which installed packages offer exporters; the SDK itself brings `console`."""


def load_exporter(name: str) -> SpanExporter:
    """Return an exporter of an installed package; its own `OTEL_EXPORTER_…` variables configure it.

    Raises:
        RequestInvalidError: No installed package has one of this name.
    """
    found = {one.name: one for one in entry_points(group=_EXPORTERS)}
    if name not in found:
        raise RequestInvalidError(
            f"no such exporter is installed; there is {', '.join(sorted(found))}", field="traces"
        )
    return cast(SpanExporter, found[name].load()())


def _describe_process() -> Resource:
    """Say who traces; `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` go before what is said here."""
    own = {"service.name": "yoi-runtime", "service.version": version("worker-runtime")}
    return Resource.create(own).merge(OTELResourceDetector().detect())


class Tracing:
    """The spans of one process, sent on in batches.

    Args:
        exporter: Where they go.
    """

    def __init__(self, exporter: SpanExporter) -> None:
        self._provider = TracerProvider(resource=_describe_process(), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))

    @property
    def tracer(self) -> Tracer:
        return self._provider.get_tracer("worker_runtime", version("worker-runtime"))

    def close(self) -> None:
        """Send what is left; may wait for the other side."""
        self._provider.shutdown()
