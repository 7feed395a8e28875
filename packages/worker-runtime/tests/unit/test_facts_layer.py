"""The layer of host facts: what policy grants and the host lacks is withheld, and the rest of the host stays unknown (S-06)."""

from typing import Any

import pytest
from msgspec.structs import replace

from support.runtime.resolution_world import PACKAGE_DIGEST, PLUGIN, make_facts, make_manifest, make_server
from worker_runtime.host.facts import NO_FACTS, HostFacts
from worker_runtime.resolution.decision import Candidate, Kind, Step
from worker_runtime.resolution.layers.facts import apply_facts
from worker_runtime.resolution.payloads import (
    Granted,
    GrantedHost,
    GrantedMount,
    GrantedPermission,
    GrantedPlugin,
    GrantedSecret,
    GrantedSurface,
    GrantedTool,
)
from yoi_bundle.manifest import BuiltinTool, HttpServer, McpServer, PluginPath, StdioServer, Surface

MANIFEST = make_manifest()
FACTS = make_facts()
FACT = FACTS.packages[PACKAGE_DIGEST]
BY_PLUGIN = McpServer(transport=StdioServer(command=PluginPath(base="root", path="bin/hours")), plugin=PLUGIN)
PLUGIN_ITEM = GrantedPlugin(id=PLUGIN, version="1.0.0", digest=PACKAGE_DIGEST)
SURFACE = GrantedSurface(plugin=PLUGIN, name="opening_hours", surface=Surface(type="tool", entry="bin/hours"))
PERMISSION = GrantedPermission(plugin=PLUGIN, name="clock")
MOUNT = GrantedMount(name="workspace", access="rw")

ITEMS: dict[str, tuple[Kind, Granted, str, str]] = {
    "secret": ("secret", GrantedSecret(name="MODEL_KEY", consumer="x"), "/secrets", "host_facts.no_secret"),
    "host": ("host", GrantedHost(capability="shell"), "/host", "host_facts.no_host"),
    "mount": ("mount", MOUNT, "/mounts", "host_facts.no_mount"),
    "server": (
        "tool",
        GrantedTool(id="mcp:issues", declaration=make_server()),
        "/commands",
        "host_facts.no_command",
    ),
    "server of a plugin": (
        "tool",
        GrantedTool(id="mcp:hours", declaration=BY_PLUGIN),
        "/packages",
        "host_facts.no_command",
    ),
    "plugin": ("plugin", PLUGIN_ITEM, "/packages", "host_facts.no_package"),
    "surface": ("surface", SURFACE, "/packages", "host_facts.surface"),
    "permission": ("permission", PERMISSION, "/packages", "host_facts.permission"),
}


def apply(kind: Kind, payload: Granted, facts: HostFacts = FACTS, **changes: Any) -> Candidate:
    return apply_facts(Candidate(kind, "x", payload, **changes), facts, MANIFEST)


def get_word(item: Candidate) -> Step:
    (step,) = item.steps
    assert step.layer == "host_facts"
    return step


def change_package(**changes: Any) -> HostFacts:
    return make_facts(packages={PACKAGE_DIGEST: replace(FACT, **changes)})


@pytest.mark.req("S-06")
@pytest.mark.parametrize("name", ITEMS)
def test_what_is_there_is_present(name: str) -> None:
    kind, payload, pointer, _ = ITEMS[name]
    after = apply(kind, payload)
    assert (get_word(after).verdict, get_word(after).rule) == ("gives", "host_facts.present")
    assert get_word(after).pointer == (f"/packages/{PACKAGE_DIGEST}" if name == "plugin" else pointer)
    assert after.payload == payload


@pytest.mark.req("S-06")
@pytest.mark.parametrize("name", ITEMS)
def test_what_is_not_there_is_withheld(name: str) -> None:
    kind, payload, pointer, rule = ITEMS[name]
    assert get_word(apply(kind, payload, NO_FACTS)) == Step("host_facts", "withholds", pointer, rule)


@pytest.mark.req("S-06")
@pytest.mark.parametrize("name", ITEMS)
def test_nothing_is_said_of_what_another_layer_withheld(name: str) -> None:
    kind, payload, _, _ = ITEMS[name]
    for facts in (FACTS, NO_FACTS):
        assert apply(kind, payload, facts, withheld=True).steps == ()


