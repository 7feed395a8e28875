"""Hypothesis strategies for bundles: the only ones in the repository.

`manifests()` gives valid, closed manifests in which every struct occurs sooner or later; `bundles()` gives them with
bytes, blobs and a `VerifiedBundle`; `changed_manifests(manifest)` small valid changes of one; `tool_calls(manifest)` calls
that its rules may be about; `mutated_documents()` decoded JSON that is almost a manifest; `hostile_bytes()` anything.
"""

import copy
import json
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

import msgspec
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from msgspec.structs import replace

from yoi_bundle.calls import ToolCall
from yoi_bundle.canonical import encode_canonical
from yoi_bundle.digest import compute_digest
from yoi_bundle.errors import UnresolvedReferenceError
from yoi_bundle.manifest import (
    AllTools,
    Argument,
    Ask,
    Asks,
    BuiltinProfiles,
    BuiltinTool,
    BundleModel,
    Descriptor,
    DomainMatch,
    ExactMatch,
    GlobMatch,
    Grants,
    HostModel,
    HostParameter,
    HostPathMatch,
    HostServer,
    HttpServer,
    HttpTool,
    Item,
    Language,
    LiteralValue,
    Manifest,
    Match,
    McpServer,
    Member,
    Model,
    MountAsk,
    MountGrant,
    Origin,
    PackageBlob,
    PackageReference,
    PathMatch,
    Plugin,
    PluginPath,
    Policy,
    PrefixMatch,
    Profile,
    Project,
    Prompt,
    PromptUse,
    Rule,
    SecretRef,
    Skill,
    SkillFile,
    StdioServer,
    Surface,
    Tool,
    ToolList,
    ToolSelection,
    Value,
    WorkerLimits,
    Workflow,
    WorkflowReference,
    WorkflowText,
    compute_rule_id,
)
from yoi_bundle.schema import compute_features
from yoi_bundle.verified import VerifiedBundle, verify_manifest

CONTENTS: tuple[bytes, ...] = (
    b"",
    b"# Review\n\nRead the change twice.\n",
    "# 案内\n\n本の場所を答える。\n".encode(),
    b"Answer briefly.\nCite the shelf.\n",
    b'{"type":"object"}',
    bytes(range(256)),
)
BLOBS: Mapping[str, bytes] = {compute_digest(content): content for content in CONTENTS}
"""Every blob that a generated manifest may name, by digest."""

NAMES = ("guide", "plugins/db/tuner", "%E6%A1%88%E5%86%85", "review-2")
SERVERS = ("mcp:files", "mcp:plugins/db/server")
PLUGINS = ("workspace:tools/labels", "host:printer")
SECRETS = ("CATALOGUE_TOKEN", "model-key")
MOUNTS = ("workspace", "docs")
HOSTS = ("docs.example.org", "*.example.com", "localhost:8080")
COMMANDS = ("git status", "git push", "npm run test", "rm", "ls")
PATHS = ("src/**", "src/*", "secrets", "docs/*.md", "**/.env", "*")


class GeneratedBundle(msgspec.Struct, frozen=True):
    """A valid bundle with everything that belongs to it."""

    data: bytes
    blobs: dict[str, bytes]
    bundle: VerifiedBundle

    @property
    def manifest(self) -> Manifest:
        return self.bundle.manifest

    @property
    def digest(self) -> str:
        return self.bundle.digest


def build_bundle(manifest: Manifest) -> GeneratedBundle:
    """Encode and verify a manifest whose blobs are among `BLOBS`."""
    data = encode_canonical(manifest)
    bundle = verify_manifest(data, compute_digest(data))
    return GeneratedBundle(data, {digest: BLOBS[digest] for digest in bundle.blobs}, bundle)


def bundles() -> SearchStrategy[GeneratedBundle]:
    """Generate valid bundles with their blobs."""
    return manifests().map(build_bundle)


@cache
def texts() -> SearchStrategy[str]:
    return st.text(alphabet='abz 案é"\\/\n\t\x7f😀', max_size=6)


@cache
def members(keys: tuple[str, ...], *, max_size: int = 3) -> SearchStrategy[dict[str, Member]]:
    return st.sets(st.sampled_from(keys), max_size=max_size).map(lambda taken: dict.fromkeys(taken, Member()))


