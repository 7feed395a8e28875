"""The example says everything a manifest can say, without a fault, and gives one digest wherever it is built."""

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from support.processes.yoi_process import LIBRARY, Yoi, find_other_python
from yoi_bundle import manifest as manifest_types
from yoi_bundle.manifest import Item, Manifest

_ROOTS = {"Item"}  # what others derive from; never an instance of its own


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Manifest]:
    yoi = Yoi(tmp_path_factory.mktemp("example"))
    result = yoi.read("bundle", "build", LIBRARY)
    shown = yoi.read("bundle", "show", result["digest"])
    return result, msgspec.convert(shown["manifest"], Manifest)


def _collect_types(value: Any) -> set[str]:
    if isinstance(value, msgspec.Struct):
        return {type(value).__name__}.union(
            *(_collect_types(getattr(value, name)) for name in value.__struct_fields__)
        )
    if isinstance(value, dict):
        return set().union(*(_collect_types(member) for member in value.values()))
    if isinstance(value, tuple):
        return set().union(*(_collect_types(member) for member in value))
    return set()


@pytest.mark.req("B-04")
def test_every_struct_of_the_manifest_occurs(built: tuple[dict[str, Any], Manifest]) -> None:
    structs = {
        name
        for name in manifest_types.__all__
        if isinstance(one := getattr(manifest_types, name), type) and issubclass(one, msgspec.Struct)
    }
    assert len(structs) > 40
    assert structs - _ROOTS - _collect_types(built[1]) == set()
    assert issubclass(manifest_types.Profile, Item)


@pytest.mark.req("B-07", "B-14")
def test_it_builds_without_a_fault_and_warns_of_the_allowed_false_alarm_only(
    built: tuple[dict[str, Any], Manifest],
) -> None:
    serious = [one for one in built[0]["diagnostics"] if one["severity"] != "info"]
    assert [(one["severity"], one["rule"], one["file"]) for one in serious] == [
        ("warning", "secret.allowed", ".yoi/prompts/house-rules.md")
    ]


def _digest(source: Path, tmp_path: Path, python: str = sys.executable, **environment: str) -> str:
    result = Yoi(tmp_path / "store", python=python).read("bundle", "lint", source, **environment)
    return str(result["digest"])


@pytest.mark.req("B-03")
def test_the_digest_does_not_depend_on_place_time_zone_locale_or_hash_seed(
    built: tuple[dict[str, Any], Manifest], tmp_path: Path
) -> None:
    other = tmp_path / "もうひとつの場所" / "x"
    shutil.copytree(LIBRARY, other)
    environments = (
        {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "PYTHONHASHSEED": "1"},
        {"TZ": "America/St_Johns", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "2", "PYTHONUTF8": "0"},
    )
    assert {_digest(other, tmp_path, **one) for one in environments} == {built[0]["digest"]}


@pytest.mark.req("B-03")
def test_the_digest_does_not_depend_on_the_order_of_files_or_the_umask(
    built: tuple[dict[str, Any], Manifest], tmp_path: Path
) -> None:
    other = tmp_path / "reversed"
    before = os.umask(0o077)
    try:
        for path in sorted(LIBRARY.rglob("*"), reverse=True):
            if path.is_file():
                target = other / path.relative_to(LIBRARY)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(path.read_bytes())
                target.chmod(0o700 if path.stat().st_mode & 0o100 else 0o600)
    finally:
        os.umask(before)
    assert _digest(other, tmp_path) == built[0]["digest"]


@pytest.mark.req("B-03")
def test_every_change_of_a_file_changes_the_digest(
    built: tuple[dict[str, Any], Manifest], tmp_path: Path
) -> None:
    other = tmp_path / "library"
    shutil.copytree(LIBRARY, other)
    script = other / ".yoi/skills/isbn/scripts/check_isbn.py"
    script.chmod(0o644)
    without_bit = _digest(other, tmp_path)
    script.chmod(0o755)
    prompt = other / ".yoi/prompts/cataloguing.md"
    prompt.write_bytes(prompt.read_bytes() + b"\n")
    assert len({built[0]["digest"], without_bit, _digest(other, tmp_path)}) == 3


@pytest.mark.req("B-03")
def test_the_digest_does_not_depend_on_the_version_of_python(
    built: tuple[dict[str, Any], Manifest], tmp_path: Path
) -> None:
    assert _digest(LIBRARY, tmp_path, python=find_other_python()) == built[0]["digest"]
