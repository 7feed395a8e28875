"""A Backend's REST surface over a real socket, in this process; nothing runs in it but what is asked for."""

import asyncio
import json
import re
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

from support.backend.in_process_jobs import InProcessJobs
from support.bundles.small_bundles import SmallBundle, build_small_bundle
from support.hostile.raw_http import RawAnswer, ask
from support.runtime.manual_clock import ManualClock
from support.runtime.runtime_under_test import SHARED_SCANNER
from yoi_bundle.archive import write_archive
from yoi_bundle.media_types import BUNDLE_ARCHIVE_MEDIA_TYPE
from yoi_bundle.verified import verify_manifest
from yoi_wire.backend.tokens import Role, TokenScope
from yoi_wire.backend.workspaces import NewWorkspace, PublishedSource, Source
from yoi_wire.server.http_state import HttpLimits, HttpState
from yoi_wire.server.server import HttpServer, ListenAddress
from yoi_workspace_server.configuration import EmbeddedSettings, ServerSettings
from yoi_workspace_server.first_start import create_secret
from yoi_workspace_server.rest.app import build_app
from yoi_workspace_server.serving import open_parts
from yoi_workspace_server.tokens import NewApiToken, hash_secret

_DEADLINE_SECONDS = 20.0
ARCHIVE_HEADERS = {"Content-Type": BUNDLE_ARCHIVE_MEDIA_TYPE}


