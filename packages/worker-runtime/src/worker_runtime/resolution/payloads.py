"""What a Worker gets, one struct a kind: the payload of a decision and the content of a spec."""

from typing import Literal, TypeAlias

from msgspec import Struct

from yoi_bundle.manifest import (
    Access,
    Descriptor,
    HostCapability,
    ParameterValue,
    Policy,
    SecretRef,
    SkillFile,
    Surface,
    Tool,
    WorkerLimits,
)
from yoi_bundle.manifest.capabilities import NO_LIMITS


class GrantedPrompt(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="prompt"):
    """A prompt, by digest.

    Attributes:
        position: Place, from 0, in the order in which the model reads prompts.
        applies_to: Path globs; empty applies always.
    """

    id: str
    position: int
    content: Descriptor
    applies_to: tuple[str, ...] = ()


class GrantedModel(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="model"):
    """The one model of a Worker, or one that only workflows of it run on.

    Attributes:
        source: Whether the bundle names the model, or the host under an alias.
        consumer: Who receives the credential, as host policy names it.
        endpoint: Where it is reached; absent for the provider's own address.
        for_workflows: Whether only the workflows that name it run on it, not the Worker itself.
    """

    id: str
    source: Literal["bundle", "host"]
    provider: str
    model: str
    consumer: str
    parameters: dict[str, ParameterValue] = {}
    endpoint: str | None = None
    credential: SecretRef | None = None
    for_workflows: bool = False


class GrantedTool(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="tool"):
    """A tool that exists for the Worker; whether a call passes is for the layers of policy.

    Attributes:
        declaration: As the bundle declares it.
        exposes: For an MCP server, the only tools to take from it; absent for all.
        consumer: Who receives its secrets, as host policy names it; empty for a built-in.
    """

    id: str
    declaration: Tool
    exposes: tuple[str, ...] | None = None
    consumer: str = ""


class GrantedPolicy(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="policy"):
    """One layer of tool policy; layers are never merged, a call takes the strictest vote (S-11)."""

    id: str
    layer: Literal["bundle", "host_policy", "intent"]
    policy: Policy


class GrantedSkill(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="skill"):
    id: str
    files: dict[str, SkillFile]


class GrantedWorkflow(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="workflow"
):
    """A workflow that the Worker may run.

    Attributes:
        digest: Of its text.
        url: Where the text is; empty when it travels with the bundle.
        tools: The tools it is confined to; absent for all that the Worker has.
        policies: Layers that meet the Worker's while it runs.
        model: Id of the model that it runs on; absent for the Worker's.
        limits: Limits of one run of it, beside the Worker's own; the least applies.
    """

    id: str
    digest: str
    url: str = ""
    tools: tuple[str, ...] | None = None
    policies: tuple[GrantedPolicy, ...] = ()
    model: str | None = None
    limits: WorkerLimits = NO_LIMITS


class GrantedPlugin(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="plugin"):
    """A plugin whose granted surfaces may be registered.

    Attributes:
        digest: Of its package; empty for a plugin that brings instructions only.
    """

    id: str
    version: str
    digest: str = ""
    config: Descriptor | None = None


class GrantedSurface(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="surface"):
    plugin: str
    name: str
    surface: Surface


class GrantedPermission(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="permission"
):
    plugin: str
    name: str


class GrantedSecret(Struct, frozen=True, kw_only=True, tag_field="kind", tag="secret"):
    """A secret by name, for one consumer; the value is read by that consumer at start (S-04)."""

    name: str
    consumer: str


class GrantedMount(Struct, frozen=True, kw_only=True, tag_field="kind", tag="mount"):
    name: str
    access: Access


class GrantedNetwork(Struct, frozen=True, kw_only=True, tag_field="kind", tag="network"):
    """Hosts that the Worker itself may reach.

    Attributes:
        asked: The pattern of the profile.
        hosts: What is left of it.
    """

    asked: str
    hosts: tuple[str, ...]


class GrantedHost(Struct, frozen=True, kw_only=True, tag_field="kind", tag="host"):
    capability: HostCapability


class GrantedLimit(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="limit"):
    """A bound of the Worker.

    Attributes:
        value: The bound; absent when no layer bounds.
    """

    name: Literal["turns", "tokens", "seconds"]
    value: int | None = None


Granted: TypeAlias = (
    GrantedPrompt
    | GrantedModel
    | GrantedTool
    | GrantedPolicy
    | GrantedSkill
    | GrantedWorkflow
    | GrantedPlugin
    | GrantedSurface
    | GrantedPermission
    | GrantedSecret
    | GrantedMount
    | GrantedNetwork
    | GrantedHost
    | GrantedLimit
)
