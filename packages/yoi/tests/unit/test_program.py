"""The program as a whole: help at once, and one exit code for each way to fail."""

import json
import subprocess
import sys

import click
import pytest

from yoi.__main__ import run, yoi
from yoi.shell.exit_codes import EXIT_CODES, get_exit_code
from yoi_bundle.errors import YoiError

_SHOW_HELP = """
import json, sys
from yoi.__main__ import run
code = run(["--help"])
print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)
"""


def test_help_imports_neither_msgspec_nor_rich_nor_a_package_of_ours() -> None:
    done = subprocess.run([sys.executable, "-c", _SHOW_HELP], capture_output=True, text=True, check=True)
    code, modules = json.loads(done.stderr)
    assert code == 0
    assert "bundle" in done.stdout
    heavy = {"msgspec", "rich", "yoi_bundle", "worker_runtime", "apsw", "platformdirs", "asyncio"}
    assert heavy & {name.partition(".")[0] for name in modules} == set()


def test_every_command_in_the_table_can_be_imported_and_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    context = click.Context(yoi)
    for name in yoi.list_commands(context):
        command = yoi.get_command(context, name)
        assert command is not None
        assert command.name == name
        for one in _list_commands(command):
            assert one.help, f"{name} {one.name}"
            assert one.name == "serve" or "as_json" in {parameter.name for parameter in one.params}, (
                f"{name} {one.name} lacks --json"
            )


def _list_commands(command: click.Command) -> list[click.Command]:
    """Return a command, or those of a group, also those that are imported late."""
    if not isinstance(command, click.Group):
        return [command]
    context = click.Context(command)
    found = [command.get_command(context, name) for name in command.list_commands(context)]
    return [below for one in found if one is not None for below in _list_commands(one)]


def test_an_unknown_command_is_wrong_usage_and_near_names_are_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["bundel"]) == 2
    assert "bundle" in capsys.readouterr().err


def test_an_error_that_declares_no_exit_is_an_internal_fault() -> None:
    assert get_exit_code(YoiError("a fault")) == 70
    assert set(EXIT_CODES.values()) == {1, 2, 3, 4, 5, 70}


@pytest.mark.parametrize(
    "arguments", [["bundel"], ["bundle", "build", "--no-such-option"], ["bundle", "show"]]
)
def test_a_command_line_that_is_not_understood_is_one_json_document_too(
    arguments: list[str], capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert run([*arguments, "--json"]) == 2
    printed = capsysbinary.readouterr()
    error = json.loads(printed.out)["error"]
    assert (error["code"], error["retryable"], error["details"]["field"]) == (
        "request.invalid",
        False,
        "arguments",
    )
    assert printed.err == b""
