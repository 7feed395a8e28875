"""Commands for the local Runtime while servers run on the same data directory (R-02, R-03)."""

import json
import secrets
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from support.processes.served_yoi import ServedYoi, serve
from support.processes.yoi_process import LIBRARY, Yoi
from worker_runtime.trust.local_token import LOCAL_TOKEN_FILE, find_local_token


@pytest.mark.req("R-02", "R-03")
def test_commands_and_servers_share_one_store_and_a_repair_waits_for_all_of_them(tmp_path: Path) -> None:
    secret = {"YOI_SECRET_ANTHROPIC_API_KEY": secrets.token_urlsafe(24)}
    yoi = Yoi(tmp_path / "store", extra=secret, deadline_seconds=60)
    yoi.read("bundle", "build", LIBRARY)
    with serve(yoi) as first, serve(yoi, "--socket", tmp_path / "runtime.sock") as second:
        created = yoi.read("worker", "create", "案内係", "--key", "beside")
        assert _list_workers(yoi, first) == [created["id"]]
        yoi.read("runtime", "gc")
        refused = yoi.read("runtime", "repair", code=5)
        assert refused["error"]["code"] == "runtime.unavailable"
        assert refused["error"]["details"] == {"reason": "storage_in_use"}
        assert second.stop() == 0
        yoi.read("runtime", "repair", code=5)
        assert _list_workers(yoi, first) == [created["id"]]
        assert first.stop() == 0
    assert yoi.read("runtime", "repair")["workers"] == [created["id"]]
    assert yoi.read("worker", "show", created["id"])["state"] == "created"


def _list_workers(yoi: Yoi, server: ServedYoi) -> list[Any]:
    token = find_local_token(yoi.data / LOCAL_TOKEN_FILE)
    request = urllib.request.Request(
        f"{server.address}/v1/workers", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return [worker["id"] for worker in json.load(answer)["items"]]
