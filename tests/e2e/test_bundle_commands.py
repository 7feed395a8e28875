"""`yoi bundle` on the example library, by the real process."""

import secrets
import shutil
import string
import tarfile
from pathlib import Path

import pytest

from support.bundles.secret_tokens import TOKEN_KINDS, make_token
from support.bundles.small_bundles import build_small_bundle
from support.processes.yoi_process import LIBRARY, Yoi
from yoi_bundle.archive import write_archive
from yoi_bundle.digest import compute_digest
from yoi_bundle.verified import verify_manifest

_FIELDS = {"severity", "rule", "file", "line", "pointer", "message", "remedy"}


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Yoi, dict[str, object]]:
    yoi = Yoi(tmp_path_factory.mktemp("store"))
    return yoi, yoi.read("bundle", "build", LIBRARY)


@pytest.mark.req("B-14", "B-03")
def test_build_prints_one_object_with_all_its_fields(stored: tuple[Yoi, dict[str, object]]) -> None:
    _, built = stored
    assert set(built) == {
        "digest",
        "revision",
        "workspace",
        "counts",
        "blobs",
        "bytes",
        "files",
        "diagnostics",
    }
    assert built["workspace"] == "midorizaka-library"
    assert built["revision"] == 1
    present = sum(1 for path in LIBRARY.rglob("*") if path.is_file())
    files = built["files"]
    assert isinstance(files, dict)
    assert files["read"] + files["left_out"] == present
    diagnostics = built["diagnostics"]
    assert isinstance(diagnostics, list)
    assert all(set(one) == _FIELDS for one in diagnostics)


@pytest.mark.req("B-03")
def test_an_unchanged_workspace_keeps_its_revision_and_a_changed_one_gets_the_next(tmp_path: Path) -> None:
    yoi = Yoi(tmp_path / "store")
    source = tmp_path / "library"
    shutil.copytree(LIBRARY, source)
    first = yoi.read("bundle", "build", source)
    again = yoi.read("bundle", "build", source)
    (source / ".yoi" / "prompts" / "house-rules.md").write_text("- Be brief.\n", encoding="utf-8")
    changed = yoi.read("bundle", "build", source)
    assert (again["digest"], again["revision"]) == (first["digest"], 1)
    assert changed["digest"] != first["digest"]
    assert changed["revision"] == 2


@pytest.mark.req("B-03")
def test_a_return_to_older_content_is_a_new_revision_and_the_newest(tmp_path: Path) -> None:
    yoi = Yoi(tmp_path / "store")
    prompt = tmp_path / "source" / ".yoi" / "prompts" / "rules.md"
    prompt.parent.mkdir(parents=True)
    built = []
    for text in ("One.\n", "Two.\n", "One.\n", "One.\n"):
        prompt.write_text(text, encoding="utf-8")
        built.append(yoi.read("bundle", "build", tmp_path / "source"))
    assert [one["revision"] for one in built] == [1, 2, 3, 3]
    assert built[2]["digest"] == built[0]["digest"]
    newest, older = yoi.read("runtime", "bundles")["bundles"]
    assert (newest["digest"], newest["metadata"]["revision"]) == (built[0]["digest"], 3)
    assert (older["digest"], older["metadata"]["revision"]) == (built[1]["digest"], 2)


@pytest.mark.req("B-03")
def test_an_archive_without_metadata_gets_the_next_revision_when_its_content_returns(tmp_path: Path) -> None:
    yoi = Yoi(tmp_path / "store")
    prompt = tmp_path / "source" / ".yoi" / "prompts" / "rules.md"
    prompt.parent.mkdir(parents=True)
    archives = [tmp_path / "one.tar", tmp_path / "two.tar"]
    for text, archive in zip(("One.\n", "Two.\n"), archives, strict=True):
        prompt.write_text(text, encoding="utf-8")
        yoi.read("bundle", "build", tmp_path / "source", "--output", archive)
    one, two = archives
    revisions = [yoi.read("bundle", "import", archive)["revision"] for archive in (one, one, two, one)]
    assert revisions == [1, 1, 2, 3]


def test_show_names_the_items_in_the_words_of_their_authors(stored: tuple[Yoi, dict[str, object]]) -> None:
    yoi, built = stored
    shown = yoi.run("bundle", "show", str(built["digest"])[:19])
    assert shown.returncode == 0, shown.stderr
    assert "案内係" in shown.stdout
    assert "%E6" not in shown.stdout
    assert "\x1b" not in shown.stdout
    assert yoi.read("bundle", "show", str(built["digest"]))["manifest"]["workspace"] == "midorizaka-library"


