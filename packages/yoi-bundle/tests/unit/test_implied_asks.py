"""What a profile asks for follows from what it uses, for the builder and the Runtime alike (B-04, S-02)."""

import pytest

from yoi_bundle.digest import compute_digest
from yoi_bundle.manifest import (
    AllTools,
    Ask,
    Asks,
    BuiltinTool,
    BundleModel,
    HttpTool,
    Manifest,
    McpServer,
    Member,
    MountAsk,
    PackageReference,
    Plugin,
    Profile,
    SecretRef,
    StdioServer,
    ToolList,
)
from yoi_bundle.selection import compute_asks, select_tools

SERVER = McpServer(
    transport=StdioServer(command="issue-server"), exposes={"list": Member(), "close": Member()}
)
MANIFEST = Manifest(
    schema_version=1,
    workspace="library",
    tools={
        "file.read": BuiltinTool(),
        "file.edit": BuiltinTool(),
        "shell.run": BuiltinTool(),
        "mcp:issues": SERVER,
        "mcp:own": McpServer(transport=StdioServer(command="own"), private_to="helper"),
        "http:find": HttpTool(
            url="https://a.example.org/", headers={"Authorization": SecretRef(name="FIND")}
        ),
    },
    models={"large": BundleModel(provider="example", model="large", credential=SecretRef(name="MODEL"))},
    plugins={
        "host:clock": Plugin(
            name="clock",
            package=PackageReference(digest=compute_digest(b"")),
            permissions={"time": Ask(required=True)},
        )
    },
)


def make_list(*patterns: str) -> ToolList:
    return ToolList(tools={pattern: Ask() for pattern in patterns})


@pytest.mark.req("B-04", "S-02")
def test_tools_models_and_plugins_imply_what_they_cannot_be_without() -> None:
    profile = Profile(tools=AllTools(), models=("large",), plugins={"host:clock": Ask()})
    asks = compute_asks(MANIFEST, profile, name="helper")
    assert asks == Asks(
        secrets={"FIND": Ask(), "MODEL": Ask()},
        mounts={"workspace": MountAsk(access="rw")},
        host={"shell": Ask()},
        plugin_permissions={"host:clock": {"time": Ask(required=True)}},
    )


@pytest.mark.req("B-04", "S-02")
def test_what_the_profile_says_itself_is_not_overridden() -> None:
    said = Asks(
        mounts={"docs": MountAsk(access="ro")},
        host={"shell": Ask(required=True)},
        secrets={"FIND": Ask(required=True)},
    )
    asks = compute_asks(MANIFEST, Profile(tools=AllTools(), asks=said), name="helper")
    assert (asks.mounts, asks.host, asks.secrets) == (said.mounts, said.host, said.secrets)


@pytest.mark.req("S-02")
def test_reading_alone_implies_a_read_only_mount_and_no_tools_imply_none() -> None:
    reader = Profile(tools=make_list("file.read"))
    assert compute_asks(MANIFEST, reader).mounts == {"workspace": MountAsk(access="ro")}
    assert compute_asks(MANIFEST, Profile(tools=make_list())) == Asks()


@pytest.mark.req("B-04")
def test_a_list_takes_a_server_whole_or_in_part_and_never_more_than_it_exposes() -> None:
    def exposed(*patterns: str) -> object:
        return select_tools(MANIFEST.tools, make_list(*patterns))["mcp:issues"].exposes

    assert exposed("mcp:issues") == exposed("mcp:*") == exposed("*") == {"list", "close"}
    assert exposed("mcp:issues/list") == {"list"}
    assert exposed("mcp:issues/list", "mcp:issues/close") == {"list", "close"}
    assert exposed("mcp:issues/delete") == frozenset()


@pytest.mark.req("B-04")
def test_a_private_server_is_its_profiles_alone() -> None:
    assert "mcp:own" in select_tools(MANIFEST.tools, AllTools(), profile="helper")
    assert "mcp:own" not in select_tools(MANIFEST.tools, AllTools(), profile="other")
    assert "mcp:own" not in select_tools(MANIFEST.tools, make_list("mcp:own"))
