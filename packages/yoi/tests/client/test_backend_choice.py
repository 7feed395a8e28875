"""Which Backend a command asks, with which token: flags, the environment, the login."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest

from yoi.backend.address import BackendAddress
from yoi.backend.login import find_login, forget_login, store_login
from yoi.backend.options import backend_or_runtime, online_options
from yoi.configuration import read_configuration
from yoi.runtime.remote_options import RemoteAddress, remote_options
from yoi_wire.errors import RequestInvalidError

pytestmark = pytest.mark.req("K-09")

_HOME, _AWAY = "https://home.example", "https://away.example"
_PEM = "-----BEGIN CERTIFICATE-----\n"


@dataclass(frozen=True)
class Choosing:
    """A user with two token files and a PEM file."""

    place: Path

    def write(self, name: str, text: str) -> str:
        path = self.place / name
        path.write_text(text, encoding="ascii")
        return str(path)

    def log_in(self, **trust: str) -> None:
        store_login(self.place / "config", BackendAddress(url=_HOME, token="of-login", **trust))

    def choose(self, *arguments: str, **environment: str) -> BackendAddress:
        """Run a command of nothing but the options."""
        found: list[BackendAddress] = []

        @click.command()
        @online_options
        def probe(backend: BackendAddress, as_json: bool) -> None:
            del as_json
            found.append(backend)

        self.run(probe, *arguments, **environment)
        return found[0]

    def run(self, command: click.Command, *arguments: str, **environment: str) -> Any:
        configuration = read_configuration({"YOI_CONFIG_DIR": str(self.place / "config"), **environment})
        return command.main([*arguments], standalone_mode=False, obj=configuration)


@pytest.fixture
def choosing(tmp_path: Path) -> Choosing:
    return Choosing(tmp_path)


def test_flags_go_before_the_environment_and_that_before_the_login(choosing: Choosing) -> None:
    flag, variable = choosing.write("flag", "of-flag\n"), choosing.write("variable", "of-variable\n")
    with pytest.raises(click.UsageError, match="yoi login"):
        choosing.choose()
    choosing.log_in()
    environment = {"YOI_SERVER": _AWAY, "YOI_TOKEN_FILE": variable}
    chosen = [
        choosing.choose(),
        choosing.choose(**environment),
        choosing.choose("--server", "https://third.example", "--token-file", flag, **environment),
        choosing.choose("--token-file", flag, **environment),
        choosing.choose(YOI_TOKEN_FILE=variable),
    ]
    assert [(one.url, one.token) for one in chosen] == [
        (_HOME, "of-login"),
        (_AWAY, "of-variable"),
        ("https://third.example", "of-flag"),
        (_AWAY, "of-flag"),
        (_HOME, "of-variable"),
    ]


def test_a_token_goes_to_no_other_server_than_it_was_given_for(choosing: Choosing) -> None:
    choosing.log_in()
    variable = choosing.write("variable", "of-variable")
    with pytest.raises(click.UsageError, match="no token"):
        choosing.choose("--server", _AWAY)
    with pytest.raises(click.UsageError, match="no token"):
        choosing.choose("--server", _AWAY, YOI_SERVER="https://third.example", YOI_TOKEN_FILE=variable)
    assert choosing.choose("--server", f"{_HOME}/").token == "of-login"
    given = choosing.choose("--server", _AWAY, YOI_TOKEN_FILE=variable)
    assert (given.url, given.token) == (_AWAY, "of-variable")


def test_what_the_login_trusts_goes_with_its_url_unless_something_else_is_said(choosing: Choosing) -> None:
    choosing.log_in(authority=_PEM, fingerprint="aa")
    token, other = choosing.write("token", "t"), choosing.write("other.pem", f"{_PEM}other")
    kept = choosing.choose("--token-file", token)
    assert (kept.authority, kept.fingerprint, kept.token) == (_PEM, "aa", "t")
    said = choosing.choose("--server-fingerprint", "bb", YOI_SERVER_AUTHORITY=other)
    assert (said.authority, said.fingerprint, said.token) == (None, "bb", "of-login")
    away = choosing.choose("--server", _AWAY, "--token-file", token)
    assert (away.authority, away.fingerprint) == (None, None)
    variable = choosing.choose(YOI_SERVER_AUTHORITY=other)
    assert (variable.authority, variable.fingerprint) == (f"{_PEM}other", None)
    with pytest.raises(RequestInvalidError):
        choosing.choose("--server-authority", str(choosing.place / "none.pem"))


@pytest.mark.parametrize("text", ["", "\n", "two words", "x" * 513, "caf\u00e9"])
def test_a_file_without_a_token_is_refused_and_not_shown(choosing: Choosing, text: str) -> None:
    path = choosing.place / "token"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RequestInvalidError) as refused:
        choosing.choose("--server", _HOME, "--token-file", str(path))
    assert len(text.strip()) < 3 or text.strip() not in str(refused.value)


def test_a_runtime_that_is_named_is_asked_directly(choosing: Choosing) -> None:
    found: list[tuple[str | None, str | None]] = []

    @click.command()
    @remote_options("--to", required=False)
    @backend_or_runtime
    def probe(address: RemoteAddress | None, backend: BackendAddress | None) -> None:
        found.append((address and address.url, backend and backend.url))

    choosing.log_in()
    choosing.run(probe)
    choosing.run(probe, "--to", _AWAY, "--runtime-id", "0", YOI_SERVER=_HOME)
    assert found == [(None, _HOME), (_AWAY, None)]
    with pytest.raises(click.UsageError, match="not both"):
        choosing.run(probe, "--to", _AWAY, "--runtime-id", "0", "--server", _HOME)


def test_a_file_of_a_login_that_is_none_is_said_and_can_be_forgotten(tmp_path: Path) -> None:
    assert find_login(tmp_path) is None
    store_login(tmp_path, BackendAddress(url=_HOME, token="of-login"))
    (file,) = tmp_path.iterdir()
    file.write_text('{"url": 7}')
    with pytest.raises(RequestInvalidError):
        find_login(tmp_path)
    assert forget_login(tmp_path)
    assert not forget_login(tmp_path)
