"""Hypothesis strategies for the layers of a host: policies, facts, intents, and whole cases of resolution.

They draw from the names that `bundle_strategies` uses, and more often grant than not, so that items get through.
"""

from typing import Any

import msgspec
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from msgspec.structs import replace

from support.bundles.bundle_strategies import (
    HOSTS,
    MOUNTS,
    PLUGINS,
    SECRETS,
    GeneratedBundle,
    build_bundle,
    manifests,
    policies,
    worker_limits,
)
from worker_runtime.host.facts import HostFacts, PackageFact, SurfaceFact
from worker_runtime.host.policy import (
    CommandGrant,
    EndpointGrant,
    HostModelGrant,
    HostPolicy,
    LaunchGrant,
    PluginGrant,
    SecretGrant,
    ServerGrant,
)
from worker_runtime.resolution.launches import find_tool_grant, format_argument, write_launch_key
from worker_runtime.resolution.plan_grants import get_package_digest
from worker_runtime.resolution.url_origins import get_origin
from yoi_bundle.manifest import (
    Access,
    AllTools,
    Ask,
    BuiltinTool,
    Grants,
    HostParameter,
    HostServer,
    HttpServer,
    HttpTool,
    Manifest,
    McpServer,
    Member,
    MountAsk,
    MountGrant,
    Policy,
    Profile,
    Rule,
    StdioServer,
    compute_rule_id,
)
from yoi_bundle.selection import list_values
from yoi_wire.worker_requests import Intent, Narrowing

ACCESSES: SearchStrategy[Access] = st.sampled_from(["ro", "rw"])
NETWORK = (*HOSTS, "example.com", "a.example.com", "*.b.example.com", "docs.example.org:443", "*.org")


class Case(msgspec.Struct, frozen=True):
    """Everything that one resolution depends on."""

    bundle: GeneratedBundle
    selector: str
    policy: HostPolicy
    facts: HostFacts
    intent: Intent

    def __repr__(self) -> str:
        """Keep a failure readable: the manifest as JSON, and of a long case the beginning."""
        parts = (self.selector, self.bundle.data.decode(), self.policy, self.facts, self.intent)
        return f"Case({', '.join(map(str, parts))[:4000]})"


def mostly(names: Any) -> SearchStrategy[frozenset[Any]]:
    """Draw all of the names, or all but a few."""
    known = frozenset(names)
    if not known:
        return st.just(known)
    left_out = st.lists(st.sampled_from(sorted(known)), min_size=1, max_size=2)
    return st.one_of(st.just(known), st.just(known), left_out.map(known.difference))


def make_policy(*rules: Rule, default: Any = "deny") -> Policy:
    return Policy(default=default, rules={compute_rule_id(rule): rule for rule in rules})


ALLOW_ALL = make_policy(Rule(effect="allow", tool="*"))


@st.composite
def host_policies(draw: DrawFn, manifest: Manifest) -> HostPolicy:
    """Draw a policy that may grant each thing the manifest could ask for."""
    servers = [tool for tool in manifest.tools.values() if isinstance(tool, McpServer)]
    stdio = [one.transport for one in servers if isinstance(one.transport, StdioServer)]
    urls = [one.transport.url for one in servers if isinstance(one.transport, HttpServer)]
    urls += [tool.url for tool in manifest.tools.values() if isinstance(tool, HttpTool)]
    urls += ["https://flows.example.org/a"]
    values = [value for tool in manifest.tools.values() for _, value in list_values(tool)]
    policy = HostPolicy(
        mounts={name: draw(ACCESSES) for name in sorted(draw(mostly(MOUNTS)))},
        network=frozenset(draw(st.lists(st.sampled_from(NETWORK), max_size=4))),
        host=draw(mostly(("shell", "git"))),
        endpoints={
            name: EndpointGrant(
                provider="example",
                models=frozenset({draw(st.sampled_from(["*", "large-*", "small-1"]))}),
                url=draw(st.sampled_from([None, "https://models.example.org/v1"])),
                credential=draw(st.sampled_from([None, *SECRETS])),
            )
            for name in sorted(draw(mostly(("main", "spare"))))
        },
        models={
            alias: HostModelGrant(
                provider="example", model="sonnet-1", credential=draw(st.sampled_from([None, *SECRETS]))
            )
            for alias in sorted(draw(mostly(("sonnet",))))
        },
        default_model=draw(st.sampled_from([None, "sonnet"])),
        commands=draw(_commands(stdio)),
        origins=draw(mostly({get_origin(url) for url in urls})),
        servers={
            one.transport.name: ServerGrant(secrets=draw(mostly(SECRETS)))
            for one in servers
            if isinstance(one.transport, HostServer) and draw(st.booleans())
        },
        parameters=draw(mostly({value.name for value in values if isinstance(value, HostParameter)})),
        plugins=draw(_plugin_grants(manifest)),
        tools=draw(st.one_of(st.just(ALLOW_ALL), policies())),
        limits=draw(worker_limits()),
    )
    return replace(policy, secrets=draw(_secret_grants(manifest, policy)))


