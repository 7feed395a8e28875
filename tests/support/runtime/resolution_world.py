"""A small bundle and a host that grants it all; tests take one thing away and look at what happens."""

import io
import json
import tarfile
from typing import Any

from msgspec.structs import replace

from worker_runtime.host.facts import HostFacts, PackageFact
from worker_runtime.host.plugin_packages import verify_plugin_package
from worker_runtime.host.policy import (
    CommandGrant,
    EndpointGrant,
    HostModelGrant,
    HostPolicy,
    LaunchGrant,
    PluginGrant,
    SecretGrant,
)
from worker_runtime.resolution.resolve import Resolution, compute_resolution, prepare_resolution
from yoi_bundle.builtin import load_builtin_set
from yoi_bundle.canonical import encode_canonical
from yoi_bundle.digest import compute_digest
from yoi_bundle.manifest import (
    AllTools,
    Argument,
    Ask,
    Asks,
    BuiltinTool,
    BundleModel,
    Descriptor,
    Grants,
    HttpTool,
    Manifest,
    McpServer,
    Member,
    MountAsk,
    MountGrant,
    PackageReference,
    Plugin,
    Policy,
    Profile,
    Prompt,
    PromptUse,
    Rule,
    SecretRef,
    StdioServer,
    Surface,
    compute_rule_id,
)
from yoi_bundle.manifest.values import LiteralValue
from yoi_bundle.verified import VerifiedBundle, verify_manifest
from yoi_wire.worker_requests import NO_INTENT, Intent, WorkerRequest

TEXT = b"Answer briefly.\n"
ORIGIN = "https://api.example.org"


def make_policy(*rules: Rule, default: Any = "deny") -> Policy:
    return Policy(default=default, rules={compute_rule_id(rule): rule for rule in rules})


def make_package(
    *,
    name: str = "hours",
    version: str = "1.0.0",
    surfaces: Any = None,
    permissions: Any = None,
    files: Any = (),
) -> bytes:
    """Return the tar of a plugin with one tool surface, unless told otherwise."""
    declared = {"opening_hours": {"type": "tool", "entry": "bin/hours"}} if surfaces is None else surfaces
    extension = {"surfaces": declared, "permissions": permissions or {"clock": {}}}
    manifest = {"name": name, "version": version, "extensions": {"dev.yoi": extension}}
    contents = {"plugin.json": json.dumps(manifest).encode(), "bin/hours": b"#!/bin/sh\n", **dict(files)}
    return make_tar(contents)


