"""What items need of one another: a tool its secrets and mounts, a surface its plugin, a secret somebody to use it."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from worker_runtime.resolution.decision import Candidate, Key, Kind
from worker_runtime.resolution.fast_path.precomputed import NETWORK_TOOLS, TEXT_TOOLS
from worker_runtime.resolution.host_patterns import includes
from worker_runtime.resolution.host_plan import HostPlan
from worker_runtime.resolution.payloads import (
    GrantedModel,
    GrantedMount,
    GrantedNetwork,
    GrantedPermission,
    GrantedSecret,
    GrantedSurface,
    GrantedTool,
    GrantedWorkflow,
)
from worker_runtime.resolution.plan_items import name_host_choice
from yoi_bundle.faults import join_pointer
from yoi_bundle.manifest import Access, Asks, BuiltinTool, McpServer
from yoi_bundle.selection import FILE_TOOL_ACCESS
from yoi_bundle.vocabulary import BUILTIN_TOOLS


def settle_needs(items: dict[Key, Candidate], pending: Sequence[Candidate], hosted: HostPlan) -> None:
    """Withhold what cannot be without something denied, until every open item has what it needs.

    Args:
        items: All items by key; those that fall are replaced.
        pending: Of them, those that may fall, or that others may need.
        hosted: Says which secrets each item needs.
    """
    _Settler(items, pending, hosted).settle()


def place(kind: Kind, name: str) -> str:
    """Return the pointer of another decision of the same resolution."""
    return join_pointer(f"/{kind}", name)


class _Settler:
    def __init__(self, items: dict[Key, Candidate], pending: Sequence[Candidate], hosted: HostPlan) -> None:
        self.items = items
        self.hosted = hosted
        self.keys: dict[Kind, list[Key]] = {}
        for item in pending:
            self.keys.setdefault(item.kind, []).append(item.key)

    def settle(self) -> None:
        # Who needs whom ("A <- B, C": an open A needs B and C), and so which pass has to come before which:
        #
        #   plugin      <- its required permissions
        #   surface     <- plugin
        #   permission  <- plugin
        #   tool        <- secret, host, mount, network, plugin, skill   (skill.use)
        #   model       <- secret; of several models only the preferred one stays
        #   secret      <- a tool or model that uses it
        #   workflow    <- model, and what it asks: host, mount, secret, network, permission
        #   model       <- a workflow that runs on it, where the Worker itself does not
        #   tool        <- workflow                                      (workflow.run)
        #
        # Hosts, mounts, network hosts and skills need nothing here. The passes follow these arrows, each after all that
        # it looks at, and no pass opens an item. Two cycles remain:
        #
        #   tool or model -> secret -> tool or model. A secret falls for want of a user only when no open item uses it, so
        #   its fall closes nobody: one pass over secrets after tools and models is enough.
        #
        #   workflow -> model -> secret -> workflow. A workflow that falls takes the model along that only it ran on, that
        #   model its secret, and that secret another workflow that asks for it. This one is repeated until no more model
        #   falls; each round closes a model, so that it ends.
        #
        # `workflow.run` comes last, because nothing needs it: a workflow confined to it has fallen with all the others.
        self._settle_plugins()
        self._settle_tools()
        self._settle_models()
        self._settle_secrets()
        self._settle_workflows(self._list("workflow"))
        while self._settle_workflow_models():
            self._settle_secrets()
            self._settle_workflows([item for item in self._list("workflow") if item.is_open])
        self._settle_text_tool("workflow.run")

    def _list(self, *kinds: Kind) -> list[Candidate]:
        """Return the pending items of some kinds, as they are now."""
        return [self.items[key] for kind in kinds for key in self.keys.get(kind, ())]

    def _is_open(self, key: Key) -> bool:
        item = self.items.get(key)
        return item is not None and item.is_open

    def _deny(self, item: Candidate, pointer: str, rule: str) -> None:
        self.items[item.key] = item.withhold("needs", pointer, rule)

    def _settle_plugins(self) -> None:
        for permission in self._list("permission"):
            payload = permission.payload
            if isinstance(payload, GrantedPermission) and permission.required and not permission.is_open:
                plugin = self.items.get(("plugin", payload.plugin))
                if plugin is not None:
                    self._deny(plugin, place("permission", permission.id), "needs.permission")
        for item in self._list("surface", "permission"):
            payload = item.payload
            if isinstance(payload, GrantedSurface | GrantedPermission):
                if not self._is_open(("plugin", payload.plugin)):
                    self._deny(item, place("plugin", payload.plugin), "needs.plugin")

    def _settle_tools(self) -> None:
        for item in self._list("tool"):
            tool = item.payload
            if not isinstance(tool, GrantedTool):
                continue
            missing = next(
                (
                    one
                    for one in self.hosted.secrets_of.get(item.key, ())
                    if not self._is_open(("secret", one))
                ),
                None,
            )
            if missing is not None:
                self._deny(item, place("secret", missing), "needs.secret")
            elif isinstance(tool.declaration, BuiltinTool):
                self._settle_builtin(item)
            elif isinstance(tool.declaration, McpServer) and tool.declaration.plugin is not None:
                self._settle_server(item, tool.declaration.plugin)

    def _settle_server(self, item: Candidate, plugin_id: str) -> None:
        plugin = self.hosted.plan.manifest.plugins.get(plugin_id)
        brings_code = plugin is None or plugin.package is not None
        if brings_code and not self._is_open(("plugin", plugin_id)):
            self._deny(item, place("plugin", plugin_id), "needs.plugin")

    def _settle_builtin(self, item: Candidate) -> None:
        needed = BUILTIN_TOOLS[item.id].needs
        if needed and not self._is_open(("host", needed)):
            self._deny(item, place("host", needed), "needs.host")
        elif item.id in FILE_TOOL_ACCESS and not self._has_mount(FILE_TOOL_ACCESS[item.id]):
            self._deny(item, self._find_first("mount"), "needs.mount")
        elif item.id in NETWORK_TOOLS and not any(one.is_open for one in self._list("network")):
            self._deny(item, self._find_first("network"), "needs.network")
        elif item.id == "skill.use":
            self._settle_text_tool(item.id)

    def _has_mount(self, access: Access, name: str | None = None) -> bool:
        return any(
            isinstance(mount.payload, GrantedMount)
            and mount.is_open
            and name in (None, mount.id)
            and (access == "ro" or mount.payload.access == "rw")
            for mount in self._list("mount")
        )

    def _find_first(self, kind: Kind) -> str:
        """Return the place of the first item of a kind, which says why it is not enough; else of the kind."""
        return next((place(kind, item.id) for item in self._list(kind)), f"/{kind}")

    def _settle_models(self) -> None:
        for item in self._list("model"):
            secrets = self.hosted.secrets_of.get(item.key, ())
            missing = next((one for one in secrets if not self._is_open(("secret", one))), None)
            if item.is_open and missing is not None:
                self._deny(item, place("secret", missing), "needs.secret")
        plan = self.hosted.plan
        own = plan.profile.models or (name_host_choice(plan.manifest),)
        chosen = self._find_first_open(own)
        preferred = {name: chosen for name in own if chosen is not None} | self._choose_for_workflows()
        for item in self._list("model"):
            if item.is_open and item.id != chosen:
                self._settle_other_model(item, preferred.get(item.id))
            if plan.model_required and item.id in own and chosen in (None, item.id):
                self.items[item.key] = self.items[item.key].require()

    def _settle_other_model(self, item: Candidate, instead: str | None) -> None:
        """Settle a model that the Worker itself does not run on; `instead` is the one that is used in its place."""
        if instead == item.id and isinstance(item.payload, GrantedModel):
            self.items[item.key] = item.carry(replace(item.payload, for_workflows=True))
        elif instead is not None:
            self._deny(item, place("model", instead), "needs.preferred")
        else:
            self._deny(item, self._find_workflow(item.id), "needs.consumer")

    def _find_workflow(self, model: str) -> str:
        """Return the place of the first workflow that names a model."""
        workflows = self.hosted.plan.manifest.workflows
        users = (
            item.id
            for item in self._list("workflow")
            if item.id in workflows and model in workflows[item.id].models
        )
        return next((place("workflow", name) for name in users), "/workflow")

    def _find_first_open(self, models: Iterable[str]) -> str | None:
        return next((name for name in models if self._is_open(("model", name))), None)

    def _choose_for_workflows(self) -> dict[str, str]:
        """Give each workflow that names models the first that is granted; return model → the one used in its place."""
        instead: dict[str, str] = {}
        for item in self._list("workflow"):
            names = self.hosted.plan.manifest.workflows[item.id].models if item.is_open else ()
            chosen = self._find_first_open(names)
            if chosen is not None and isinstance(item.payload, GrantedWorkflow):
                self.items[item.key] = item.carry(replace(item.payload, model=chosen))
                instead = {**dict.fromkeys(names, chosen), **instead, chosen: chosen}
            elif names:
                self._deny(item, place("model", names[0]), "needs.model")
        return instead

    def _settle_workflow_models(self) -> bool:
        """Take models away that only workflows used which have fallen since; tell whether there was one."""
        used = {
            item.payload.model
            for item in self._list("workflow")
            if item.is_open and isinstance(item.payload, GrantedWorkflow)
        }
        unused = [
            item
            for item in self._list("model")
            if item.is_open
            and isinstance(item.payload, GrantedModel)
            and item.payload.for_workflows
            and item.id not in used
        ]
        for item in unused:
            self._deny(item, self._find_workflow(item.id), "needs.consumer")
        return bool(unused)

    def _settle_secrets(self) -> None:
        used = {
            secret
            for item in self._list("tool", "model")
            if item.is_open
            for secret in self.hosted.secrets_of.get(item.key, ())
        }
        for item in self._list("secret"):
            if item.is_open and item.id not in used:
                self._deny(item, self._find_consumer(item.id), "needs.consumer")

    def _find_consumer(self, secret: str) -> str:
        users = sorted(key for key, ids in self.hosted.secrets_of.items() if secret in ids)
        return place(*users[0]) if users else ""

    def _settle_workflows(self, workflows: Sequence[Candidate]) -> None:
        if not workflows:
            return
        open_tools = {
            item.id: item.payload
            for item in self.items.values()
            if item.is_open and isinstance(item.payload, GrantedTool)
        }
        for item in workflows:
            workflow = item.payload
            if not isinstance(workflow, GrantedWorkflow):
                continue
            asks = self.hosted.plan.manifest.workflows[item.id].asks
            missing = self._find_missing(asks)
            if missing is not None:
                self._deny(item, missing, "needs.ask")
            elif workflow.tools is not None:
                kept = tuple(one for one in workflow.tools if _is_had(one, open_tools))
                self.items[item.key] = item.carry(replace(workflow, tools=kept))

    def _find_missing(self, asks: Asks) -> str | None:
        """Return the place of something that a workflow requires and the Worker does not have."""
        for capability, ask in sorted(asks.host.items()):
            if ask.required and not self._is_open(("host", capability)):
                return place("host", capability)
        for name, mount in sorted(asks.mounts.items()):
            if mount.required and not self._has_mount(mount.access, name):
                return place("mount", name)
        for name, ask in sorted(asks.secrets.items()):
            # One decision for each consumer of the secret.
            decided = [
                item
                for item in self._list("secret")
                if isinstance(item.payload, GrantedSecret) and item.payload.name == name
            ]
            if ask.required and not any(item.is_open for item in decided):
                return place("secret", decided[0].id if decided else name)
        for pattern, ask in sorted(asks.network.items()):
            if ask.required and not covers_host(self._list("network"), pattern):
                return place("network", pattern)
        for plugin, permissions in sorted(asks.plugin_permissions.items()):
            for permission, ask in sorted(permissions.items()):
                if ask.required and not self._is_open(("permission", f"{plugin}/{permission}")):
                    return place("permission", f"{plugin}/{permission}")
        return None

    def _settle_text_tool(self, tool: str) -> None:
        kind = TEXT_TOOLS[tool]
        item = self.items.get(("tool", tool))
        if item is not None and not any(one.is_open for one in self.items.values() if one.kind == kind):
            self._deny(item, f"/{kind}", f"needs.{kind}")


def covers_host(networks: Iterable[Candidate], pattern: str) -> bool:
    """Tell whether one granted pattern includes every host of another."""
    return any(
        includes(host, pattern)
        for item in networks
        if item.is_open and isinstance(item.payload, GrantedNetwork)
        for host in item.payload.hosts
    )


def _is_had(name: str, tools: Mapping[str, GrantedTool]) -> bool:
    if name in tools:
        return True
    server, _, part = name.rpartition("/")
    held = tools.get(server)
    return held is not None and (held.exposes is None or part in held.exposes)
