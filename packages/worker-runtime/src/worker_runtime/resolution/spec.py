"""The resolved spec: what a Worker may be, assembled from decisions alone (S-03)."""

from collections.abc import Iterable, Mapping
from typing import Literal

from msgspec import Struct

from worker_runtime.resolution.decision import Decision
from worker_runtime.resolution.payloads import (
    Granted,
    GrantedHost,
    GrantedLimit,
    GrantedModel,
    GrantedMount,
    GrantedNetwork,
    GrantedPermission,
    GrantedPlugin,
    GrantedPolicy,
    GrantedPrompt,
    GrantedSecret,
    GrantedSkill,
    GrantedSurface,
    GrantedTool,
    GrantedWorkflow,
)
from yoi_bundle.digest import Digest
from yoi_bundle.manifest import Language
from yoi_bundle.manifest.document import NO_LANGUAGE


class SpecFrame(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a spec says beside its items.

    Attributes:
        selector: As asked.
        profile: What it means: `workspace:NAME` or `builtin:NAME`.
        source: Whether profile and items come from a bundle or from the Runtime's built-in set.
        digest: Of that bundle or set.
        workspace: The bundle's workspace, or `builtin`.
    """

    selector: str
    profile: str
    source: Literal["bundle", "builtin"]
    digest: Digest
    workspace: str
    resolver_version: str
    language: Language = NO_LANGUAGE


class ResolvedWorkerSpec(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one Worker may be on this host; names and digests only, no path and no value (S-04, S-05).

    Attributes:
        model: The Worker's own.
        workflow_models: Those that only workflows run on.
        prompts: In reading order; the other lists are in the order of their ids.
        policies: Layers of tool policy, each with a vote; a call takes the strictest (S-11).
    """

    frame: SpecFrame
    model: GrantedModel | None = None
    workflow_models: tuple[GrantedModel, ...] = ()
    prompts: tuple[GrantedPrompt, ...] = ()
    tools: tuple[GrantedTool, ...] = ()
    policies: tuple[GrantedPolicy, ...] = ()
    skills: tuple[GrantedSkill, ...] = ()
    workflows: tuple[GrantedWorkflow, ...] = ()
    plugins: tuple[GrantedPlugin, ...] = ()
    surfaces: tuple[GrantedSurface, ...] = ()
    permissions: tuple[GrantedPermission, ...] = ()
    secrets: tuple[GrantedSecret, ...] = ()
    mounts: tuple[GrantedMount, ...] = ()
    network: tuple[GrantedNetwork, ...] = ()
    host: tuple[GrantedHost, ...] = ()
    limits: tuple[GrantedLimit, ...] = ()


_SECTIONS: Mapping[type[Granted], str] = {
    GrantedTool: "tools",
    GrantedPolicy: "policies",
    GrantedSkill: "skills",
    GrantedWorkflow: "workflows",
    GrantedPlugin: "plugins",
    GrantedSurface: "surfaces",
    GrantedPermission: "permissions",
    GrantedSecret: "secrets",
    GrantedMount: "mounts",
    GrantedNetwork: "network",
    GrantedHost: "host",
    GrantedLimit: "limits",
}


def assemble_spec(decisions: Iterable[Decision], frame: SpecFrame) -> ResolvedWorkerSpec:
    """Put together what decisions grant, in their order; nothing else has a way into a spec."""
    sections: dict[type[Granted], list[Granted]] = {}
    for decision in decisions:
        if decision.effective is not None:
            sections.setdefault(type(decision.effective), []).append(decision.effective)
    models = [one for one in sections.pop(GrantedModel, ()) if isinstance(one, GrantedModel)]
    prompts = sorted(sections.pop(GrantedPrompt, ()), key=lambda prompt: prompt.position)
    lists = {_SECTIONS[kind]: tuple(items) for kind, items in sections.items()}
    return ResolvedWorkerSpec(
        frame=frame,
        model=next((one for one in models if not one.for_workflows), None),
        workflow_models=tuple(one for one in models if one.for_workflows),
        prompts=tuple(prompts),  # type: ignore[arg-type]
        **lists,  # type: ignore[arg-type]
    )
