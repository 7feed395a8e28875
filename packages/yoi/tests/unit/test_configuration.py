"""The environment is read in one place."""

import ast
from pathlib import Path

import pytest

import yoi
from yoi.configuration import read_configuration


def test_variables_go_before_the_platforms_convention(tmp_path: Path) -> None:
    found = read_configuration(
        {"YOI_DATA_DIR": str(tmp_path), "YOI_HOST_POLICY": str(tmp_path / "p.toml"), "NO_COLOR": "1"}
    )
    assert found.data_directory == tmp_path
    assert found.host_policy_file == tmp_path / "p.toml"
    assert not found.colour


def test_an_empty_variable_counts_as_absent() -> None:
    found = read_configuration({"YOI_DATA_DIR": "", "NO_COLOR": ""})
    assert found.data_directory.name == "yoi"
    assert found.colour


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"OTEL_TRACES_EXPORTER": "console"}, "console"),
        ({"OTEL_TRACES_EXPORTER": "none"}, None),
        ({"OTEL_TRACES_EXPORTER": "console", "OTEL_SDK_DISABLED": "True"}, None),
    ],
)
def test_traces_go_where_opentelemetrys_own_variables_say(
    environment: dict[str, str], expected: str | None
) -> None:
    assert read_configuration(environment).trace_exporter == expected


def test_a_service_manager_says_where_secrets_are_and_where_it_listens(tmp_path: Path) -> None:
    found = read_configuration({"YOI_SECRETS_DIR": str(tmp_path), "NOTIFY_SOCKET": "@ready"})
    assert (found.secrets_directory, found.notify_socket) == (tmp_path, "@ready")
    found = read_configuration({})
    assert (found.secrets_directory, found.notify_socket) == (None, None)


def test_the_environment_says_where_the_user_is_set_up_and_which_backend_to_ask(tmp_path: Path) -> None:
    found = read_configuration(
        {
            "YOI_CONFIG_DIR": str(tmp_path),
            "YOI_SERVER": "https://b.example",
            "YOI_TOKEN_FILE": str(tmp_path / "t"),
        }
    )
    assert (found.configuration_directory, found.host_policy_file) == (
        tmp_path,
        tmp_path / "host-policy.toml",
    )
    assert (found.server, found.token_file, found.server_authority) == (
        "https://b.example",
        tmp_path / "t",
        None,
    )
    found = read_configuration({"YOI_SERVER": ""})
    assert (found.server, found.token_file) == (None, None)


def test_no_other_module_reads_the_environment() -> None:
    root = Path(yoi.__file__).parent
    readers = [
        path.name
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv", "environb")
    ]
    assert sorted(set(readers)) == ["configuration.py"]
