"""One digest for what other people wrote, wherever and however it is built, and from the archive (B-03, B-13)."""

import os
import shutil
from pathlib import Path

import pytest

from support.bundles.corpora import corpus_path
from support.processes.yoi_process import Yoi, find_other_python

CORPORA = ("wshobson-agents", "davila7-templates", "awesome-copilot")


def _build(yoi: Yoi, source: Path, **environment: str) -> str:
    result = yoi.read("bundle", "build", source, "--lenient", **environment)
    return str(result["digest"])


def _copy_in_reverse(source: Path, target: Path) -> None:
    for path in sorted(source.rglob("*"), reverse=True):
        if path.is_symlink() or path.is_file():
            copy = target / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, copy, follow_symlinks=False)


@pytest.mark.soak
@pytest.mark.req("B-03", "B-13")
@pytest.mark.parametrize("name", CORPORA)
def test_a_corpus_has_one_digest_everywhere(name: str, tmp_path: Path) -> None:
    source = corpus_path(name)
    first = Yoi(tmp_path / "first")
    digest = _build(first, source, TZ="Asia/Tokyo", PYTHONHASHSEED="1")

    elsewhere = tmp_path / "べつの場所" / "x"
    before = os.umask(0o077)
    try:
        _copy_in_reverse(source, elsewhere)
    finally:
        os.umask(before)
    other = Yoi(tmp_path / "other")
    assert _build(other, elsewhere, TZ="America/St_Johns", PYTHONHASHSEED="2", LC_ALL="C") == digest

    archive = tmp_path / "bundle.tar"
    first.read("bundle", "export", digest, archive)
    imported = Yoi(tmp_path / "imported").read("bundle", "import", archive)
    assert imported["digest"] == digest

    python = find_other_python()
    assert _build(Yoi(tmp_path / "newer", python=python), source) == digest
