"""A Runtime in a process of its own on a loopback port, as `yoi runtime serve` starts it, and a Backend that it trusts."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from worker_runtime.contract.caller import Caller, build_local_caller
from worker_runtime.embedded.runtime import EmbeddedRuntime
from worker_runtime.remote.connection import Connection
from worker_runtime.remote.credentials import SignedCredentials
from worker_runtime.remote.runtime import RemoteRuntime
from worker_runtime.trust.identity import Identity, create_identity
from worker_runtime.trust.trust_store import TRUST_FILE, TrustStore
from yoi_wire.client.endpoint import Endpoint
from yoi_wire.clock import SystemClock, format_instant

ISSUER = "bench"
WORKSPACE = "bench"
CALLER = Caller(
    kind="remote",
    issuer=ISSUER,
    workspaces=frozenset({WORKSPACE}),
    scopes=frozenset({"runtime:read", "bundles:write"}),
)
_START_SECONDS = 30.0


@dataclass(frozen=True)
class ServedRuntime:
    """A server that listens.

    Attributes:
        pid: Of its process.
        port: On 127.0.0.1.
        runtime_id: What tokens for it name.
        identity: The Backend's key.
    """

    pid: int
    port: int
    runtime_id: str
    identity: Identity

    def open_client(self, port: int | None = None) -> RemoteRuntime:
        """Return a client; through another port when a proxy stands between."""
        endpoint = Endpoint(url=f"http://127.0.0.1:{port or self.port}")
        credentials = SignedCredentials(self.identity, audience=self.runtime_id, clock=SystemClock())
        return RemoteRuntime(Connection(endpoint, credentials))


@contextmanager
def serve(directory: Path) -> Iterator[ServedRuntime]:
    """Serve the data directory `directory`, which must not exist yet, until the block ends."""
    data = directory / "data"
    data.mkdir(parents=True)
    identity = create_identity(directory / "identity.json", issuer=ISSUER)
    TrustStore(data / TRUST_FILE).add(
        issuer=ISSUER,
        public_key=identity.active.public_key,
        workspaces=(WORKSPACE,),
        added_at=format_instant(SystemClock().now()),
    )
    runtime_id = _read_id(data)
    log = directory / "log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "yoi", "runtime", "serve", "--port", "0"],
            stdout=stream,
            stderr=stream,
            env={
                "PATH": os.defpath,
                "YOI_DATA_DIR": str(data),
                "YOI_CACHE_DIR": str(directory / "cache"),
                "YOI_HOST_POLICY": str(directory / "host-policy.toml"),
            },
        )
    try:
        port = _wait_for_port(process, log)
        yield ServedRuntime(process.pid, port, runtime_id, identity)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(_START_SECONDS)


def _read_id(data: Path) -> str:
    embedded = EmbeddedRuntime(data)
    try:
        return asyncio.run(embedded.get_runtime(build_local_caller())).id
    finally:
        embedded.close()


def _wait_for_port(process: subprocess.Popen[bytes], log: Path) -> int:
    deadline = time.monotonic() + _START_SECONDS
    while (found := re.search(rb"listening on \S+:(\d+)\n", log.read_bytes())) is None:
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"the server did not start:\n{log.read_text()}")
        time.sleep(0.02)
    return int(found[1])
