"""Lists and texts that a Runtime gave are bounded before a browser gets them (K-07)."""

import pytest

from worker_runtime.resolution.payloads import GrantedTool
from worker_runtime.resolution.spec import ResolvedWorkerSpec, SpecFrame
from yoi_bundle.manifest import HostServer, McpServer
from yoi_workspace_server.views.explanations import build_spec_view
from yoi_workspace_server.views.texts import MAX_CHARACTERS, MAX_ITEMS, show_labels, show_text, show_texts

pytestmark = pytest.mark.req("K-07")

MANY = tuple(f"tool{number}" for number in range(5000))


def test_a_list_of_texts_is_cut_off_and_so_is_each_text() -> None:
    assert show_texts(MANY) == MANY[:MAX_ITEMS]
    assert show_texts(MANY, max_items=3) == MANY[:3]
    assert show_texts(("x" * 5000,)) == ("x" * MAX_CHARACTERS,)
    assert show_text("a\u202eb\nc") == "abc"


def test_labels_are_cut_off_in_number_and_length() -> None:
    labels = {f"key{number:05}": "v" * 5000 for number in range(5000)}
    shown = show_labels(labels)
    assert list(shown) == [f"key{number:05}" for number in range(64)]
    assert set(shown.values()) == {"v" * MAX_CHARACTERS}


def test_a_spec_shows_no_more_tools_of_a_server_than_fit() -> None:
    frame = SpecFrame(
        selector="default",
        profile="workspace:a",
        source="bundle",
        digest=f"sha256:{'0' * 64}",
        workspace="library",
        resolver_version="1",
    )
    server = McpServer(transport=HostServer(name="calendar"))
    spec = ResolvedWorkerSpec(
        frame=frame, tools=(GrantedTool(id="mcp:calendar", declaration=server, exposes=MANY),)
    )
    (tool,) = build_spec_view(spec, spec_digest=frame.digest).tools
    assert tool.exposes == MANY[:MAX_ITEMS]