@st.composite
def _commands(draw: DrawFn, servers: list[StdioServer]) -> dict[str, CommandGrant]:
    grants = {}
    for index, server in enumerate(servers):
        if isinstance(server.command, str) and draw(st.integers(0, 3)):
            launch = draw(_launches(server))
            grants[f"command-{index}"] = CommandGrant(
                command=server.command, args=launch.args, further_args=launch.further_args, env=launch.env
            )
    return grants


@st.composite
def _launches(draw: DrawFn, server: StdioServer) -> LaunchGrant:
    words = tuple(f"{one.flag}{format_argument(one.value)}" for one in server.args)
    shown = draw(st.integers(0, len(words)))
    return LaunchGrant(
        args=words[:shown],
        further_args=draw(st.booleans()) or shown == len(words),
        env=draw(mostly(server.env)),
    )


@st.composite
def _plugin_grants(draw: DrawFn, manifest: Manifest) -> tuple[PluginGrant, ...]:
    grants = []
    for name, plugin in sorted(manifest.plugins.items()):
        digest = get_package_digest(plugin)
        if not digest or not draw(st.integers(0, 4)):
            continue
        launches = {
            write_launch_key(tool.transport): draw(_launches(tool.transport))
            for tool in manifest.tools.values()
            if isinstance(tool, McpServer)
            and tool.plugin == name
            and isinstance(tool.transport, StdioServer)
            and draw(st.booleans())
        }
        grants.append(
            PluginGrant(
                id=name,
                version=plugin.version if draw(st.integers(0, 4)) else "0.0.0",
                digest=digest if draw(st.integers(0, 4)) else f"sha256:{'f' * 64}",
                surfaces=draw(mostly(plugin.surfaces)),
                permissions=draw(mostly(plugin.permissions)),
                servers=launches,
            )
        )
    return tuple(grants)


@st.composite
def _secret_grants(draw: DrawFn, manifest: Manifest, policy: HostPolicy) -> dict[str, SecretGrant]:
    consumers = {"model:main", "model:spare"}
    for tool in manifest.tools.values():
        if not isinstance(tool, BuiltinTool):
            consumer = find_tool_grant(tool, policy, manifest).consumer
            if not consumer.startswith(("unknown-command:", "server:")):
                consumers.add(consumer)
    return {name: SecretGrant(to=draw(mostly(consumers))) for name in sorted(draw(mostly(SECRETS)))}


@st.composite
def host_facts(draw: DrawFn, manifest: Manifest, policy: HostPolicy) -> HostFacts:
    """Draw facts about anything, needed or not."""
    return HostFacts(
        secrets=tuple(sorted(draw(mostly(SECRETS)))),
        mounts={name: draw(ACCESSES) for name in sorted(draw(mostly(MOUNTS)))},
        commands=tuple(sorted(draw(mostly({one.command for one in policy.commands.values()})))),
        host=tuple(sorted(draw(mostly(("shell", "git"))))),
        packages=draw(_packages(manifest)),
    )


