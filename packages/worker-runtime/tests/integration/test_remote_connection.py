"""How a client knows its Runtime, and what it does when there is none (K-09)."""

import asyncio
import datetime
import ipaddress
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from support.runtime.manual_clock import ManualClock
from support.runtime.rest_services import build_services
from support.runtime.rest_under_test import RestUnderTest
from support.runtime.runtime_under_test import build_caller
from worker_runtime.contract.caller import Caller
from worker_runtime.contract.runtime_info import RuntimeInfo
from worker_runtime.remote.connection import Connection
from worker_runtime.remote.credentials import SignedCredentials
from worker_runtime.remote.runtime import RemoteRuntime
from worker_runtime.rest.app import build_app
from worker_runtime.rest.authentication import TokenAuthenticator
from worker_runtime.trust.identity import create_identity, finish_rotation, start_rotation
from worker_runtime.trust.trust_store import TRUST_FILE, TrustStore
from yoi_wire.client.deadlines import Deadlines
from yoi_wire.client.endpoint import Endpoint
from yoi_wire.client.messages import Request
from yoi_wire.errors import (
    LeaseExpiredError,
    RequestInvalidError,
    RuntimeUnavailableError,
    UnauthenticatedError,
)
from yoi_wire.server.server import HttpServer, ListenAddress

_CALLER = build_caller(kind="remote", scopes=frozenset({"runtime:read"}))


class Certificate(NamedTuple):
    """A self-signed certificate, which is its own authority."""

    certificate: Path
    private_key: Path
    fingerprint: str


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RestUnderTest]:
    under_test = RestUnderTest(tmp_path / "data")
    yield under_test
    under_test.close()


def _make_certificate(directory: Path) -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "runtime.test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = directory / "certificate.pem", directory / "private-key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return Certificate(*paths, certificate.fingerprint(hashes.SHA256()).hex())


@asynccontextmanager
async def _serve_tls(server: RestUnderTest, made: Certificate) -> AsyncIterator[str]:
    async def get_audience() -> str:
        return server.audience

    trust = TrustStore(server.directory / TRUST_FILE)
    authenticator = TokenAuthenticator(trust, get_audience=get_audience, clock=server.clock)
    services = build_services(server.embedded, authenticator, server.embedded.check_readiness)
    listening = ListenAddress(port=0, certificate=made.certificate, private_key=made.private_key)
    second = HttpServer(build_app(services), listening)
    await second.start()
    try:
        yield second.listening.describe()
    finally:
        await second.stop()


async def _ask(server: RestUnderTest, endpoint: Endpoint) -> RuntimeInfo:
    signing = SignedCredentials(server.identities["main"], audience=server.audience, clock=server.clock)
    client = RemoteRuntime(Connection(endpoint, signing))
    try:
        return await client.get_runtime(_CALLER)
    finally:
        await client.close()


@pytest.mark.req("K-09")
def test_a_private_authority_or_a_pinned_certificate_is_believed_and_no_other(
    server: RestUnderTest, tmp_path: Path
) -> None:
    made = _make_certificate(tmp_path)
    (tmp_path / "other").mkdir()
    other = _make_certificate(tmp_path / "other")

    async def run() -> None:
        async with _serve_tls(server, made) as url:
            assert url.startswith("https://")
            for good in (
                Endpoint(url=url, authority=made.certificate),
                Endpoint(url=url, fingerprint=made.fingerprint),
                Endpoint(url=url, fingerprint=f"sha256:{made.fingerprint}"),
            ):
                assert (await _ask(server, good)).id == server.audience
            for bad in (
                Endpoint(url=url),
                Endpoint(url=url, authority=other.certificate),
                Endpoint(url=url, fingerprint=other.fingerprint),
            ):
                with pytest.raises(RuntimeUnavailableError):
                    await _ask(server, bad)

    server.run(run())


@pytest.mark.req("K-09")
@pytest.mark.parametrize("endpoint", [Endpoint(fingerprint="abc"), Endpoint(authority=Path("none.pem"))])
def test_an_endpoint_that_can_prove_nothing_is_refused(server: RestUnderTest, endpoint: Endpoint) -> None:
    with pytest.raises(RequestInvalidError):
        server.run(_ask(server, endpoint))


