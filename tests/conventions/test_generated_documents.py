"""The documents that follow from the sources are what the sources give."""

import pytest

from support.documents.written import DOCUMENTS
from support.repository import ROOT


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_generated_document_is_what_the_sources_give(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert DOCUMENTS[name](text) == text, "run `make documents`"