class BackendRest:
    """Store, sources, embedded Runtime, application and socket; the reconciler works only when a request wakes it.

    Attributes:
        clock: What tokens expire by.
        services: What the routes work with.
        socket: Where it listens.
        admin: Secret of the first token.
    """

    def __init__(
        self,
        directory: Path,
        *,
        source_roots: Sequence[Path] = (),
        embedded: str | None = None,
        limits: HttpLimits | None = None,
        restored: bool = False,
    ) -> None:
        self.clock = ManualClock()
        self._settings = ServerSettings(
            data_directory=directory,
            database=f"sqlite:///{directory / 'backend.db'}",
            listening=ListenAddress(),
            restored=restored,
            source_roots=tuple(source_roots),
            embedded=None if embedded is None else EmbeddedSettings(name=embedded),
        )
        self._limits = limits
        self._runner = asyncio.Runner()
        self._sockets = tempfile.TemporaryDirectory()
        self.socket = Path(self._sockets.name) / "backend.sock"
        self._resources = AsyncExitStack()
        self.run(self._open())

    def run(self, operation: Any) -> Any:
        return self._runner.run(operation)

    def close(self) -> None:
        self.run(self._resources.aclose())
        self._runner.close()
        self._sockets.cleanup()

    async def _open(self) -> None:
        parts = await self._resources.enter_async_context(
            open_parts(self._settings, self.clock, jobs=InProcessJobs(SHARED_SCANNER))
        )
        self.services = parts.services
        if self._limits is not None:
            old = self.services.http
            http = HttpState(old.check_readiness, metrics=old.metrics, log=old.log, limits=self._limits)
            self.services = replace(self.services, http=http)
        self.server = HttpServer(build_app(self.services), ListenAddress(socket=self.socket))
        await self.server.start()
        self._resources.push_async_callback(self.server.stop)
        self._resources.callback(self.services.http.streams.end_all)
        assert parts.token_file is not None, "a first start makes a token"
        self.admin = parts.token_file.read_text(encoding="ascii").strip()

    def add_token(
        self,
        role: Role,
        *,
        workspaces: Iterable[str] | None = None,
        scopes: Iterable[TokenScope] = (),
        lifetime_seconds: int | None = None,
        revoked: bool = False,
        name: str = "",
    ) -> str:
        """Make a token past the REST surface, and return its secret."""
        secret = create_secret()
        now = self.clock.now()
        new = NewApiToken(
            id=self.get_token_id(secret),
            secret_hash=hash_secret(secret),
            name=name or f"some-{role}",
            role=role,
            workspaces=None if workspaces is None else frozenset(workspaces),
            scopes=frozenset(scopes),
            expires_at=None if lifetime_seconds is None else now + lifetime_seconds * 1000,
        )
        tokens = self.services.store.tokens
        self.run(tokens.add_token(new, actor="test", now=now))
        if revoked:
            self.run(tokens.revoke_token(new.id, actor="test", now=now))
        return secret

    def get_token_id(self, secret: str) -> str:
        """Return the id of a token that `add_token` made."""
        return hash_secret(secret)[:32]

    def get_first_token_id(self) -> str:
        """Return the id of the first admin's token."""
        found: str = self.run(
            self.services.store.tokens.find_by_hash(hash_secret(self.admin), now=self.clock.now())
        ).id
        return found

    def add_workspace(self, workspace: str = "library", source: Source | None = None) -> None:
        """Add a workspace to which bundles are published, unless it has another source."""
        new = NewWorkspace(id=workspace, source=source or PublishedSource())
        self.run(self.services.store.workspaces.add_workspace(new, actor="test", now=self.clock.now()))

    def publish(self, text: str, workspace: str = "library") -> SmallBundle:
        """Publish a small bundle over REST, as the first admin."""
        bundle = build_small_bundle(workspace, prompts={"greeting": text.encode()})
        answer = self.ask(
            "POST",
            f"/api/v1/workspaces/{workspace}/bundles",
            body=archive_bundle(bundle),
            headers=ARCHIVE_HEADERS,
        )
        assert answer.status in {200, 201}, answer
        return bundle

    def ask(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        document: Any = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> RawAnswer:
        """Send one request; as the first admin when no token is given, and as nobody when it is empty."""
        return self.run(self.send(method, path, token=token, document=document, body=body, headers=headers))

    async def send(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        document: Any = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> RawAnswer:
        """As `ask`, in the event loop of the server."""
        secret = self.admin if token is None else token
        sent = {"Authorization": f"Bearer {secret}"} if secret else {}
        if document is not None:
            sent["Content-Type"] = "application/json"
            body = json.dumps(document).encode()
        pieces = () if body is None else (body,)
        return await ask(self.socket, method, path, headers={**sent, **(headers or {})}, pieces=pieces)

    @asynccontextmanager
    async def open_stream(
        self, path: str, *, token: str | None = None, headers: Mapping[str, str] | None = None
    ) -> AsyncIterator["EventStream"]:
        """Give an answer that comes piece by piece, in the event loop of the server."""
        reader, writer = await asyncio.open_unix_connection(str(self.socket))
        sent = {
            "Host": "x",
            "Connection": "close",
            "Authorization": f"Bearer {self.admin if token is None else token}",
        }
        lines = [f"{name}: {value}" for name, value in {**sent, **(headers or {})}.items()]
        writer.write("\r\n".join([f"GET {path} HTTP/1.1", *lines, "", ""]).encode("ascii"))
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = re.search(r"content-length: (\d+)", head)
            yield EventStream(int(head.split(" ")[1]), reader, int(length[1]) if length else None)
        finally:
            writer.close()

    def get(self, path: str, **named: Any) -> Any:
        """Ask for a document that has to be there."""
        answer = self.ask("GET", path, **named)
        assert answer.status == 200, answer
        return json.loads(answer.body)

    def post(self, path: str, document: Any = None, *, status: int = 201, **named: Any) -> Any:
        """Send a document that has to be taken."""
        answer = self.ask("POST", path, document=document, **named)
        assert answer.status == status, answer
        return json.loads(answer.body)


class EventStream:
    """Server-Sent Events as they come; the chunks of HTTP fall between lines and are passed over."""

    def __init__(self, status: int, reader: asyncio.StreamReader, length: int | None) -> None:
        self.status = status
        self._reader = reader
        self._length = length

    async def read_body(self) -> bytes:
        """Return the body of an answer that says how long it is."""
        assert self._length is not None, "it does not"
        return await self._reader.readexactly(self._length)

    async def read_records(self, count: int) -> list[dict[str, Any]]:
        """Return as many records; each has its event's id as `id` and its name as `event`."""
        records: list[dict[str, Any]] = []
        event: dict[str, Any] = {}
        async with asyncio.timeout(_DEADLINE_SECONDS):
            while len(records) < count:
                line = await self._reader.readline()
                assert line, "the stream ended"
                name, _, value = line.decode().strip().partition(": ")
                if name in {"id", "event"}:
                    event[name] = value
                elif name == "data":
                    records.append({**event, **json.loads(value)})
                    event = {}
        return records

    async def read_opening(self) -> None:
        """Return once the stream has begun: what is recorded from here on comes in it."""
        async with asyncio.timeout(_DEADLINE_SECONDS):
            await self._reader.readuntil(b": open\n\n")

    async def read_to_end(self) -> bytes:
        """Return what still comes, once the server has ended the stream."""
        async with asyncio.timeout(_DEADLINE_SECONDS):
            return await self._reader.read()


def archive_bundle(bundle: SmallBundle) -> bytes:
    """Return a bundle as an archive, with its metadata."""
    out = BytesIO()
    verified = verify_manifest(bundle.manifest, bundle.digest)
    write_archive(bundle.manifest, verified, bundle.blobs.__getitem__, out, metadata=bundle.metadata)
    return out.getvalue()