def test_a_runtime_that_is_not_there_is_unavailable(server: RestUnderTest, tmp_path: Path) -> None:
    with pytest.raises(RuntimeUnavailableError) as caught:
        server.run(_ask(server, Endpoint(socket=tmp_path / "nobody.sock")))
    assert caught.value.details() == {"reason": "unreachable"}


def test_a_runtime_that_never_answers_is_given_up(server: RestUnderTest) -> None:
    given_up = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        given_up.set()

    async def run() -> None:
        listener = await asyncio.start_unix_server(
            say_nothing, path=str(server.socket.with_name("mute.sock"))
        )
        connection = Connection(
            Endpoint(socket=server.socket.with_name("mute.sock")),
            server.credentials,
            deadlines=Deadlines(request_seconds=0.2),
        )
        try:
            with pytest.raises(RuntimeUnavailableError):
                await RemoteRuntime(connection).get_runtime(_CALLER)
        finally:
            await connection.close()
            await given_up.wait()
            listener.close()

    server.run(run())


async def _yield_forever() -> AsyncIterator[bytes]:
    while True:
        yield bytes(64 * 1024)


_STREAM = ("POST", _yield_forever)
_BYTES = ("PUT", lambda: bytes(8 * 1024 * 1024))
_AT_ONCE = 10**9


@pytest.mark.req("R-09")
@pytest.mark.parametrize(
    ("asked", "deadlines"),
    [
        (_STREAM, Deadlines(idle_seconds=0.2, min_bytes_per_second=_AT_ONCE)),
        (_STREAM, Deadlines(stream_seconds=0.2)),
        (_BYTES, Deadlines(idle_seconds=0.2, min_bytes_per_second=_AT_ONCE)),
        (_BYTES, Deadlines(request_seconds=0.2, min_bytes_per_second=_AT_ONCE)),
    ],
    ids=["a piece of a stream", "a stream", "a piece of a body", "a body"],
)
def test_a_runtime_that_takes_no_more_of_a_body_is_given_up(
    server: RestUnderTest, asked: tuple[str, Any], deadlines: Deadlines
) -> None:
    method, make_body = asked
    given_up = asyncio.Event()

    async def take_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        del reader
        await given_up.wait()
        writer.transport.abort()

    async def run() -> None:
        deaf = server.socket.with_name("deaf.sock")
        listener = await asyncio.start_unix_server(take_nothing, path=str(deaf), limit=1024)
        connection = Connection(Endpoint(socket=deaf), server.credentials, deadlines=deadlines)
        try:
            with pytest.raises(RuntimeUnavailableError) as caught:
                await connection.send(_CALLER, Request(method=method, path="/v1/x", body=make_body()))
            assert caught.value.retryable
        finally:
            await connection.close()
            given_up.set()
            listener.close()

    server.run(run())


class _CountedCredentials:
    """Gives one bad token, then what the others give."""

    def __init__(self, good: SignedCredentials, bad: int) -> None:
        self.asked = 0
        self._good = good
        self._bad = bad

    def build_headers(self, caller: Caller) -> Mapping[str, str]:
        self.asked += 1
        return {"Authorization": "Bearer x"} if self.asked <= self._bad else self._good.build_headers(caller)

    def forget(self, caller: Caller) -> bool:
        del caller
        return True


@pytest.mark.req("K-09")
@pytest.mark.parametrize(("bad", "asked"), [(0, 1), (1, 2), (9, 2)])
def test_a_refused_token_is_replaced_once(server: RestUnderTest, bad: int, asked: int) -> None:
    signing = SignedCredentials(server.identities["main"], audience=server.audience, clock=server.clock)
    credentials = _CountedCredentials(signing, bad)

    async def run() -> None:
        client = RemoteRuntime(Connection(Endpoint(socket=server.socket), credentials))
        try:
            await client.get_runtime(_CALLER)
        finally:
            await client.close()

    if bad > 1:
        with pytest.raises(UnauthenticatedError):
            server.run(run())
    else:
        server.run(run())
    assert credentials.asked == asked


class _OutdatedCredentials:
    """Gives a bad token until it is told to forget it."""

    def __init__(self, good: SignedCredentials) -> None:
        self._good = good
        self._outdated = True

    def build_headers(self, caller: Caller) -> Mapping[str, str]:
        return {"Authorization": "Bearer x"} if self._outdated else self._good.build_headers(caller)

    def forget(self, caller: Caller) -> bool:
        del caller
        self._outdated = False
        return True


