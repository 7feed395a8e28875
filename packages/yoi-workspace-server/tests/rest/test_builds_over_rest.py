"""Builds over HTTP: what came of them, and how much of it each role is told (K-01, K-07)."""

import json
from pathlib import Path

import pytest

from support.backend.backend_rest import BackendRest
from yoi_wire.backend.workspaces import DirectorySource

pytestmark = pytest.mark.req("K-01")

BUILDS = "/api/v1/workspaces/library/builds"
SETTINGS = 'id = "library"\ndefault_profile = "guide"\n'
GUIDE = "---\ndescription: Guides\n---\nBe kind.\n"


@pytest.fixture
def source(backend: BackendRest, tmp_path: Path) -> Path:
    """A workspace in a directory, with one profile."""
    directory = tmp_path / "sources" / "library"
    (directory / ".yoi" / "profiles").mkdir(parents=True)
    (directory / ".yoi" / "workspace.toml").write_text(SETTINGS)
    (directory / ".yoi" / "profiles" / "guide.md").write_text(GUIDE)
    backend.add_workspace(source=DirectorySource(path=str(directory)))
    return directory


def test_a_build_makes_a_revision_once_for_each_content(backend: BackendRest, source: Path) -> None:
    first = backend.post(BUILDS)
    assert (first["outcome"], first["revision"], first["problem"]) == ("new", 1, None), first
    again = backend.post(BUILDS)
    assert (again["outcome"], again["revision"], again["digest"]) == ("unchanged", 1, first["digest"])
    (source / ".yoi" / "profiles" / "guide.md").write_text(GUIDE + "Be brief.\n")
    assert backend.post(BUILDS)["revision"] == 2
    page = backend.get(f"{BUILDS}?limit=2")
    assert [one["outcome"] for one in page["items"]] == ["new", "unchanged"]
    rest = backend.get(f"{BUILDS}?limit=2&cursor={page['next_cursor']}")
    assert [one["revision"] for one in rest["items"]] == [1]
    assert "next_cursor" not in rest


def test_a_build_that_fails_leaves_the_last_bundle_active_and_says_why(
    backend: BackendRest, source: Path
) -> None:
    good = backend.post(BUILDS)
    (source / ".yoi" / "workspace.toml").write_text("id = \n")
    operator = backend.add_token("operator", workspaces=["library"], name="olga")
    failed = backend.post(BUILDS, token=operator)
    assert (failed["outcome"], failed["digest"], failed["problem"]["code"]) == (
        "failed",
        None,
        "bundle.invalid",
    )
    assert any(one["severity"] == "error" and one["message"] for one in failed["diagnostics"])
    assert backend.get("/api/v1/workspaces/library")["active"]["digest"] == good["digest"]
    newest = backend.get("/api/v1/audit?limit=1")["items"][0]
    assert (newest["action"], newest["actor"]) == ("build.failed", "olga")


@pytest.mark.req("K-07")
def test_a_viewer_is_told_where_a_remark_stands_and_none_of_its_words(
    backend: BackendRest, source: Path
) -> None:
    (source / ".yoi" / "workspace.toml").write_text("id = \n")
    told = backend.post(BUILDS)["diagnostics"]
    viewer = backend.add_token("viewer", workspaces=["library"])
    seen = backend.get(BUILDS, token=viewer)["items"][0]
    assert [(one["rule"], one["file"]) for one in seen["diagnostics"]] == [
        (one["rule"], one["file"]) for one in told
    ]
    assert not any({"message", "pointer", "remedy"} & one.keys() for one in seen["diagnostics"])


@pytest.mark.req("K-07")
def test_a_source_that_is_gone_is_a_failed_build_without_the_place(
    backend: BackendRest, source: Path, tmp_path: Path
) -> None:
    source.rename(tmp_path / "elsewhere")
    failed = backend.post(BUILDS)
    assert (failed["outcome"], failed["problem"]["code"]) == ("failed", "request.invalid")
    assert str(tmp_path) not in json.dumps(failed)


def test_what_is_only_published_to_cannot_be_built(backend: BackendRest) -> None:
    backend.add_workspace()
    failed = backend.post(BUILDS)
    assert (failed["outcome"], failed["problem"]["details"]["field"]) == ("failed", "source")


def test_a_build_takes_no_body(backend: BackendRest) -> None:
    backend.add_workspace()
    answer = backend.ask("POST", BUILDS, document={"clean": True})
    assert (answer.status, answer.problem["details"]["field"]) == (400, "body")
    assert backend.get(BUILDS)["items"] == []
