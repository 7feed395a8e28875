"""Confinement of profiles and workflows: their tools, policies and models, with every name resolved (B-10, B-14)."""

from collections.abc import Iterable, Mapping

import msgspec
from msgspec import Struct

from yoi_bundle.authoring.assembly.identify import compute_file_id
from yoi_bundle.authoring.assembly.ledger import ItemKey, Ledger
from yoi_bundle.authoring.assembly.policies import PolicyBook
from yoi_bundle.authoring.assembly.tool_scope import ToolScope
from yoi_bundle.authoring.drafts.diagnostics import Place, show_name
from yoi_bundle.authoring.drafts.draft import NameReference, ProfileDraft, WorkflowDraft
from yoi_bundle.authoring.source.tree import WORKSPACE_FILE
from yoi_bundle.identifiers import ModelName, encode_segment
from yoi_bundle.manifest import HostModel, Model, ToolList


class ModelResolver:
    """Models: those of `workspace.toml`, and aliases such as `sonnet` that the host provides (B-10)."""

    def __init__(self, declared: Mapping[str, Model], lines: Mapping[str, int], ledger: Ledger) -> None:
        """Take what `workspace.toml` declares, with the line of each."""
        for name in declared:
            ledger.places[("models", name)] = Place(WORKSPACE_FILE, lines.get(name, 0))
        self.models: dict[str, Model] = {
            name: model for name, model in declared.items() if ("models", name) not in ledger.lost
        }
        self._ledger = ledger

    def resolve(self, references: Iterable[NameReference], path: str) -> tuple[str, ...] | None:
        """Return ids in order; None when a model that the workspace declares is left out.

        `inherit` names no model. An unknown name becomes a model that the host provides under it.
        """
        found: dict[str, None] = {}
        for reference in references:
            name = encode_segment(reference.written)
            if reference.written.strip() in ("", "inherit"):
                continue
            if ("models", name) in self._ledger.lost:
                return None
            if name not in self.models and not self._add_alias(name, reference, path):
                continue
            found[name] = None
        return tuple(found)

    def _add_alias(self, name: str, reference: NameReference, path: str) -> bool:
        place = Place(path, reference.line)
        try:
            msgspec.convert(reference.written, ModelName)
        except msgspec.ValidationError:
            self._ledger.report(
                "warning",
                "model.unreadable",
                place,
                f"`{show_name(reference.written)}` is not one model's name; the choice is left to the host",
                "write one name, such as `sonnet`",
            )
            return False
        self.models[name] = HostModel(alias=reference.written)
        self._ledger.places[("models", name)] = place
        self._ledger.report(
            "info",
            "model.host_alias",
            place,
            f"`{show_name(reference.written)}` is no model of the workspace; the host has to provide it under this name",
            "declare it as `[models.NAME]` in workspace.toml",
        )
        return True


class Confinement(Struct, frozen=True, kw_only=True):
    """What a profile or workflow may use.

    Attributes:
        tools: None for all tools.
        policies: Those that its file names, then those of its tool list and of its own rules.
        tools_policy: Id of the policy that goes with its tool list.
    """

    tools: ToolList | None
    policies: tuple[str, ...]
    models: tuple[str, ...]
    tools_policy: str | None


class Confiner:
    """Resolves confinements, and enters the policies that profiles and workflows bring."""

    def __init__(
        self, *, scope: ToolScope, policies: PolicyBook, models: ModelResolver, ledger: Ledger
    ) -> None:
        self.policies = policies
        self._scope = scope
        self._models = models
        self._ledger = ledger

    def confine(
        self,
        key: ItemKey,
        draft: ProfileDraft | WorkflowDraft,
        *,
        is_complete: bool = True,
        stem: str | None = None,
    ) -> Confinement | None:
        """Return what an item may use; None when a restriction is lost, and then the item is lost too.

        Args:
            key: The item.
            draft: What its file says.
            is_complete: False when it is lost already, so that only the names it refers to are checked.
            stem: What ids of its own policies begin with; its file's id unless given.
        """
        place = Place(draft.path, draft.line)
        policies = self.policies.resolve(draft.policies, key, draft.path)
        models = self._models.resolve(draft.models, draft.path)
        if models is None:
            message = "a model that it names is left out"
            self._ledger.lose(key, "item.depends", place, message, "mend the model")
        if policies is None or models is None or not is_complete:
            return None
        file_id = stem or compute_file_id(draft.path)
        owner = key[1] if key[0] == "profiles" else ""
        tools = None
        tools_policy = None
        if draft.tools is not None:
            resolved = self._scope.resolve_list(draft.tools, path=draft.path, owner=owner)
            tools = resolved.tools
            if resolved.rules is not None:
                tools_policy = self.policies.add_own(f"{file_id}/tools", key, "deny", resolved.rules, draft)
                policies.append(tools_policy)
        if draft.rules:
            rules = self._scope.resolve_rules(draft.rules, path=draft.path, owner=owner)
            policies.append(self.policies.add_own(f"{file_id}/rules", key, draft.rules_default, rules, draft))
        hooks = self.policies.find_hooks(draft.path)
        policies.extend(hooks.policies)
        if hooks.lost or any(("policies", policy) in self._ledger.lost for policy in policies):
            message = "a policy that confines it is left out"
            self._ledger.lose(key, "item.depends", place, message, "mend the policy")
            return None
        return Confinement(tools=tools, policies=tuple(policies), models=models, tools_policy=tools_policy)
