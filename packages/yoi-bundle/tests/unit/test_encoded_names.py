"""Names in other scripts are percent-encoded, and that alone is no fault."""

import pytest

from yoi_bundle.boundary.manifest import find_boundary_faults
from yoi_bundle.identifiers import encode_path
from yoi_bundle.manifest import Manifest, Origin, Profile, ToolList

_NAMES = ("案内係", "夜間当番", "貸出相談", "言葉づかい", "ÿ", "راهنما", "मार्गदर्शक")


@pytest.mark.req("B-08", "B-14")
@pytest.mark.parametrize("name", _NAMES)
def test_an_encoded_name_is_no_place_on_a_host(name: str) -> None:
    encoded = encode_path(name)
    origin = Origin(path=encode_path(f".yoi/profiles/{name}.md"), dialect="yoi")
    manifest = Manifest(
        schema_version=1,
        workspace="w",
        profiles={encoded: Profile(tools=ToolList(), origin=origin)},
        default_profile=f"workspace:{encoded}",
    )
    assert find_boundary_faults(manifest) == []