@cache
def descriptors(media_type: Any = "text/markdown") -> SearchStrategy[Descriptor]:
    return st.sampled_from(CONTENTS).map(
        lambda content: Descriptor(media_type=media_type, digest=compute_digest(content), size=len(content))
    )


@cache
def _asked(keys: tuple[str, ...]) -> SearchStrategy[dict[Any, Ask]]:
    return st.dictionaries(st.sampled_from(keys), st.builds(Ask, required=st.booleans()), max_size=2)


def _named(values: SearchStrategy[Any], keys: tuple[str, ...] = NAMES, *, max_size: int = 2) -> Any:
    return st.dictionaries(st.sampled_from(keys), values, max_size=max_size)


def _subset(draw: DrawFn, keys: Any, *, max_size: int = 3) -> list[str]:
    names = sorted(keys)
    return draw(st.lists(st.sampled_from(names), unique=True, max_size=max_size)) if names else []


@cache
def worker_limits() -> SearchStrategy[WorkerLimits]:
    bound = st.none() | st.integers(1, 9)
    return st.builds(WorkerLimits, turns=bound, tokens=bound, seconds=bound)


@cache
def grants() -> SearchStrategy[Grants]:
    return st.builds(
        Grants,
        secrets=members(SECRETS),
        mounts=st.dictionaries(
            st.sampled_from(MOUNTS), st.builds(MountGrant, access=st.sampled_from(["ro", "rw"])), max_size=2
        ),
        network=members(HOSTS),
        host=members(("shell", "git")),
        plugin_permissions=st.dictionaries(
            st.sampled_from(PLUGINS), members(("network", "mount:docs")), max_size=1
        ),
        limits=worker_limits(),
    )


@st.composite
def asks(draw: DrawFn, plugins: Any = ()) -> Asks:
    return Asks(
        secrets=draw(_asked(SECRETS)),
        mounts=draw(
            st.dictionaries(
                st.sampled_from(MOUNTS),
                st.builds(MountAsk, access=st.sampled_from(["ro", "rw"]), required=st.booleans()),
                max_size=2,
            )
        ),
        network=draw(_asked(HOSTS)),
        host=draw(_asked(("shell", "git"))),
        plugin_permissions={name: draw(_asked(("network",))) for name in _subset(draw, plugins, max_size=1)},
        limits=draw(worker_limits()),
    )


@cache
def matches(*, allow: bool = False) -> SearchStrategy[Match]:
    """Generate conditions; those of allow rules name no place on the host."""
    kinds: list[SearchStrategy[Match]] = [
        st.builds(ExactMatch, argument=st.just("command"), value=st.sampled_from(COMMANDS)),
        st.builds(PrefixMatch, argument=st.just("command"), value=st.sampled_from(COMMANDS)),
        st.builds(
            GlobMatch,
            argument=st.just("command"),
            pattern=st.sampled_from(["git *", "npm run *", "* main", "*"]),
        ),
        st.builds(
            PathMatch,
            argument=st.just("path"),
            pattern=st.sampled_from(PATHS),
            mount=st.sampled_from(MOUNTS),
        ),
        st.builds(DomainMatch, argument=st.just("url"), host=st.sampled_from(HOSTS)),
    ]
    if not allow:
        host_paths = st.sampled_from(["/etc/**", "~/.ssh/**"])
        kinds.append(st.builds(HostPathMatch, argument=st.just("path"), pattern=host_paths))
    return st.one_of(kinds)


TOOL_PATTERNS = (
    "*",
    "file.*",
    "file.read",
    "shell.run",
    "web.fetch",
    "mcp:*",
    "mcp:files/*",
    "mcp:files/find",
)


@cache
def rules() -> SearchStrategy[Rule]:
    return st.sampled_from(["deny", "ask", "allow"]).flatmap(
        lambda effect: st.builds(
            Rule,
            effect=st.just(effect),
            tool=st.sampled_from(TOOL_PATTERNS),
            where=st.none() | matches(allow=effect == "allow"),
        )
    )


