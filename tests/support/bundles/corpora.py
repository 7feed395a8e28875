"""Real input that lies beside the repository on some machines; tests that read it are skipped elsewhere."""

from pathlib import Path

import pytest

_CORPORA = Path(__file__).resolve().parents[3].parent / "shared" / "corpora"


def corpus_path(name: str) -> Path:
    """Return the folder of one corpus, or skip the test and say why."""
    path = _CORPORA / name
    if not path.is_dir():
        pytest.skip(f"the corpus {name} is not beside this repository")
    return path