@pytest.mark.req("S-02")
@pytest.mark.parametrize(
    ("asked", "there", "left", "verdict"),
    [
        ("rw", "rw", "rw", "gives"),
        ("rw", "ro", "ro", "narrows"),
        ("ro", "rw", "ro", "gives"),
        ("ro", "ro", "ro", "gives"),
    ],
)
def test_a_mount_has_the_lesser_access_of_what_was_granted_and_what_the_file_system_admits(
    asked: Any, there: Any, left: Any, verdict: str
) -> None:
    after = apply("mount", replace(MOUNT, access=asked), make_facts(mounts={"workspace": there}))
    assert after.payload == replace(MOUNT, access=left)
    assert get_word(after).verdict == verdict
    if verdict == "narrows":
        assert get_word(after) == Step(
            "host_facts", "narrows", "/mounts/workspace", "host_facts.lower_access"
        )


@pytest.mark.req("S-06")
@pytest.mark.parametrize(
    ("state", "rule"),
    [
        ("absent", "host_facts.no_package"),
        ("digest_mismatch", "host_facts.package_digest"),
        ("invalid", "host_facts.package_invalid"),
    ],
)
def test_a_package_that_is_not_verified_gives_neither_plugin_nor_anything_of_it(
    state: str, rule: str
) -> None:
    facts = change_package(state=state)
    assert get_word(apply("plugin", PLUGIN_ITEM, facts)) == Step(
        "host_facts", "withholds", f"/packages/{PACKAGE_DIGEST}", rule
    )
    for name in ("server of a plugin", "surface", "permission"):
        kind, payload, _, denied = ITEMS[name]
        assert get_word(apply(kind, payload, facts)).rule == denied


@pytest.mark.req("S-06")
@pytest.mark.parametrize("changes", [{"name": "other"}, {"version": "1.0.1"}])
def test_a_package_of_another_name_or_version_is_another_plugin(changes: dict[str, str]) -> None:
    word = get_word(apply("plugin", PLUGIN_ITEM, change_package(**changes)))
    assert (word.verdict, word.rule) == ("withholds", "host_facts.package_other")


@pytest.mark.req("S-06")
@pytest.mark.parametrize(
    "surface",
    [Surface(type="service", entry="bin/hours"), Surface(type="tool", entry="plugin.json")],
)
def test_a_surface_that_the_package_declares_otherwise_is_withheld(surface: Surface) -> None:
    word = get_word(apply("surface", replace(SURFACE, surface=surface)))
    assert (word.verdict, word.rule) == ("withholds", "host_facts.surface")


@pytest.mark.req("S-06")
@pytest.mark.parametrize("changes", [{"files": ("plugin.json",)}, {"surfaces": {}}])
def test_a_surface_whose_entry_or_declaration_is_not_in_the_package_is_withheld(changes: Any) -> None:
    assert get_word(apply("surface", SURFACE, change_package(**changes))).rule == "host_facts.surface"


@pytest.mark.req("S-06")
def test_a_permission_that_the_package_does_not_declare_is_withheld() -> None:
    assert get_word(apply("permission", replace(PERMISSION, name="radio"))).rule == "host_facts.permission"


@pytest.mark.req("S-06")
@pytest.mark.parametrize("plugin", [None, "host:other"])
def test_a_server_that_starts_a_plugins_file_is_withheld_without_that_plugin(plugin: str | None) -> None:
    tool = GrantedTool(id="mcp:hours", declaration=replace(BY_PLUGIN, plugin=plugin))
    assert get_word(apply("tool", tool)).rule == "host_facts.no_command"


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("tool", GrantedTool(id="file.read", declaration=BuiltinTool())),
        (
            "tool",
            GrantedTool(
                id="mcp:web", declaration=McpServer(transport=HttpServer(url="https://a.example.org/mcp"))
            ),
        ),
        ("plugin", replace(PLUGIN_ITEM, digest="")),
    ],
)
def test_facts_have_no_word_on_what_starts_nothing_on_this_host(kind: Kind, payload: Granted) -> None:
    assert apply(kind, payload, NO_FACTS).steps == ()