@pytest.mark.req("B-13")
def test_a_bundle_comes_back_from_its_archive_with_the_same_digest(
    stored: tuple[Yoi, dict[str, object]], tmp_path: Path
) -> None:
    yoi, built = stored
    archive = tmp_path / "library.tar"
    exported = yoi.read("bundle", "export", str(built["digest"]), archive)
    assert exported["bytes"] == archive.stat().st_size
    with tarfile.open(archive) as members:
        assert members.getnames()[0] == "manifest.json"
    other = Yoi(tmp_path / "other")
    assert other.read("bundle", "import", archive)["digest"] == built["digest"]
    assert other.read("bundle", "verify", str(built["digest"]))["verified"] is True
    again = tmp_path / "again.tar"
    other.read("bundle", "export", str(built["digest"]), again)
    assert again.read_bytes() == archive.read_bytes()


@pytest.mark.req("B-07", "B-09", "B-13")
@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f"See {make_token(TOKEN_KINDS[0])} there.", "bundle.secret_value"),
        ("See \u202e there.", "bundle.hidden_text"),
    ],
    ids=["credential", "hidden text"],
)
def test_an_archive_with_texts_that_no_build_would_take_is_neither_sound_nor_stored(
    tmp_path: Path, text: str, code: str
) -> None:
    bundle = build_small_bundle(prompts={"guide": text.encode()})
    archive = tmp_path / "library.tar"
    with archive.open("wb") as file:
        verified = verify_manifest(bundle.manifest, bundle.digest)
        write_archive(bundle.manifest, verified, bundle.blobs.__getitem__, file, metadata=bundle.metadata)
    yoi = Yoi(tmp_path / "home")
    for command in ("verify", "import"):
        assert yoi.read("bundle", command, archive, code=1)["error"]["code"] == code
    assert yoi.read("runtime", "bundles")["bundles"] == []