def make_tar(contents: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, content in contents.items():
            header = tarfile.TarInfo(path)
            header.size = len(content)
            archive.addfile(header, io.BytesIO(content))
    return buffer.getvalue()


PACKAGE = make_package()
PACKAGE_DIGEST = compute_digest(PACKAGE)
PLUGIN = "host:hours"
PLUGIN_CONSUMER = f"plugin:{PLUGIN}@1.0.0@{PACKAGE_DIGEST}"


def make_server(**changes: Any) -> McpServer:
    """Return an MCP server started as `issue-server --stdio` with a token in its environment."""
    values: dict[str, Any] = {
        "command": "issue-server",
        "args": (Argument(value=LiteralValue(value="--stdio")),),
        "env": {"ISSUE_TOKEN": SecretRef(name="ISSUE_TOKEN")},
    }
    return McpServer(transport=StdioServer(**{**values, **changes}))


def make_manifest(**changes: Any) -> Manifest:
    """Return a manifest with one profile, `helper`, that uses one thing of each kind."""
    content = Descriptor(media_type="text/markdown", digest=compute_digest(TEXT), size=len(TEXT))
    values: dict[str, Any] = {
        "schema_version": 1,
        "workspace": "library",
        "prompts": {"brief": Prompt(content=content)},
        "models": {
            "large": BundleModel(provider="example", model="large-1", credential=SecretRef(name="MODEL_KEY"))
        },
        "tools": {
            "file.read": BuiltinTool(),
            "shell.run": BuiltinTool(),
            "web.fetch": BuiltinTool(),
            "mcp:issues": make_server(),
            "http:catalogue": HttpTool(
                url=f"{ORIGIN}/find", headers={"Authorization": SecretRef(name="API_TOKEN", prefix="Bearer ")}
            ),
        },
        "plugins": {
            PLUGIN: Plugin(
                name="hours",
                version="1.0.0",
                package=PackageReference(digest=PACKAGE_DIGEST),
                surfaces={"opening_hours": Surface(type="tool", entry="bin/hours")},
                permissions={"clock": Ask()},
            )
        },
        "policies": {"house": make_policy(Rule(effect="allow", tool="*"))},
        "grants": Grants(
            secrets={name: Member() for name in ("MODEL_KEY", "ISSUE_TOKEN", "API_TOKEN")},
            mounts={"workspace": MountGrant(access="rw")},
            network={"docs.example.org": Member()},
            host={"shell": Member()},
            plugin_permissions={PLUGIN: {"clock": Member()}},
        ),
        "profiles": {"helper": make_profile()},
        "default_profile": "workspace:helper",
    }
    return Manifest(**{**values, **changes})


def make_profile(**changes: Any) -> Profile:
    values: dict[str, Any] = {
        "tools": AllTools(),
        "prompts": (PromptUse(prompt="brief"),),
        "models": ("large",),
        "policies": {"house": Member()},
        "plugins": {PLUGIN: Ask()},
        "asks": Asks(mounts={"workspace": MountAsk(access="rw")}, network={"docs.example.org": Ask()}),
    }
    return Profile(**{**values, **changes})


def make_bundle(manifest: Manifest | None = None) -> VerifiedBundle:
    data = encode_canonical(manifest or make_manifest())
    return verify_manifest(data, compute_digest(data))


def make_host_policy(**changes: Any) -> HostPolicy:
    """Return a policy that grants `make_manifest()` whole."""
    values: dict[str, Any] = {
        "secrets": {
            "MODEL_KEY": SecretGrant(to=frozenset({"model:main"})),
            "ISSUE_TOKEN": SecretGrant(to=frozenset({"command:issues"})),
            "API_TOKEN": SecretGrant(to=frozenset({f"origin:{ORIGIN}"})),
        },
        "mounts": {"workspace": "rw"},
        "network": frozenset({"docs.example.org"}),
        "host": frozenset({"shell"}),
        "endpoints": {"main": EndpointGrant(provider="example", models=frozenset({"large-*"}))},
        "models": {"spare": HostModelGrant(provider="example", model="small-1")},
        "commands": {
            "issues": CommandGrant(command="issue-server", args=("--stdio",), env=frozenset({"ISSUE_TOKEN"}))
        },
        "origins": frozenset({ORIGIN}),
        "plugins": (
            PluginGrant(
                id=PLUGIN,
                version="1.0.0",
                digest=PACKAGE_DIGEST,
                surfaces=frozenset({"opening_hours"}),
                permissions=frozenset({"clock"}),
                servers={"./bin/hours": LaunchGrant()},
            ),
        ),
        "tools": make_policy(Rule(effect="allow", tool="*")),
    }
    return HostPolicy(**{**values, **changes})


def make_facts(**changes: Any) -> HostFacts:
    values: dict[str, Any] = {
        "secrets": ("API_TOKEN", "ISSUE_TOKEN", "MODEL_KEY"),
        "mounts": {"workspace": "rw"},
        "commands": ("issue-server",),
        "host": ("shell",),
        "packages": {PACKAGE_DIGEST: verify_plugin_package(PACKAGE, PACKAGE_DIGEST)},
    }
    return HostFacts(**{**values, **changes})


def resolve(
    manifest: Manifest | None = None,
    *,
    selector: str = "workspace:helper",
    policy: HostPolicy | None = None,
    facts: HostFacts | None = None,
    intent: Intent = NO_INTENT,
) -> Resolution:
    """Resolve a profile of a manifest for a remote caller; what is not given is as generous as can be."""
    bundle = make_bundle(manifest)
    request = WorkerRequest(selector=selector, bundle_digest=bundle.digest, intent=intent)
    hosted = prepare_resolution(
        request,
        bundle=bundle,
        builtin=load_builtin_set(),
        policy=policy or make_host_policy(),
        caller_is_remote=True,
    )
    return compute_resolution(hosted, facts or make_facts(), intent)


def require_all(manifest: Manifest) -> Manifest:
    """Make each thing that the helper asks for required."""
    helper = manifest.profiles["helper"]
    asks = Asks(
        secrets={name: Ask(required=True) for name in manifest.grants.secrets},
        mounts={name: replace(ask, required=True) for name, ask in helper.asks.mounts.items()},
        network={name: Ask(required=True) for name in helper.asks.network},
        host={"shell": Ask(required=True)},
        plugin_permissions={PLUGIN: {"clock": Ask(required=True)}},
    )
    profile = replace(helper, asks=asks, plugins={PLUGIN: Ask(required=True)})
    return replace(manifest, profiles={"helper": profile})


__all__ = [
    "PACKAGE",
    "PackageFact",
    "make_bundle",
    "make_facts",
    "make_host_policy",
    "make_manifest",
    "resolve",
]