@pytest.mark.req("K-09", "R-04")
def test_a_pack_is_never_sent_twice_but_its_refused_token_is_dropped(server: RestUnderTest) -> None:
    signing = SignedCredentials(server.identities["main"], audience=server.audience, clock=server.clock)
    writer = build_caller(kind="remote", scopes=frozenset({"bundles:write"}))
    begun = []

    async def pack() -> AsyncIterator[bytes]:
        begun.append(1)
        yield bytes(1024)

    async def run() -> None:
        client = RemoteRuntime(Connection(Endpoint(socket=server.socket), _OutdatedCredentials(signing)))
        try:
            with pytest.raises(UnauthenticatedError):
                await client.put_pack(writer, "none", pack())
            assert len(begun) == 1
            with pytest.raises(LeaseExpiredError):
                await client.put_pack(writer, "none", pack())
        finally:
            await client.close()

    server.run(run())


@pytest.mark.req("K-09")
def test_a_token_is_used_again_until_shortly_before_its_end(server: RestUnderTest) -> None:
    clock = ManualClock()
    signing = SignedCredentials(server.identities["main"], audience="a", clock=clock)
    first = signing.build_headers(_CALLER)
    clock.advance(minutes=3)
    assert signing.build_headers(_CALLER) == first
    clock.advance(minutes=1)
    assert signing.build_headers(_CALLER) != first


@pytest.mark.req("K-09")
def test_during_a_rotation_both_keys_are_good(server: RestUnderTest, tmp_path: Path) -> None:
    path = tmp_path / "hub.json"
    trust = TrustStore(server.directory / TRUST_FILE)
    create_identity(path, issuer="hub")
    rotating = start_rotation(path)
    assert rotating.next is not None
    for key, rotation in ((rotating.active, False), (rotating.next, True)):
        trust.add(
            issuer="hub",
            public_key=key.public_key,
            workspaces=["library"],
            added_at="2026-01-31T12:00:00Z",
            rotation=rotation,
        )
    for identity in (rotating, finish_rotation(path)):
        signing = SignedCredentials(identity, audience=server.audience, clock=server.clock)

        async def run(signing: SignedCredentials = signing) -> str:
            client = RemoteRuntime(Connection(Endpoint(socket=server.socket), signing))
            try:
                return (await client.get_runtime(_CALLER)).id
            finally:
                await client.close()

        assert server.run(run()) == server.audience


@pytest.mark.req("K-09")
def test_two_servers_never_share_an_address(server: RestUnderTest, tmp_path: Path) -> None:
    made = _make_certificate(tmp_path)
    app = server.server.app

    async def run() -> None:
        with pytest.raises(RequestInvalidError) as caught:
            await HttpServer(app, ListenAddress(socket=server.socket)).start()
        assert caught.value.field == "socket"
        async with _serve_tls(server, made) as url:
            port = int(url.rpartition(":")[2])
            with pytest.raises(RequestInvalidError) as caught:
                await HttpServer(app, ListenAddress(port=port)).start()
            assert caught.value.field == "port"
        file = tmp_path / "a-file"
        file.write_text("kept")
        with pytest.raises(RequestInvalidError):
            await HttpServer(app, ListenAddress(socket=file)).start()
        assert file.read_text() == "kept"

    server.run(run())


@pytest.mark.req("K-09")
def test_servers_that_are_given_port_0_each_listen_on_a_port_of_their_own_and_say_it(
    server: RestUnderTest,
) -> None:
    app = server.server.app

    async def run() -> None:
        servers = [HttpServer(app, ListenAddress(port=0)) for _ in range(3)]
        try:
            await asyncio.gather(*(one.start() for one in servers))
            ports = [one.listening.port for one in servers]
            assert len({*ports, 0}) == 4
            for one in servers:
                endpoint = Endpoint(url=one.listening.describe())
                assert (await _ask(server, endpoint)).id == server.audience
                with pytest.raises(RequestInvalidError) as caught:
                    await HttpServer(app, one.listening).start()
                assert caught.value.field == "port"
        finally:
            for one in servers:
                await one.stop()

    server.run(run())
