"""Settings of the server: environment before flags before the file before defaults."""

from pathlib import Path

import pytest

from yoi_wire.errors import RequestInvalidError
from yoi_workspace_server.configuration import DATABASE_VARIABLE, DEFAULT_PORT, load_settings

_FILE = """\
data_directory = "data"
database = "sqlite:///file.db"
port = 1
certificate = "cert.pem"
issuer = "filed"
identity = "keys.json"
source_roots = ["below"]

[embedded]
name = "filed"
host_policy = "policy.toml"
labels = { zone = "eu" }
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "server.toml"
    path.write_text(_FILE)
    return path


def test_without_a_file_there_are_defaults_and_only_the_data_directory_has_to_be_said(tmp_path: Path) -> None:
    settings = load_settings(None, {"data_directory": tmp_path, "port": None}, {})
    assert settings.database == f"sqlite:///{tmp_path}/backend.db"
    assert (settings.listening.port, settings.listening.address) == (DEFAULT_PORT, "127.0.0.1")
    assert (settings.embedded, settings.host_policy, settings.source_roots) == (None, None, ())
    with pytest.raises(RequestInvalidError) as caught:
        load_settings(None, {"data_directory": None}, {})
    assert caught.value.field == "data_directory"


def test_paths_of_a_file_are_from_its_own_directory(file: Path) -> None:
    settings = load_settings(file, {}, {})
    beside = file.parent
    assert settings.data_directory == beside / "data"
    assert settings.database == "sqlite:///file.db"
    assert (settings.listening.certificate, settings.listening.socket) == (beside / "cert.pem", None)
    assert (settings.identity, settings.source_roots) == (beside / "keys.json", (beside / "below",))
    assert settings.host_policy == beside / "policy.toml"
    assert settings.embedded is not None
    assert settings.embedded.labels == {"zone": "eu"}


def test_flags_go_before_the_file_and_the_environment_before_both(file: Path, tmp_path: Path) -> None:
    flags = {
        "data_directory": tmp_path / "elsewhere",
        "database": "sqlite:///flag.db",
        "port": 2,
        "issuer": "flagged",
        "identity": tmp_path / "other.json",
        "source_roots": [str(tmp_path / "more")],
        "embedded": "flagged",
        "host_policy": tmp_path / "flag.toml",
        "unknown": "is left out",
    }
    settings = load_settings(file, flags, {})
    assert (settings.database, settings.issuer, settings.listening.port) == (
        "sqlite:///flag.db",
        "flagged",
        2,
    )
    assert settings.listening.certificate == file.parent / "cert.pem"
    assert (settings.data_directory, settings.identity) == (
        tmp_path / "elsewhere",
        tmp_path / "other.json",
    )
    assert settings.source_roots == (tmp_path / "more", file.parent / "below")
    assert settings.embedded is not None
    assert (settings.embedded.name, settings.embedded.labels) == ("flagged", {})
    assert settings.host_policy == tmp_path / "flag.toml"
    environment = {DATABASE_VARIABLE: "postgresql:///told", "YOI_SECRETS_DIR": str(tmp_path / "secrets")}
    told = load_settings(file, flags, environment)
    assert (told.database, told.secrets_directory) == ("postgresql:///told", tmp_path / "secrets")
    assert told.cache_directory is None


def test_an_empty_variable_says_nothing(file: Path) -> None:
    settings = load_settings(file, {"database": ""}, {DATABASE_VARIABLE: "", "YOI_CACHE_DIR": ""})
    assert (settings.database, settings.cache_directory) == ("sqlite:///file.db", None)


def test_an_embedded_runtime_that_a_flag_names_has_its_policy_beside_the_file(file: Path) -> None:
    settings = load_settings(file, {"embedded": "flagged"}, {})
    assert settings.host_policy == file.parent / "host-policy.toml"
