"""Bad input of every kind: refused with code, place and remedy, and nothing stored.

One table is of archives, which a receiver refuses: all are imported through the library, in one process, and five through
the program. The other is of workspaces, which the builder refuses, through the program. The kinds that
cost too much here have their tests beside the modules: more than 512 MiB of source files in
`test_walking_a_workspace.py`, zstd bodies of every shape in `test_zstd_stream.py`.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.bundles.bad_archives import BAD_ARCHIVES, make_zstd_bomb
from support.bundles.bad_files import BAD_FILES, SOUND_FILES, front
from support.bundles.bad_input import (
    PROFILE,
    SPECIAL_FILES,
    BadArchive,
    BadFile,
    encode_manifest,
    make_archive,
    write_files,
)
from support.processes.yoi_process import EXAMPLE_POLICY, Yoi
from worker_runtime.contract.bundles import ManifestBody
from worker_runtime.sync.transfer.manifest_coding import decode_manifest_body
from yoi.bundles.archive import store_archive
from yoi.bundles.source import open_archive
from yoi.configuration import read_configuration
from yoi.runtime.local import open_local_runtime
from yoi.shell.failure import describe_error
from yoi_bundle.errors import LimitExceededError, YoiError
from yoi_bundle.limits import DEFAULT_LIMITS, MEBIBYTE

DEADLINE_SECONDS = 120


@dataclass(frozen=True)
class Refusal:
    """What the process said of one input, and what the store held afterwards."""

    code: int
    out: str
    err: str
    stored: Any


def refuse(yoi: Yoi, *arguments: str | Path) -> Refusal:
    done = yoi.run(*arguments, "--json")
    return Refusal(done.returncode, done.stdout, done.stderr, yoi.read("runtime", "bundles")["bundles"])


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Import every bad archive into one store, which stays empty; return what is said of each."""
    root = tmp_path_factory.mktemp("archives")
    configuration = read_configuration(
        {"YOI_DATA_DIR": str(root / "store"), "YOI_HOST_POLICY": str(EXAMPLE_POLICY)}
    )
    file = root / "bad.tar"
    refusals = {}
    with open_local_runtime(configuration) as runtime:
        for case in BAD_ARCHIVES:
            file.write_bytes(case.data)
            with pytest.raises(YoiError) as caught, open_archive(file) as opened:
                store_archive(runtime, opened)
            refusals[case.name] = json.loads(json.dumps(describe_error(caught.value)))
            assert runtime.list_bundles() == (), case.name
    return refusals


def assert_nothing_leaked(refusal: Refusal, planted: tuple[str, ...]) -> None:
    assert "Traceback" not in refusal.out + refusal.err
    assert_not_said(refusal.out + refusal.err, planted)


def assert_not_said(text: str, planted: tuple[str, ...]) -> None:
    assert not [value for value in planted if value and value in text]


def list_places(details: dict[str, Any]) -> set[str]:
    """Return every place that the details of a refusal name, in the words of `BadArchive.places`."""
    places = {fault["pointer"] for fault in details.get("faults", ())}
    for key, value in details.items():
        places.add(key)
        places.update(f"{key}={one}" for one in (value if isinstance(value, list) else [value]))
    return places


@pytest.mark.req("B-01", "B-02", "B-06", "B-07", "B-08", "B-09", "B-10", "B-11", "B-13")
@pytest.mark.parametrize("case", BAD_ARCHIVES, ids=lambda case: case.name)
def test_a_bad_archive_is_refused_with_code_place_and_remedy_and_nothing_is_stored(
    case: BadArchive, archives: dict[str, dict[str, Any]]
) -> None:
    error = archives[case.name]
    assert error["code"] == case.code, error
    assert error["details"]
    assert error["remedy"]
    faults = error["details"].get("faults", [])
    assert [fault for fault in faults if not (fault["message"] and fault.get("remedy"))] == []
    found = list_places(error["details"])
    if case.places == ("/",):
        assert all(fault["pointer"].startswith("/") for fault in faults)
    else:
        assert set(case.places) <= found, found
    assert_not_said(json.dumps(error, ensure_ascii=False), case.planted)


