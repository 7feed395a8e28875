"""A Runtime on a network of its own, whose cable is pulled for a while (K-04, K-05, K-09)."""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from support.bundles.small_bundles import SmallBundle, build_small_bundle
from support.processes.network_namespace import INSIDE, NetworkNamespace, open_namespace
from support.processes.private_authority import Certified, certify_loopback
from support.processes.served_fleet import wait_until, write_small_archive
from support.processes.served_process import ServedProcess, build_backend
from support.processes.served_replica import ReplicaApi, ServedReplica
from worker_runtime.contract.assignments import Assignment
from worker_runtime.remote.connection import Connection
from worker_runtime.remote.credentials import SignedCredentials
from worker_runtime.remote.runtime import RemoteRuntime
from worker_runtime.trust.identity import create_identity, load_identity
from yoi_bundle.media_types import BUNDLE_ARCHIVE_MEDIA_TYPE
from yoi_wire.client.endpoint import Endpoint
from yoi_wire.clock import SystemClock

_ISSUER = "main"
_SETTINGS = """
[reconciler]
confirm_seconds = 1.0
probe_seconds = 0.5
backoff = { first_seconds = 0.1, max_seconds = 1.0 }
"""


class _FarRuntime:
    """A Runtime in a namespace, over TLS, and the one Backend that it trusts."""

    def __init__(
        self, directory: Path, namespace: NetworkNamespace, api: ReplicaApi, process: ServedProcess
    ) -> None:
        self.namespace = namespace
        self.api = api
        self._process = process
        self._authority = (directory / "tls" / "authority.pem").read_text(encoding="ascii")
        self._url = f"https://{INSIDE}:{process.port}"

    async def register(self) -> None:
        connection = {"url": self._url, "authority": self._authority}
        added = {"name": "far", "audience": self._process.runtime_id, "connection": connection}
        everywhere = {"id": "everywhere", "effect": "allow", "workspaces": ["*"], "runtimes": ["*"]}
        workspace = {"id": "library", "source": {"kind": "published"}, "visibility": "internal"}
        await self.api.post("workspaces", workspace)
        await self.api.put("placements", {"generation": 0, "rules": [everywhere]})
        await self.api.post("runtimes", added)

    async def publish(self, text: bytes) -> SmallBundle:
        bundle = build_small_bundle(prompts={"greeting": text})
        archive = write_small_archive(bundle)
        await self.api.send("workspaces/library/bundles", archive, BUNDLE_ARCHIVE_MEDIA_TYPE)
        return bundle

    async def wait_for(self, state: str, bundle: SmallBundle) -> Any:
        """Wait until the Backend says this of a bundle that it wants there."""

        async def find() -> Any:
            (row,) = await self.api.list_all("availability", workspace="library")
            return row

        async def holds() -> bool:
            row = await find()
            return bool(row["state"] == state and row["desired"]["digest"] == bundle.digest)

        async def describe() -> str:
            return str(await find())

        await wait_until(holds, describe)
        return await find()

    async def get_assignment(self) -> Assignment:
        """Ask the Runtime itself."""
        identity = load_identity(self._process.identity_file)
        credentials = SignedCredentials(identity, audience=self._process.runtime_id, clock=SystemClock())
        endpoint = Endpoint(url=self._url, authority_text=self._authority)
        client = RemoteRuntime(Connection(endpoint, credentials))
        try:
            return await client.get_assignment(build_backend("library", _ISSUER), "library")
        finally:
            await client.close()


def _serve_far(directory: Path, namespace: NetworkNamespace, identity: Path) -> ServedProcess:
    certified: Certified = certify_loopback(directory / "tls", INSIDE)
    return ServedProcess(
        directory / "far",
        workspaces=["library"],
        identity_file=identity,
        prefix=namespace.prefix,
        options=[
            *("--address", INSIDE),
            *("--certificate", certified.certificate),
            *("--private-key", certified.private_key),
        ],
    )


@pytest.mark.req("K-04", "K-05", "K-09")
def test_what_is_said_of_a_runtime_is_true_while_its_network_is_cut_and_after(tmp_path: Path) -> None:
    identity = tmp_path / "identity.json"
    create_identity(identity, issuer=_ISSUER)
    database = f"sqlite:///{tmp_path / 'backend.db'}"
    replica = ServedReplica(tmp_path / "backend", database=database, identity=identity, settings=_SETTINGS)

    async def play(far: _FarRuntime) -> None:
        await far.register()
        first = await far.publish(b"Be kind.\n")
        await far.wait_for("in_sync", first)
        far.namespace.cut()
        second = await far.publish(b"Be brief.\n")
        row = await far.wait_for("unreachable", second)
        assert (row["observed"]["digest"], row["skew"]) == (first.digest, 1)
        far.namespace.mend()
        row = await far.wait_for("in_sync", second)
        own = await far.get_assignment()
        assert (own.digest, own.generation) == (second.digest, row["observed"]["generation"])

    async def open_api(namespace: NetworkNamespace, process: ServedProcess) -> None:
        headers = {"Authorization": f"Bearer {replica.read_token()}"}
        async with aiohttp.ClientSession(headers=headers) as session:
            await play(_FarRuntime(tmp_path, namespace, ReplicaApi(session, replica.url), process))

    with open_namespace() as namespace:
        try:
            replica.start()
            with _serve_far(tmp_path, namespace, identity) as process:
                asyncio.run(open_api(namespace, process))
        finally:
            replica.clean_up()