@pytest.mark.req("B-13", "B-02")
def test_a_flipped_byte_in_an_archive_is_refused_and_nothing_is_stored(
    stored: tuple[Yoi, dict[str, object]], tmp_path: Path
) -> None:
    yoi, built = stored
    archive = tmp_path / "library.tar"
    yoi.read("bundle", "export", str(built["digest"]), archive)
    data = bytearray(archive.read_bytes())
    data[len(data) // 2] ^= 1
    archive.write_bytes(data)
    other = Yoi(tmp_path / "other")
    refused = other.read("bundle", "import", archive, code=1)
    assert refused["error"]["code"] in {"bundle.digest_mismatch", "bundle.invalid"}
    assert other.read("runtime", "bundles")["bundles"] == []


@pytest.mark.req("B-13")
def test_an_archive_written_by_build_has_the_same_bytes_anywhere(tmp_path: Path) -> None:
    copies = []
    for place in ("one", "somewhere/else"):
        source = tmp_path / place / "library"
        shutil.copytree(LIBRARY, source)
        output = tmp_path / f"{place.replace('/', '-')}.tar"
        Yoi(tmp_path / "unused").read("bundle", "build", source, "--output", output)
        copies.append(compute_digest(output.read_bytes()))
    assert copies[0] == copies[1]
    assert not (tmp_path / "unused").exists()


@pytest.mark.req("B-12")
def test_diff_says_what_changed_and_in_which_direction(tmp_path: Path) -> None:
    yoi = Yoi(tmp_path / "store")
    source = tmp_path / "library"
    shutil.copytree(LIBRARY, source)
    old = yoi.read("bundle", "build", source)["digest"]
    prompt = source / ".yoi" / "prompts" / "house-rules.md"
    text = prompt.read_text(encoding="utf-8")
    prompt.write_text(text.replace("fetch a person", "fetch the librarian on duty"), encoding="utf-8")
    policy = source / ".yoi" / "policies" / "reading-room.toml"
    rules = policy.read_text(encoding="utf-8")
    policy.write_text(rules.replace('    "deny agent.spawn",\n', ""), encoding="utf-8")
    new = yoi.read("bundle", "build", source)["digest"]
    changes = yoi.read("bundle", "diff", old, new)["changes"]
    classes = {(one["section"], one["change_class"]) for one in changes}
    assert ("prompts", "text") in classes
    assert ("policies", "widening") in classes
    shown = yoi.run("bundle", "diff", old, new)
    assert "+- When somebody is upset, fetch the librarian on duty." in shown.stdout
    assert yoi.read("bundle", "diff", old, old)["changes"] == []


@pytest.mark.req("B-14")
def test_a_fault_refuses_the_bundle_and_lenient_leaves_out_just_the_item(tmp_path: Path) -> None:
    yoi = Yoi(tmp_path / "store")
    source = tmp_path / "library"
    shutil.copytree(LIBRARY, source)
    broken = source / ".yoi" / "profiles" / "broken.md"
    broken.write_text("---\ntitle: Broken\nno_such_key: 1\n---\nHello.\n", encoding="utf-8")
    refused = yoi.read("bundle", "build", source, code=1)
    assert refused["digest"] is None
    errors = [one for one in refused["diagnostics"] if one["severity"] == "error"]
    assert {one["file"] for one in errors} == {".yoi/profiles/broken.md"}
    assert all(one["remedy"] and one["line"] for one in errors)
    assert yoi.read("runtime", "bundles")["bundles"] == []
    lenient = yoi.read("bundle", "lint", source, "--lenient")
    assert lenient["digest"] == yoi.read("bundle", "lint", LIBRARY)["digest"]


@pytest.mark.req("B-07")
def test_a_planted_credential_is_refused_and_never_shown(tmp_path: Path) -> None:
    source = tmp_path / "workspace"
    source.mkdir()
    token = "ghp_" + "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(36))
    (source / "AGENTS.md").write_text(f"Use this:\n\ntoken {token}\n", encoding="utf-8")
    done = Yoi(tmp_path / "store").run("bundle", "build", source)
    assert done.returncode == 1
    assert "AGENTS.md:3" in done.stdout
    assert token not in done.stdout + done.stderr
    assert token[12:] not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("bundle", "show", "sha256:0000"), 3),
        (("bundle", "show", "no-such-file.tar"), 3),
        (("bundle", "show", "x" * 5000), 3),
        (("bundle", "import", "x" * 5000), 2),
        (("bundle", "export", "sha256:" + "0" * 64, "x.tar"), 3),
        (("bundle", "build", "no-such-directory"), 2),
        (("bundle", "build", "--no-such-option"), 2),
        (("bundle", "import", "no-such-file.tar"), 2),
        (("worker", "show", "nobody"), 3),
        (("explain", "workspace:nobody"), 3),
        (("explain", "cron:nobody"), 2),
    ],
)
def test_each_way_to_fail_has_its_exit_code(
    stored: tuple[Yoi, dict[str, object]], arguments: tuple[str, ...], code: int
) -> None:
    yoi, _ = stored
    done = yoi.run(*arguments)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr


def test_untrusted_titles_do_not_act_on_the_terminal(tmp_path: Path) -> None:
    source = tmp_path / "workspace"
    (source / ".yoi" / "profiles").mkdir(parents=True)
    text = '---\ntitle: "[bold]loud[/bold] \\e]0;owned\\a"\n---\nHello.\n'
    (source / ".yoi" / "profiles" / "p.md").write_text(text, encoding="utf-8")
    yoi = Yoi(tmp_path / "store")
    built = yoi.read("bundle", "build", source)
    shown = yoi.run("bundle", "show", built["digest"])
    assert "[bold]loud[/bold]" in shown.stdout
    assert "\x1b" not in shown.stdout
    assert "\x07" not in shown.stdout


@pytest.mark.req("B-05")
def test_equal_texts_are_one_blob_and_the_manifest_holds_only_their_address(tmp_path: Path) -> None:
    source = tmp_path / "workspace"
    (source / ".yoi" / "prompts").mkdir(parents=True)
    text = "Say what you looked up.\n"
    for name in ("one", "two"):
        (source / ".yoi" / "prompts" / f"{name}.md").write_text(text, encoding="utf-8")
    yoi = Yoi(tmp_path / "store")
    built = yoi.read("bundle", "build", source)
    shown = yoi.run("bundle", "show", built["digest"], "--json").stdout
    prompts = yoi.read("bundle", "show", built["digest"])["manifest"]["prompts"]
    digest = compute_digest(text.encode())
    expected = {"digest": digest, "media_type": "text/markdown", "size": len(text)}
    assert built["blobs"] == 1
    assert [prompt["content"] for prompt in prompts.values()] == [expected, expected]
    assert text.strip() not in shown