@cache
def policies(*, max_rules: int = 5) -> SearchStrategy[Policy]:
    """Generate layers of rules under their own ids."""
    return st.builds(
        Policy,
        title=texts(),
        default=st.sampled_from(["deny", "ask", "allow"]),
        rules=st.lists(rules(), max_size=max_rules).map(
            lambda drawn: {compute_rule_id(rule): rule for rule in drawn}
        ),
    )


@cache
def values(*, plugin: bool = False) -> SearchStrategy[Value]:
    kinds: list[SearchStrategy[Value]] = [
        st.builds(SecretRef, name=st.sampled_from(SECRETS), prefix=st.sampled_from(["", "Bearer "])),
        st.builds(LiteralValue, value=st.sampled_from(["1", "true", "1.2.3", "info"])),
        st.builds(HostParameter, name=st.just("REGION")),
    ]
    if plugin:
        kinds.append(
            st.builds(PluginPath, base=st.sampled_from(["root", "data"]), path=st.sampled_from(["", "bin/x"]))
        )
    return st.one_of(kinds)


@st.composite
def mcp_servers(draw: DrawFn, plugins: Any = (), profiles: Any = ()) -> McpServer:
    plugin = draw(st.none() | st.sampled_from(sorted(plugins))) if plugins else None
    own = values(plugin=plugin is not None)
    arguments = st.lists(
        st.builds(Argument, value=own, flag=st.sampled_from(["", "--level="])), max_size=2
    ).map(tuple)
    transport = draw(
        st.one_of(
            st.builds(
                StdioServer,
                command=st.just("npx"),
                args=arguments,
                env=st.dictionaries(st.just("LEVEL"), own, max_size=1),
                cwd=st.just(PluginPath(base="data")) if plugin else st.none(),
            ),
            st.builds(
                HttpServer,
                url=st.sampled_from(["https://tools.example.org/mcp", "http://localhost:8080/mcp"]),
                protocol=st.sampled_from(["streamable-http", "sse"]),
                headers=st.dictionaries(
                    st.just("Authorization"), st.builds(SecretRef, name=st.sampled_from(SECRETS)), max_size=1
                ),
                query=st.dictionaries(st.just("level"), values(), max_size=1),
            ),
            st.builds(HostServer, name=st.just("browser")),
        )
    )
    return McpServer(
        title=draw(texts()),
        transport=transport,
        exposes=draw(st.none() | members(("find", "write"))),
        private_to=draw(st.none() | st.sampled_from(sorted(profiles))) if profiles else None,
        plugin=plugin,
    )


@st.composite
def tools(draw: DrawFn, plugins: Any = (), profiles: Any = ()) -> dict[str, Tool]:
    found: dict[str, Tool] = {
        name: BuiltinTool()
        for name in draw(members(("file.read", "file.edit", "shell.run", "web.fetch"), max_size=4))
    }
    for name in draw(members(SERVERS)):
        found[name] = draw(mcp_servers(plugins, profiles))
    if draw(st.booleans()):
        found["http:catalogue/find"] = HttpTool(
            url="https://tools.example.org/find",
            method=draw(st.sampled_from(["GET", "POST"])),
            headers=draw(st.dictionaries(st.just("Accept"), values(), max_size=1)),
            input_schema=draw(st.none() | descriptors("application/json")),
        )
    return found


_AnyItem = TypeVar("_AnyItem", bound=Item)


def _with_features(item: _AnyItem) -> _AnyItem:
    return replace(item, features=dict.fromkeys(compute_features(item), Member()))


@st.composite
def plugins(draw: DrawFn) -> dict[str, Plugin]:
    found = {}
    for name in draw(members(PLUGINS)):
        reference = PackageReference(digest=compute_digest(name.encode()))
        blob = draw(descriptors("application/vnd.yoi.plugin.v1+tar"))
        package = draw(
            st.sampled_from(
                [reference] if name.startswith("host:") else [reference, PackageBlob(content=blob), None]
            )
        )
        surface = st.builds(
            Surface,
            type=st.sampled_from(["tool", "service", "ingress"]),
            entry=st.just("bin/run.py"),
            description=texts(),
            input_schema=st.none() | descriptors("application/json"),
        )
        plugin = Plugin(
            name="labels",
            version=draw(st.sampled_from(["", "1.0.0"])),
            package=package,
            surfaces=draw(st.dictionaries(st.sampled_from(["print", "watch"]), surface, max_size=2))
            if package
            else {},
            permissions=draw(_asked(("network", "mount:docs"))),
            config=draw(st.none() | descriptors("application/json")),
        )
        found[name] = _with_features(plugin)
    return found