@pytest.mark.req("B-02", "B-13")
@pytest.mark.parametrize("command", ["import", "verify"])
@pytest.mark.parametrize("name", ["NaN", "depth 33", "a zip bomb", "cut in a blob", "plugin config"])
def test_the_program_says_of_a_bad_archive_what_the_library_says(
    name: str, command: str, archives: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    case = next(one for one in BAD_ARCHIVES if one.name == name)
    file = tmp_path / "bad.tar"
    file.write_bytes(case.data)
    refusal = refuse(Yoi(tmp_path / "store", deadline_seconds=DEADLINE_SECONDS), "bundle", command, file)
    assert (refusal.code, json.loads(refusal.out)) == (1, {"error": archives[name]})
    assert_nothing_leaked(refusal, case.planted)
    assert refusal.stored == []


@pytest.mark.req("B-02")
@pytest.mark.parametrize("size", [8 * MEBIBYTE + 1, 256 * MEBIBYTE])
def test_a_zstd_body_that_grows_without_bound_is_cut_off_at_the_limit(size: int) -> None:
    with pytest.raises(LimitExceededError) as caught:
        body = ManifestBody(content=make_zstd_bomb(size), encoding="zstd")
        decode_manifest_body(body, limits=DEFAULT_LIMITS, find_base={}.get)
    assert (caught.value.limit, caught.value.allowed) == ("manifest_bytes", 8 * MEBIBYTE)
    assert caught.value.value <= 8 * MEBIBYTE + 4 * MEBIBYTE + 131_072


@pytest.mark.req("B-06")
def test_an_unknown_feature_refuses_the_profile_that_needs_it_and_not_the_bundle(tmp_path: Path) -> None:
    needing = PROFILE | {"features": {"thought.reading": {}}}
    file = tmp_path / "bundle.tar"
    file.write_bytes(make_archive(encode_manifest(profiles={"new": needing, "old": PROFILE})))
    yoi = Yoi(tmp_path / "store", deadline_seconds=DEADLINE_SECONDS)
    digest = yoi.read("bundle", "import", file)["digest"]
    codes = {}
    for name in ("new", "old"):
        error = yoi.read("worker", "create", f"workspace:{name}", "--bundle", digest, code=1)["error"]
        reasons = error["details"]["reasons"]
        codes[name] = {(one["code"], one["pointer"]) for one in reasons if one["layer"] == "bundle"}
        assert all(one["message"] for one in reasons)
    assert codes == {"new": {("feature.unsupported", "/profiles/new")}, "old": set()}
    assert yoi.read("worker", "list")["workers"] == []


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Refusal:
    """Build one workspace that holds every bad file: none of them hides another."""
    root = tmp_path_factory.mktemp("workspace")
    write_files(root / "source", {one.path: one.data for one in BAD_FILES if one.data} | SOUND_FILES)
    for make_special, _, _ in SPECIAL_FILES:
        make_special(root / "source")
    yoi = Yoi(root / "store", deadline_seconds=DEADLINE_SECONDS)
    return refuse(yoi, "bundle", "build", root / "source")


@pytest.mark.req("B-01", "B-06", "B-07", "B-08", "B-09", "B-10", "B-11", "B-14")
@pytest.mark.parametrize("case", BAD_FILES, ids=lambda case: case.path)
def test_a_bad_file_is_refused_with_rule_line_and_remedy_and_nothing_is_stored(
    case: BadFile, workspace: Refusal
) -> None:
    built = json.loads(workspace.out)
    assert (workspace.code, built["digest"]) == (1, None)
    errors = [
        one
        for one in built["diagnostics"]
        if (one["severity"], one["file"], one["rule"]) == ("error", case.path, case.rule)
    ]
    assert case.line in {one["line"] for one in errors}, errors
    assert all(one["message"] and one["remedy"] for one in errors)
    assert_nothing_leaked(workspace, (case.planted, case.planted[8:]))
    assert workspace.stored == []


@pytest.mark.req("B-14")
def test_a_file_named_with_a_no_break_space_is_read_beside_them(workspace: Refusal) -> None:
    diagnostics = json.loads(workspace.out)["diagnostics"]
    remarks = [one for one in diagnostics if one["file"] == "agents/\u00a0.md"]
    assert not [one for one in remarks if one["severity"] == "error"]


WORKSPACE_FILES = {
    "malformed": (b"id = \n", "toml.malformed", 1),
    "unknown key": (b"id = 'a'\ncolour = 'red'\n", "form.invalid", 2),
    "wrong type": (b"id = 3\n", "form.invalid", 1),
    "bad id": (b"id = 'Not An Id'\n", "", 1),
    "not UTF-8": (b"id = '\xff'\n", "toml.malformed", None),
}


@pytest.mark.req("B-06", "B-14")
@pytest.mark.parametrize("name", WORKSPACE_FILES)
def test_a_bad_workspace_file_is_refused_at_its_line(name: str, tmp_path: Path) -> None:
    data, rule, line = WORKSPACE_FILES[name]
    source = write_files(tmp_path / "source", {".yoi/workspace.toml": data})
    refusal = refuse(Yoi(tmp_path / "store", deadline_seconds=DEADLINE_SECONDS), "bundle", "build", source)
    errors = [one for one in json.loads(refusal.out)["diagnostics"] if one["severity"] == "error"]
    assert refusal.code == 1
    assert errors
    assert {one["file"] for one in errors} == {".yoi/workspace.toml"}
    assert all(one["remedy"] for one in errors)
    assert rule in {"", *(one["rule"] for one in errors)}
    assert line is None or line in {one["line"] for one in errors}
    assert_nothing_leaked(refusal, ())
    assert refusal.stored == []


@pytest.mark.req("B-14")
@pytest.mark.parametrize("files", [{}, {"LICENSE": b"Do as you like.\n"}])
def test_an_empty_workspace_is_refused_and_nothing_is_stored(tmp_path: Path, files: dict[str, bytes]) -> None:
    source = write_files(tmp_path / "source", files)
    yoi = Yoi(tmp_path / "store", deadline_seconds=DEADLINE_SECONDS)
    refusal = refuse(yoi, "bundle", "build", source, "--lenient")
    errors = [one for one in json.loads(refusal.out)["diagnostics"] if one["severity"] == "error"]
    assert (refusal.code, refusal.stored) == (1, [])
    assert [(one["rule"], one["file"], bool(one["remedy"])) for one in errors] == [
        ("workspace.empty", ".", True)
    ]


@pytest.mark.req("B-11")
def test_a_workspace_of_30_000_files_is_refused_with_the_limit(tmp_path: Path) -> None:
    for number in range(30):
        directory = tmp_path / "source" / f"{number:02}"
        directory.mkdir(parents=True)
        for index in range(1000):
            (directory / f"{index:03}.md").touch()
    refusal = refuse(
        Yoi(tmp_path / "store", deadline_seconds=DEADLINE_SECONDS), "bundle", "build", tmp_path / "source"
    )
    error = json.loads(refusal.out)["error"]
    assert (refusal.code, error["code"], refusal.stored) == (1, "limit.exceeded", [])
    assert error["details"] == {
        "limit": "source_files",
        "value": 25_001,
        "allowed": 25_000,
        "place": "25/000.md",
    }


@pytest.mark.req("B-11")
def test_a_workspace_of_2_001_profiles_is_refused_with_the_limit(tmp_path: Path) -> None:
    files = {f".yoi/profiles/p{index}.md": front(b"title: a") for index in range(2_001)}
    source = write_files(tmp_path / "source", files)
    refusal = refuse(Yoi(tmp_path / "store", deadline_seconds=DEADLINE_SECONDS), "bundle", "build", source)
    errors = [one for one in json.loads(refusal.out)["diagnostics"] if one["severity"] == "error"]
    assert refusal.code == 1
    assert [one["rule"] for one in errors] == ["limit.exceeded"]
    assert "2001" in errors[0]["message"]
    assert errors[0]["remedy"]
    assert refusal.stored == []
