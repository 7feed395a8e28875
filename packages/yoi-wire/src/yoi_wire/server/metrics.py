"""Figures for Prometheus; by route and status, never by workspace, caller or digest (R-07)."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

METRICS_MEDIA_TYPE = CONTENT_TYPE_LATEST
_UNMATCHED = "unmatched"
KNOWN_METHODS = frozenset({"GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"})


class Metrics:
    """The figures of one server.

    Args:
        program: What their names begin with, after `yoi_`.

    Attributes:
        registry: Where a program may add figures of its own.
    """

    def __init__(self, program: str = "runtime") -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            f"yoi_{program}_requests",
            "Requests answered",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            f"yoi_{program}_request_seconds",
            "Time to the end of the answer",
            ["route"],
            registry=self.registry,
        )
        self._running = Gauge(f"yoi_{program}_requests_running", "Requests under way", registry=self.registry)

    def count_running(self, running: int) -> None:
        self._running.set(running)

    def count_answer(self, method: str, route: str | None, status: int, seconds: float) -> None:
        """Count one answer.

        Args:
            method: Of HTTP; unknown ones are counted together, so that no caller can make series grow.
            route: The route's template; None when none matched.
            status: 0 when the caller went away before there was one.
            seconds: From the first byte of the headers to the last of the answer.
        """
        known = method if method in KNOWN_METHODS else "other"
        self._requests.labels(known, route or _UNMATCHED, str(status)).inc()
        self._seconds.labels(route or _UNMATCHED).observe(seconds)

    def format(self) -> bytes:
        return generate_latest(self.registry)