@st.composite
def selections(draw: DrawFn, manifest_tools: Any, plugin_ids: Any) -> ToolSelection:
    if draw(st.booleans()):
        return AllTools()
    known = [*sorted(manifest_tools), "*", "file.*", *(f"plugin:{name}" for name in sorted(plugin_ids))]
    known += [f"{name}/find" for name in sorted(manifest_tools) if name.startswith("mcp:")]
    patterns = draw(st.lists(st.sampled_from(known), unique=True, max_size=3))
    return ToolList(tools={pattern: Ask(required=draw(st.booleans())) for pattern in patterns})


@cache
def _origins() -> SearchStrategy[Origin | None]:
    return st.none() | st.just(Origin(path=".yoi/profiles/%E6%A1%88.md", dialect="yoi"))


class _Ids(msgspec.Struct):
    models: Any = ()
    prompts: Any = ()
    workflows: Any = ()
    skills: Any = ()
    policies: Any = ()
    plugins: Any = ()
    tools: Any = ()


@st.composite
def profiles(draw: DrawFn, ids: _Ids) -> Profile:
    def asked(names: Any) -> dict[str, Ask]:
        return {name: Ask(required=draw(st.booleans())) for name in _subset(draw, names, max_size=2)}

    return Profile(
        title=draw(texts()),
        origin=draw(_origins()),
        tools=draw(selections(ids.tools, ids.plugins)),
        prompts=tuple(
            PromptUse(prompt=name, required=draw(st.booleans())) for name in _subset(draw, ids.prompts)
        ),
        models=tuple(_subset(draw, ids.models)),
        model_required=draw(st.booleans()),
        policies=dict.fromkeys(_subset(draw, ids.policies), Member()),
        skills=asked(ids.skills),
        workflows=asked(ids.workflows),
        plugins=asked(ids.plugins),
        asks=draw(asks(ids.plugins)),
        language=draw(st.sampled_from([None, "ja", "en-GB"])),
    )


@st.composite
def workflows(draw: DrawFn, ids: _Ids) -> Workflow:
    body = draw(
        st.one_of(
            st.builds(WorkflowText, content=descriptors()),
            st.just(WorkflowReference(url="https://flows.example.org/a", digest=compute_digest(b"flow"))),
        )
    )
    workflow = Workflow(
        body=body,
        argument_hint=draw(texts()),
        tools=draw(st.none() | selections(ids.tools, ids.plugins)),
        policies=dict.fromkeys(_subset(draw, ids.policies), Member()),
        models=tuple(_subset(draw, ids.models)),
        asks=draw(asks(ids.plugins)),
    )
    return _with_features(workflow)


@cache
def models() -> SearchStrategy[Model]:
    parameter = st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.sampled_from(["0.2", "high"])
    return st.one_of(
        st.builds(
            BundleModel,
            title=texts(),
            provider=st.just("example"),
            model=st.sampled_from(["large-1", "small-1"]),
            parameters=st.dictionaries(st.sampled_from(["temperature", "seed"]), parameter, max_size=2),
            credential=st.none() | st.builds(SecretRef, name=st.sampled_from(SECRETS)),
            endpoint=st.sampled_from([None, "https://models.example.org/v1"]),
        ),
        st.builds(HostModel, alias=st.just("sonnet")),
    )


