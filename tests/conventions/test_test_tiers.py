"""The tiers of tests: every folder of tests stands in the table of CONTRIBUTING.md."""

import re

from support.repository import ROOT, list_test_modules, read_table

_CONTRIBUTING = ROOT / "CONTRIBUTING.md"


def _list_folders() -> set[str]:
    """Return the folders that hold test modules, with `*` for the name of a package."""
    folders = {path.parent.relative_to(ROOT).as_posix() for path in list_test_modules()}
    return {re.sub("^packages/[^/]+/", "packages/*/", folder) for folder in folders}


def test_every_folder_of_tests_stands_in_the_table_and_every_row_is_a_folder() -> None:
    cells = [row["where"] for row in read_table(_CONTRIBUTING, "tier")]
    named = {folder.strip().strip("`") for cell in cells for folder in cell.split(",")}
    assert _list_folders() == named - {"tests/wheels"}
    assert list(ROOT.glob("tests/wheels/*.py"))
