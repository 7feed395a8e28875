"""Names by which a server on loopback is called, and those by which a web page would call it (K-09)."""

from pathlib import Path

import pytest

from yoi_wire.server.known_hosts import is_known_host
from yoi_wire.server.server import ListenAddress

pytestmark = pytest.mark.req("K-09")


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:7320",
        "localhost.",
        "127.0.0.1",
        "127.0.0.1:7320",
        "127.1.2.3",
        "[::1]:7320",
        "own.test:1",
    ],
)
def test_what_means_this_host_is_known(host: str) -> None:
    assert is_known_host(host, ("own.test",))


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:7320",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "127.1",
        "10.0.0.1",
        "[::2]:1",
        "localhost@evil.example",
        "0.0.0.0",
        "own.test",
    ],
)
def test_every_other_name_is_unknown(host: str) -> None:
    assert not is_known_host(host, ())


def test_only_a_server_on_plain_loopback_looks_at_names() -> None:
    assert ListenAddress().checks_hosts
    tls = ListenAddress(certificate=Path("c.pem"), private_key=Path("k.pem"))
    for other in (
        tls,
        ListenAddress(socket=Path("s")),
        ListenAddress(behind_proxy=True),
        ListenAddress(address="10.0.0.1"),
    ):
        assert not other.checks_hosts