@st.composite
def manifests(draw: DrawFn) -> Manifest:
    """Generate valid, closed manifests."""
    profile_ids = _subset(draw, NAMES)
    ids = _Ids()
    found_plugins = draw(plugins())
    found_tools = draw(tools(found_plugins, profile_ids))
    found_models = draw(_named(models()))
    found_policies = draw(_named(policies()))
    prompt = st.builds(
        Prompt, title=texts(), content=descriptors(), applies_to=members(("**/*.py", "docs/*"))
    ).map(_with_features)
    found_prompts = draw(_named(prompt))
    skill = st.builds(
        Skill,
        license=st.sampled_from(["", "MIT"]),
        files=st.dictionaries(
            st.sampled_from(["SKILL.md", "scripts/find.py"]),
            st.builds(SkillFile, content=descriptors("text/plain"), executable=st.booleans()),
            max_size=2,
        ),
    )
    found_skills = draw(_named(skill))
    ids = _Ids(
        models=found_models,
        prompts=found_prompts,
        skills=found_skills,
        policies=found_policies,
        plugins=found_plugins,
        tools=found_tools,
    )
    found_workflows = draw(_named(workflows(ids)))
    ids.workflows = found_workflows
    builtin = None
    if draw(st.booleans()):
        builtin = BuiltinProfiles(
            set_digest=compute_digest(b"set"), profiles=draw(_named(profiles(ids), ("companion",)))
        )
    selectors = [f"workspace:{name}" for name in profile_ids]
    selectors += [f"builtin:{name}" for name in (builtin.profiles if builtin else ())]
    return Manifest(
        schema_version=1,
        workspace=draw(st.sampled_from(["library", "library-2"])),
        project=draw(
            st.builds(
                Project,
                title=texts(),
                description=texts(),
                metadata=st.dictionaries(st.just("shelf"), st.sampled_from(["a", "b"]), max_size=1),
            )
        ),
        language=draw(
            st.builds(Language, reply=st.sampled_from([None, "ja"]), fallbacks=st.sampled_from([(), ("en",)]))
        ),
        models=found_models,
        prompts=found_prompts,
        workflows=found_workflows,
        skills=found_skills,
        tools=found_tools,
        policies=found_policies,
        plugins=found_plugins,
        grants=draw(grants()),
        profiles={name: draw(profiles(ids)) for name in profile_ids},
        builtin=builtin,
        default_profile=draw(st.none() | st.sampled_from(selectors)) if selectors else None,
    )


def _change_policy(draw: DrawFn, manifest: Manifest) -> Manifest:
    name = draw(st.sampled_from(sorted(manifest.policies)))
    policy = manifest.policies[name]
    kept = {rule_id: policy.rules[rule_id] for rule_id in _subset(draw, policy.rules, max_size=4)}
    added = draw(policies(max_rules=1)).rules
    default = draw(st.sampled_from([policy.default, "deny", "ask", "allow"]))
    changed = replace(
        policy,
        default=default,
        rules=draw(st.sampled_from([kept, {**policy.rules, **added}, policy.rules])),
    )
    return replace(manifest, policies={**manifest.policies, name: changed})


def _change_profile(draw: DrawFn, manifest: Manifest) -> Manifest:
    name = draw(st.sampled_from(sorted(manifest.profiles)))
    profile = manifest.profiles[name]
    fresh = draw(
        profiles(
            _Ids(
                models=manifest.models,
                prompts=manifest.prompts,
                workflows=manifest.workflows,
                skills=manifest.skills,
                policies=manifest.policies,
                plugins=manifest.plugins,
                tools=manifest.tools,
            )
        )
    )
    if draw(st.booleans()):
        field = draw(st.sampled_from(["tools", "policies", "models", "prompts", "asks", "title", "language"]))
        changed = replace(profile, **{field: getattr(fresh, field)})
    elif isinstance(profile.tools, ToolList):
        kept = {pattern: profile.tools.tools[pattern] for pattern in _subset(draw, profile.tools.tools)}
        changed = replace(profile, tools=ToolList(tools=kept))
    else:
        changed = replace(profile, policies={**profile.policies, **fresh.policies})
    return replace(manifest, profiles={**manifest.profiles, name: changed})


def _change_asks(draw: DrawFn, manifest: Manifest) -> Manifest:
    name = draw(st.sampled_from(sorted(manifest.profiles)))
    profile = manifest.profiles[name]
    field = draw(st.sampled_from(["secrets", "mounts", "network", "host", "limits"]))
    value = getattr(profile.asks, field)
    if isinstance(value, dict) and draw(st.booleans()):
        kept = {key: value[key] for key in _subset(draw, value)}
        changed = replace(profile.asks, **{field: kept})
    else:
        changed = replace(profile.asks, **{field: getattr(draw(asks()), field)})
    return replace(manifest, profiles={**manifest.profiles, name: replace(profile, asks=changed)})


