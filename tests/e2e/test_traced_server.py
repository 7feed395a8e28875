"""A server that is told to trace does so, by flag or by OpenTelemetry's own variable; any other imports nothing for it."""

import urllib.request
from pathlib import Path

import pytest

from support.processes.served_yoi import serve
from support.processes.yoi_process import Yoi


@pytest.mark.parametrize("told", ["flag", "variable"])
def test_a_request_is_a_span_once_the_server_is_told_where_to(tmp_path: Path, told: str) -> None:
    flags = ("--traces", "console") if told == "flag" else ()
    extra = {} if told == "flag" else {"OTEL_TRACES_EXPORTER": "console", "OTEL_SERVICE_NAME": "shelf"}
    yoi = Yoi(tmp_path / "data", policy=tmp_path / "no-policy.toml", extra=extra)
    with serve(yoi, *flags) as server:
        with urllib.request.urlopen(f"{server.address}/healthz") as answer:
            assert answer.status == 200
        assert server.stop() == 0
        spans = server.output.read_text(encoding="utf-8")
    assert '"name": "GET /healthz"' in spans
    assert f'"service.name": "{"yoi-runtime" if told == "flag" else "shelf"}"' in spans


def test_an_exporter_that_nobody_brings_is_refused_before_anything_is_served(tmp_path: Path) -> None:
    yoi = Yoi(tmp_path / "data", policy=tmp_path / "no-policy.toml", deadline_seconds=60)
    refused = yoi.run("runtime", "serve", "--socket", tmp_path / "s.sock", "--traces", "nowhere")
    assert refused.returncode == 2
    assert "console" in refused.stdout + refused.stderr
