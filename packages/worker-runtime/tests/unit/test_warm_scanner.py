"""The scanner's rules are compiled before a request needs them, and only where one may (B-07)."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import pytest

from support.runtime.fake_host import FakeHost
from support.runtime.manual_clock import ManualClock
from worker_runtime.embedded.maintenance import run_maintenance
from worker_runtime.embedded.runtime import EmbeddedRuntime
from worker_runtime.event_log import LOG
from worker_runtime.host.policy import HostPolicy
from yoi_bundle.boundary.scanner import SecretFinding


class NotedScanner:
    """Says when it was first asked."""

    def __init__(self) -> None:
        self.scans = 0
        self.asked = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def scan(self, texts: Iterable[tuple[str, bytes]]) -> list[SecretFinding]:
        del texts
        self.scans += 1
        self._loop.call_soon_threadsafe(self.asked.set)
        return []


@pytest.mark.req("B-07")
def test_maintenance_warms_the_scanner_before_any_request(tmp_path: Path) -> None:
    async def play() -> None:
        scanner = NotedScanner()
        host = FakeHost(HostPolicy(recheck_text=True))
        runtime = EmbeddedRuntime(tmp_path, host=host, clock=ManualClock(), scanner=scanner)
        running = asyncio.create_task(run_maintenance(runtime.maintenance, LOG))
        async with asyncio.timeout(30):
            await scanner.asked.wait()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        runtime.close()

    asyncio.run(play())


@pytest.mark.req("B-07")
def test_a_host_that_checks_no_texts_compiles_no_rules_and_a_change_of_policy_does_once(
    tmp_path: Path,
) -> None:
    async def play() -> None:
        scanner = NotedScanner()
        host = FakeHost()
        runtime = EmbeddedRuntime(tmp_path, host=host, clock=ManualClock(), scanner=scanner)
        maintenance = runtime.maintenance
        await maintenance.warm_scanner()
        assert scanner.scans == 0
        host.policies["main", "library"] = HostPolicy(recheck_text=True)
        await maintenance.warm_scanner()
        await maintenance.warm_scanner()
        assert scanner.scans == 1
        runtime.close()

    asyncio.run(play())