def _change_grants(draw: DrawFn, manifest: Manifest) -> Manifest:
    field = draw(st.sampled_from(["secrets", "mounts", "network", "host", "limits"]))
    value = getattr(manifest.grants, field)
    if isinstance(value, dict) and draw(st.booleans()):
        kept = {key: value[key] for key in _subset(draw, value)}
        return replace(manifest, grants=replace(manifest.grants, **{field: kept}))
    fresh = getattr(draw(grants()), field)
    return replace(manifest, grants=replace(manifest.grants, **{field: fresh}))


def _change_tool(draw: DrawFn, manifest: Manifest) -> Manifest:
    name = draw(st.sampled_from(sorted(manifest.tools)))
    rest = {key: tool for key, tool in manifest.tools.items() if key != name}
    tool = manifest.tools[name]
    if isinstance(tool, McpServer) and draw(st.booleans()):
        exposes = draw(st.none() | members(("find", "write")))
        private = draw(st.none() | st.sampled_from(sorted(manifest.profiles))) if manifest.profiles else None
        rest[name] = replace(tool, exposes=exposes, private_to=private)
    return replace(manifest, tools=rest)


def _change_text(draw: DrawFn, manifest: Manifest) -> Manifest:
    name = draw(st.sampled_from(sorted(manifest.prompts)))
    changed = replace(manifest.prompts[name], content=draw(descriptors()))
    return replace(manifest, prompts={**manifest.prompts, name: changed})


@st.composite
def changed_manifests(draw: DrawFn, manifest: Manifest, *, most: int = 3) -> Manifest:
    """Generate a valid manifest that differs from this one in up to `most` places."""
    changed = manifest
    for _ in range(draw(st.integers(1, most))):
        edits = [_change_grants]
        edits += [_change_policy] * 3 if changed.policies else []
        edits += [_change_profile, _change_profile, _change_asks] if changed.profiles else []
        edits += [_change_tool] if changed.tools else []
        edits += [_change_text] if changed.prompts else []
        edited = draw(st.sampled_from(edits))(draw, changed)
        try:
            build_bundle(edited)
        except UnresolvedReferenceError:
            continue
        changed = edited
    return changed


CALL_PATHS = (
    "src/a.py",
    "src/lib/b.py",
    "./src//a.py",
    "src/../secrets/key",
    "../../etc/passwd",
    "/etc/passwd",
    "~/.ssh/config",
    "mount:docs/a.md",
    "secrets",
    ".env",
    "",
)
CALL_COMMANDS = (
    "git status",
    "git status -s && ls",
    "git push origin main",
    "git status; rm -r x",
    "sudo rm x",
    "git $X",
    "ls $(rm x)",
    "npm run test > out.txt",
    'rm "x',
    "FOO=1 git status",
)
CALL_URLS = (
    "https://docs.example.org/a",
    "https://a.example.com/",
    "http://localhost:8080/",
    "https://docs.example.org@evil.example.net/",
    "https://example.com./",
    "http://[::1]/",
)


EVERY_CALL: tuple[ToolCall, ...] = (
    *(ToolCall(tool, {"path": path}) for tool in ("file.read", "file.edit") for path in CALL_PATHS),
    *(ToolCall("shell.run", {"command": command}) for command in CALL_COMMANDS),
    *(ToolCall("web.fetch", {"url": url}) for url in CALL_URLS),
    *(ToolCall(f"mcp:files/{name}", {"path": "src/a.py"}) for name in ("find", "write")),
)
"""Calls of the tools of `worker_manifests`, for tests that try them all."""


@st.composite
def worker_manifests(draw: DrawFn) -> Manifest:
    """Generate manifests with one profile in which everything matters: few tools, layers, references and grants."""
    layers = {name: draw(policies(max_rules=3)) for name in NAMES[: draw(st.integers(0, 2))]}
    found: dict[str, Tool] = {
        name: BuiltinTool() for name in ("file.read", "file.edit", "shell.run", "web.fetch")
    }
    found["mcp:files"] = McpServer(
        transport=HostServer(name="files"), exposes=draw(st.none() | members(("find", "write")))
    )
    profile = Profile(
        tools=draw(selections(found, ())),
        policies=dict.fromkeys(layers, Member()),
        asks=draw(asks()),
    )
    return Manifest(
        schema_version=1,
        workspace="library",
        tools=found,
        policies=layers,
        grants=draw(grants()),
        profiles={"guide": profile},
    )


