"""Nothing in the tree belongs to one machine, one registry or one person."""

import re
import sys
from pathlib import Path

from support.repository import ROOT, list_tracked_files

# Written in parts, so that this file does not hold what it looks for.
_REGISTRIES = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("files", "pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("deb", "debian", "org"),
        ("archive", "ubuntu", "com"),
        ("proxy", "golang", "org"),
    )
)
_TOKENS = re.compile(
    rb"gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60,}|AKIA[0-9A-Z]{16}|xox[abp]-[0-9]{8,}-[A-Za-z0-9-]{20,}"
    rb"|sk-(?:ant-|proj-)?[A-Za-z0-9_-]{32,}|AIza[0-9A-Za-z_-]{35}|glpat-[A-Za-z0-9_-]{20}"
    rb"|-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/]{40}"
)


def _read_all() -> dict[Path, bytes]:
    return {path.relative_to(ROOT): path.read_bytes() for path in list_tracked_files()}


def _machine_paths() -> list[bytes]:
    """Return this checkout's and this interpreter's own places; a checkout in a folder of the root says too little."""
    places = [ROOT, Path(sys.base_prefix)]
    return [str(place).encode() for place in places if len(place.parts) > 2 and place != Path("/usr/local")]


def test_no_file_names_a_place_of_this_machine() -> None:
    found = [str(path) for path, data in _read_all().items() for place in _machine_paths() if place in data]
    assert found == []


def test_no_file_names_a_package_registry() -> None:
    found = [
        (str(path), host)
        for path, data in _read_all().items()
        for host in _REGISTRIES
        if host.encode() in data
    ]
    assert found == []


def test_no_file_holds_what_looks_like_a_live_token() -> None:
    assert [str(path) for path, data in _read_all().items() if _TOKENS.search(data)] == []


def test_the_lock_files_hold_hashes_and_no_address() -> None:
    for name in ("locked.txt", "uv.txt"):
        text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
        assert "://" not in text and "index-url" not in text and "find-links" not in text, name
        requirements = [line for line in text.splitlines() if line and line[0].isalpha()]
        assert requirements, name
        assert text.count("--hash=sha256:") >= len(requirements), name
        assert [line for line in requirements if not line.rstrip().endswith("\\")] == [], (
            "a line without a hash"
        )


def test_every_text_ends_in_one_newline_and_has_no_carriage_return() -> None:
    checked = {".py", ".md", ".toml", ".json"}
    wrong = [
        str(path)
        for path, data in _read_all().items()
        if path.suffix in checked
        and "examples" not in path.parts
        and "golden" not in path.parts  # canonical bytes end as they must
        and data
        and "tests/data" not in path.as_posix()
        if not data.endswith(b"\n") or data.endswith(b"\n\n") or b"\r" in data
    ]
    assert wrong == []


def test_test_modules_have_names_of_their_own() -> None:
    names = [path.name for path in list_tracked_files() if path.name.startswith("test_")]
    assert sorted(names) == sorted(set(names))
