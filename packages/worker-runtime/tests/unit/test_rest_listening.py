"""A Runtime never listens in the open (K-09), and waits for no body without end (R-09)."""

from pathlib import Path
from typing import Any

import pytest

from yoi_wire.errors import RequestInvalidError
from yoi_wire.server.body_limits import BodyRate
from yoi_wire.server.server import ListenAddress, verify_listen_address

_TLS: dict[str, Any] = {"certificate": Path("c.pem"), "private_key": Path("k.pem")}


@pytest.mark.req("K-09")
@pytest.mark.parametrize(
    ("listening", "trusted"),
    [
        (ListenAddress(), False),
        (ListenAddress(address="::1"), False),
        (ListenAddress(address="localhost"), False),
        (ListenAddress(socket=Path("s")), False),
        (ListenAddress(socket=Path("s"), address="0.0.0.0"), False),
        (ListenAddress(address="0.0.0.0", **_TLS), True),
        (ListenAddress(address="10.0.0.1", behind_proxy=True), True),
    ],
)
def test_where_strangers_cannot_listen_in_it_may_listen(listening: ListenAddress, trusted: bool) -> None:
    verify_listen_address(listening, has_trusted_keys=trusted)


@pytest.mark.req("K-09")
@pytest.mark.parametrize(
    ("listening", "trusted", "field"),
    [
        (ListenAddress(address="0.0.0.0"), True, "certificate"),
        (ListenAddress(address="::"), True, "certificate"),
        (ListenAddress(address="runtime.example"), True, "certificate"),
        (ListenAddress(address="0.0.0.0", **_TLS), False, "address"),
        (ListenAddress(address="0.0.0.0", behind_proxy=True), False, "address"),
        (ListenAddress(certificate=Path("c.pem")), True, "certificate"),
    ],
)
def test_it_refuses_to_listen_in_the_open(listening: ListenAddress, trusted: bool, field: str) -> None:
    with pytest.raises(RequestInvalidError) as caught:
        verify_listen_address(listening, has_trusted_keys=trusted)
    assert caught.value.field == field


@pytest.mark.req("R-09")
def test_a_body_has_to_go_on_to_keep_its_rate_and_to_end() -> None:
    pace = BodyRate(grace_seconds=10, idle_seconds=5, total_seconds=100, min_bytes_per_second=100)
    assert pace.compute_wait(0, 0) == 5
    assert pace.compute_wait(8, 0) == 2
    assert pace.compute_wait(11, 0) < 0
    assert pace.compute_wait(11, 1000) == 5
    assert pace.compute_wait(101, 1_000_000) < 0