@st.composite
def tool_calls(draw: DrawFn, manifest: Manifest | None = None) -> ToolCall:
    """Generate calls of tools of the manifest, or of any tools, with arguments that rules may match."""
    names = [
        "file.read",
        "file.edit",
        "shell.run",
        "web.fetch",
        "mcp:files/find",
        "mcp:plugins/db/server/find",
    ]
    if manifest is not None:
        names += [f"{name}/write" if name.startswith("mcp:") else name for name in manifest.tools]
    argument = {
        "path": st.sampled_from(CALL_PATHS),
        "command": st.sampled_from(CALL_COMMANDS),
        "url": st.sampled_from(CALL_URLS),
    }
    return ToolCall(draw(st.sampled_from(names)), draw(st.fixed_dictionaries({}, optional=argument)))


_ODDITIES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**53,
    1.5,
    "",
    "x\n",
    "\x00",
    "../x",
    "%61",
    [],
    {},
    [None],
    {"kind": "unknown"},
    {"kind": 1},
    {"": {}},
)


def _list_places(document: Any) -> list[tuple[Any, Any]]:
    places: list[tuple[Any, Any]] = []
    waiting = [document]
    while waiting:
        value = waiting.pop()
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        for key in keys:
            places.append((value, key))
            if isinstance(value[key], dict | list):
                waiting.append(value[key])
    return places


@st.composite
def mutated_documents(draw: DrawFn) -> dict[str, Any]:
    """Generate decoded JSON that is a manifest but for one to three places; some are still valid."""
    document: dict[str, Any] = msgspec.json.decode(encode_canonical(draw(manifests())))
    for _ in range(draw(st.integers(1, 3))):
        places = _list_places(document)
        if not places:
            break
        owner, key = draw(st.sampled_from(places))
        match draw(st.sampled_from(["replace", "delete", "add", "rename"])):
            case "replace":
                owner[key] = copy.deepcopy(draw(st.sampled_from(_ODDITIES)))
            case "delete":
                del owner[key]
            case "add" if isinstance(owner, dict):
                owner[draw(st.sampled_from(["unknown", "kind", "title", "a b", "x\n"]))] = copy.deepcopy(
                    draw(st.sampled_from(_ODDITIES))
                )
            case "rename" if isinstance(owner, dict):
                owner[draw(st.sampled_from(["x\n", "%61", "..", "é", "ok"]))] = owner.pop(key)
            case _:
                pass
    return document


@st.composite
def hostile_bytes(draw: DrawFn) -> bytes:
    """Generate bytes that a reader of manifests must refuse without surprise, or take."""
    match draw(st.integers(0, 4)):
        case 0:
            return draw(st.binary(max_size=64))
        case 1:
            return json.dumps(draw(mutated_documents()), ensure_ascii=draw(st.booleans())).encode(
                errors="surrogatepass"
            )
        case 2:
            data = draw(bundles()).data
            return data[: draw(st.integers(0, len(data)))]
        case 3:
            damaged = bytearray(draw(bundles()).data)
            for _ in range(draw(st.integers(1, 4))):
                damaged[draw(st.integers(0, len(damaged) - 1))] = draw(st.integers(0, 255))
            return bytes(damaged)
        case _:
            data = draw(bundles()).data
            at = draw(st.integers(0, len(data)))
            piece = draw(
                st.sampled_from(
                    [
                        b"NaN",
                        b"1e400",
                        b"1.0",
                        b"\xef\xbb\xbf",
                        b'"\\ud800"',
                        b"null",
                        b" ",
                        b"\x00",
                        b"\xff",
                        b"-0",
                        b"9007199254740992",
                        b"[" * 40,
                        b'{"a":' * 2000,
                        b"[" * 200_000,
                    ]
                )
            )
            return data[:at] + piece + data[at:]
