"""Explanations and specs of Workers as the Backend shows them (S-03)."""

from msgspec import Struct

from yoi_wire.backend.workers import LastAcceptedView


class FrameView(Struct, frozen=True, kw_only=True):
    """What was asked for, and what it means; see `worker_runtime.resolution.spec.SpecFrame`."""

    selector: str
    profile: str
    source: str
    digest: str | None
    workspace: str
    resolver_version: str


class StepView(Struct, frozen=True, kw_only=True):
    """One layer's word on one item.

    Attributes:
        sentence: What the rule says, in the Backend's words; empty for a rule that it does not know.
    """

    layer: str
    verdict: str
    pointer: str
    rule: str
    sentence: str


class DecisionView(Struct, frozen=True, kw_only=True):
    """What became of one item."""

    kind: str
    id: str
    outcome: str
    required: bool
    steps: tuple[StepView, ...]


class ReasonView(Struct, frozen=True, kw_only=True):
    """Why no Worker would start."""

    code: str
    kind: str
    id: str
    layer: str
    pointer: str
    rule: str
    sentence: str


class ExplanationView(Struct, frozen=True, kw_only=True):
    """What a Worker may do, may not, and why.

    Attributes:
        secrets: Outcome → number of decisions about secrets.
    """

    frame: FrameView
    resolution_digest: str | None
    decisions: tuple[DecisionView, ...]
    secrets: dict[str, int]
    refused: tuple[ReasonView, ...]
    last_accepted: LastAcceptedView | None = None


class RightsView(Struct, frozen=True, kw_only=True):
    """What a Worker may do now, beside what was decided when it was created.

    Attributes:
        now: Under the host policy and facts of this moment; without any decision when nothing can be said.
        lost: What was taken away since, each with the place where.
    """

    worker: str
    state: str
    now: ExplanationView
    created: ExplanationView
    lost: tuple[ReasonView, ...]


class CallDecisionView(Struct, frozen=True, kw_only=True):
    """The verdict on one call of a Worker; see `worker_runtime.resolution.call_decision.CallDecision`.

    Attributes:
        layer: Whose word it is.
        words: The bundle's rule as it would be written; empty for a host's own, which may name its paths.
        sentence: Why a tool is not there; empty for one that is.
        file: Where in the workspace the deciding item is written; empty where that is not known.
    """

    tool: str
    verdict: str
    layer: str
    cause: str
    policy: str
    pointer: str
    rule: str
    words: str
    sentence: str
    file: str


class PreviewView(Struct, frozen=True, kw_only=True):
    """What Workers would be on a Runtime.

    Attributes:
        digest: The bundle that was asked about; None for the built-in set.
        call: The verdict on the call that was asked about; None for none.
    """

    runtime: str
    workspace: str
    digest: str | None
    explanations: tuple[ExplanationView, ...]
    call: CallDecisionView | None


class SpecModelView(Struct, frozen=True, kw_only=True):
    """A model, without endpoint and credential."""

    id: str
    provider: str
    model: str


class SpecPromptView(Struct, frozen=True, kw_only=True):
    """A prompt, by digest, in reading order."""

    id: str
    digest: str | None


class SpecToolView(Struct, frozen=True, kw_only=True):
    """A tool; `exposes` are the only tools taken from an MCP server, None for all."""

    id: str
    kind: str
    exposes: tuple[str, ...] | None


class SpecMountView(Struct, frozen=True, kw_only=True):
    """A mount, by name."""

    name: str
    access: str


class SpecView(Struct, frozen=True, kw_only=True):
    """What one Worker may be on its host.

    Attributes:
        spec_digest: Of the spec's canonical bytes, which the Runtime itself gives to who may have them.
        network: Host patterns that it may reach.
        secrets: Names of its secret references.
        policies: `LAYER/ID` of each layer of tool policy.
    """

    frame: FrameView
    spec_digest: str
    model: SpecModelView | None
    prompts: tuple[SpecPromptView, ...]
    tools: tuple[SpecToolView, ...]
    policies: tuple[str, ...]
    skills: tuple[str, ...]
    workflows: tuple[str, ...]
    plugins: tuple[str, ...]
    secrets: tuple[str, ...]
    mounts: tuple[SpecMountView, ...]
    network: tuple[str, ...]
    host: tuple[str, ...]
    limits: dict[str, int]