@st.composite
def _packages(draw: DrawFn, manifest: Manifest) -> dict[str, PackageFact]:
    facts = {}
    for plugin in manifest.plugins.values():
        digest = get_package_digest(plugin)
        if not digest or not draw(st.integers(0, 4)):
            continue
        state: Any = draw(st.sampled_from(["verified"] * 5 + ["absent", "digest_mismatch", "invalid"]))
        if state != "verified":
            facts[digest] = PackageFact(state=state)
            continue
        files = {surface.entry for surface in plugin.surfaces.values()} | {"bin/server.py", "server.py"}
        facts[digest] = PackageFact(
            state="verified",
            name=plugin.name,
            version=plugin.version,
            surfaces={
                name: SurfaceFact(type=one.type, entry=one.entry)
                for name, one in sorted(plugin.surfaces.items())
            },
            permissions=tuple(sorted(draw(mostly(plugin.permissions)))),
            files=tuple(sorted(files)),
        )
    return facts


@st.composite
def intents(draw: DrawFn, manifest: Manifest) -> Intent:
    """Draw an intent that narrows some kinds and is silent about the others."""
    patterns = {
        *manifest.tools,
        "file.*",
        "*",
        *(f"{name}/find" for name in manifest.tools if name[:4] == "mcp:"),
    }

    def sometimes(names: SearchStrategy[Any]) -> Any:
        return draw(st.one_of(st.none(), st.none(), names))

    narrowing = Narrowing(
        tools=sometimes(mostly(patterns)),
        mounts=sometimes(st.dictionaries(st.sampled_from(MOUNTS), ACCESSES, max_size=2)),
        network=sometimes(mostly(NETWORK)),
        secrets=sometimes(mostly(SECRETS)),
        host=sometimes(mostly(("shell", "git"))),
        skills=sometimes(mostly(manifest.skills)),
        limits=draw(worker_limits()),
        policy=sometimes(policies()),
    )
    return Intent(narrowing=narrowing)


def _make_generous(manifest: Manifest) -> Grants:
    return Grants(
        secrets=dict.fromkeys(SECRETS, Member()),
        mounts={name: MountGrant(access="rw") for name in MOUNTS},
        network=dict.fromkeys(("*.example.com", "*.example.org", "localhost:8080"), Member()),
        host={"shell": Member(), "git": Member()},
        plugin_permissions={
            name: dict.fromkeys(one.permissions, Member()) for name, one in manifest.plugins.items()
        },
        limits=manifest.grants.limits,
    )


def _ask_all(profile: Profile) -> Profile:
    asks = replace(
        profile.asks,
        mounts={name: MountAsk(access="rw") for name in MOUNTS},
        network=dict.fromkeys(HOSTS, Ask()),
        host={"shell": Ask(), "git": Ask()},
    )
    return replace(profile, asks=asks, tools=AllTools())


@st.composite
def cases(draw: DrawFn) -> Case:
    """Draw a bundle with at least one profile, and the other layers for it."""
    manifest = draw(manifests().filter(lambda one: bool(one.profiles)))
    # Layers that are drawn alone seldom agree; most cases give much, so that each layer's own word decides something.
    if draw(st.integers(0, 2)):
        manifest = replace(manifest, grants=_make_generous(manifest))
    if draw(st.integers(0, 2)):
        manifest = replace(
            manifest, profiles={name: _ask_all(one) for name, one in manifest.profiles.items()}
        )
    bundle = build_bundle(manifest)
    policy = draw(host_policies(manifest))
    return Case(
        bundle=bundle,
        selector=f"workspace:{draw(st.sampled_from(sorted(manifest.profiles)))}",
        policy=policy,
        facts=draw(host_facts(manifest, policy)),
        intent=draw(intents(manifest)),
    )


__all__ = [
    "ALLOW_ALL",
    "NETWORK",
    "PLUGINS",
    "Case",
    "cases",
    "host_facts",
    "host_policies",
    "intents",
    "make_policy",
]
