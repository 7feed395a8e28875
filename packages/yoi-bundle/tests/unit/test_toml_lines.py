"""Lines of keys and tables in TOML."""

import pytest

from yoi_bundle.authoring.formats.toml_document import TomlDocument, read_toml


def list_lines(text: str) -> dict[tuple[str, ...], int]:
    document = read_toml(text.encode(), "f")
    assert isinstance(document, TomlDocument)
    return document.lines


@pytest.mark.parametrize(
    "value",
    [
        '"""\n[models]\nx = 1\n"""',
        '"""\n\\"""\n[models]\n""""',
        "'''\n[models]\n\\'''",
        "[\n[1],\n[2]\n]",
        '[\n"]", # ]\n[2]\n]',
    ],
)
def test_what_stands_inside_a_value_of_several_lines_is_no_table(value: str) -> None:
    text = f"a = {value}\n\n[models]\nx = 2\n"
    last = text.count("\n")
    assert list_lines(text) == {("a",): 1, ("models",): last - 1, ("models", "x"): last}


def test_keys_are_found_in_their_tables_by_their_first_line() -> None:
    text = (
        'title = "[x]" # {\n[tools.mcp."a.b"]\nenv = { A = "1" }\n[[rules]]\nname = 1\n[[rules]]\nname = 2\n'
    )
    lines = list_lines(text)
    assert lines["tools", "mcp", "a.b", "env"] == 3
    assert (lines["rules",], lines["rules", "name"]) == (4, 5)
