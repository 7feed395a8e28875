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


def _find_limit(text: str) -> tuple[str, str, int] | None:
    found = read_toml(text.encode(), "w.toml")
    return None if isinstance(found, TomlDocument) else (found.rule, found.file, found.line)


_LONG_KEY = ".".join(["a"] * 20_000)


@pytest.mark.req("B-11")
@pytest.mark.parametrize(
    "text",
    [
        f"{_LONG_KEY} = 1\n",
        f"{' . '.join(['a'] * 20_000)} = 1\n",
        ".".join(["'b.c'", '"d"'] * 10_000) + " = 1\n",
        f"[{_LONG_KEY}]\nx = 1\n",
        f"[[{_LONG_KEY}]]\nx = 1\n",
        f"x = {{ {_LONG_KEY} = 1 }}\n",
        f"x = [1.0, {{ y = {{ {_LONG_KEY} = 1 }} }}]\n",
        f"x = {'[' * 20_000}{']' * 20_000}\n",
        f"x = {'{ a = ' * 20_000}1{'}' * 20_000}\n",
    ],
    ids=[
        "key",
        "spaced",
        "quoted",
        "table",
        "tables",
        "inline",
        "inline in array",
        "arrays",
        "inline tables",
    ],
)
def test_a_key_of_many_steps_and_deep_nesting_are_refused_before_the_parser_sees_them(text: str) -> None:
    text = 's = """\na\n"""" # "\n' + text
    assert _find_limit(text) == ("limit.exceeded", "w.toml", 4)


@pytest.mark.req("B-11")
def test_a_file_that_is_too_large_is_refused_unread() -> None:
    assert _find_limit("#" * 256 * 1024) is None
    assert _find_limit("#" * 256 * 1024 + "#") == ("limit.exceeded", "w.toml", 0)


@pytest.mark.req("B-11")
@pytest.mark.parametrize(
    "text",
    [
        f"x = [{'1.5, ' * 1_000}]\n",
        f"x = \"{_LONG_KEY}\"\ny = '{_LONG_KEY}'\n# {_LONG_KEY}\n",
        f'x = """\n{_LONG_KEY}\n\\"""{_LONG_KEY}"""""\ny = \'\'\'\n{_LONG_KEY}\'\'\'\'\'\n',
        f"{'.'.join(['a'] * 33)} = 1\n",
        f"x = {'[' * 32}{']' * 32}\n",
        '"" = 1\nx = ""\ny = """"""\nz = \'\'\n',
    ],
)
def test_many_dots_elsewhere_than_in_one_key_are_no_excess(text: str) -> None:
    assert _find_limit(text) is None


@pytest.mark.parametrize("text", ['x = "a', 'x = """\na', "x = 'a", "x = '''\na\n", 'x = """ \\"""' * 20_000])
def test_a_string_that_nothing_closes_is_not_toml(text: str) -> None:
    found = read_toml(text.encode(), "w.toml")
    assert not isinstance(found, TomlDocument)
    assert found.rule == "toml.malformed"
