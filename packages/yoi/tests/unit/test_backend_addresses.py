"""Where a token may be sent."""

import pytest

from yoi.__main__ import run
from yoi.backend.address import BackendAddress, parse_backend_url
from yoi_wire.errors import RequestInvalidError

pytestmark = pytest.mark.req("K-09")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("https://backend.example:7320/", "https://backend.example:7320"),
        ("https://backend.example", "https://backend.example"),
        ("http://127.0.0.1:7320", "http://127.0.0.1:7320"),
        ("http://[::1]:7320", "http://[::1]:7320"),
        ("http://localhost:7320/", "http://localhost:7320"),
        ("unix:/run/yoi/backend.sock", "unix:/run/yoi/backend.sock"),
        ("unix:///run/yoi/backend.sock", "unix:/run/yoi/backend.sock"),
    ],
)
def test_an_address_is_kept_in_one_form(typed: str, kept: str) -> None:
    assert parse_backend_url(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "http://backend.example",
        "http://192.0.2.7:7320",
        "http://localhost.example",
        "https://user@backend.example",
        "https://backend.example/api",
        "https://backend.example?x=1",
        "https://backend.example:port",
        "https://",
        "ftp://backend.example",
        "backend.example",
        "unix:",
        "",
    ],
)
def test_an_address_that_shows_the_token_to_a_network_or_says_more_is_refused(typed: str) -> None:
    with pytest.raises(RequestInvalidError):
        parse_backend_url(typed)


def test_an_address_never_shows_its_token() -> None:
    token = "-".join(("some", "secret"))
    assert token not in repr(BackendAddress(url="https://backend.example", token=token))


@pytest.mark.parametrize(
    "place", ["https://name:{}@runtime.example", "https://runtime.example/?{}", "http://{}.example"]
)
def test_the_address_of_a_runtime_holds_no_credential_and_shows_no_token_to_a_network(
    place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    word = "-".join(("some", "secret"))
    options = ["--runtime", place.format(word), "--runtime-id", "0" * 32]
    assert run(["worker", "list", *options]) == 2
    said = "".join(capsys.readouterr())
    assert "https://HOST" in said or "this host alone" in said
    assert word not in said
