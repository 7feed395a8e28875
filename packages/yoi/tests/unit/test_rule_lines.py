"""The line that a rule stands in, in each form that it may be written in."""

from pathlib import Path

import pytest

from yoi.runtime.rule_lines import find_rule_line
from yoi_bundle.rule_text import parse_rule


@pytest.mark.parametrize(
    ("text", "rule", "found"),
    [
        ('[tools]\nrules = [\n  "allow file.read",\n  "deny shell.run(command prefix: rm)",\n]\n',
         "deny shell.run(command prefix: rm)", (4, "deny shell.run(command prefix: rm)")),
        ("rules:\n  - deny file.read(path: .env)\n", "deny file.read(path: .env)", (2, "deny file.read(path: .env)")),
        ('{"permissions":\n {"deny": ["Bash(rm:*)"]}}', "deny shell.run(command prefix: rm)", (2, "Bash(rm:*)")),
        ('{"deny": ["Edit(./a)"]}', "ask shell.run(command path: a)", (1, "Edit(./a)")),
        ('rules = ["allow file.read"]', "deny file.read", None),
    ],
)  # fmt: skip
def test_a_rule_is_found_by_what_it_says(tmp_path: Path, text: str, rule: str, found: object) -> None:
    path = tmp_path / "file"
    path.write_text(text, encoding="utf-8")
    assert find_rule_line(path, parse_rule(rule)) == found


def test_a_file_that_is_not_there_has_no_line(tmp_path: Path) -> None:
    assert find_rule_line(tmp_path / "absent", parse_rule("deny file.read")) is None
