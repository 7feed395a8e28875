"""The trace that is under way, for the next program to go on with: `traceparent` of W3C Trace Context."""

import sys
from collections.abc import Mapping

TRACE_HEADER = "traceparent"


def build_trace_headers() -> Mapping[str, str]:
    """Return the header that names the current span; none where this program does not trace.

    Nothing is imported for it: as long as nobody has imported OpenTelemetry, there is no span.
    """
    if "opentelemetry.trace" not in sys.modules:
        return {}
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return {name: value for name, value in carrier.items() if name == TRACE_HEADER}
