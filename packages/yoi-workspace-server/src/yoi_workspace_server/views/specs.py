"""View of a resolved spec, for operators: what a Worker has, by name; never where the host reaches it (K-07)."""

from msgspec import Struct

from worker_runtime.resolution.spec import ResolvedWorkerSpec
from yoi_workspace_server.views.explanations import FrameView, build_frame_view
from yoi_workspace_server.views.texts import show_digest, show_text, show_texts

_MAX_NAME = 1400


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


def build_spec_view(spec: ResolvedWorkerSpec, *, spec_digest: str) -> SpecView:
    model = spec.model
    return SpecView(
        frame=build_frame_view(spec.frame),
        spec_digest=spec_digest,
        model=None
        if model is None
        else SpecModelView(
            id=_show(model.id), provider=show_text(model.provider), model=show_text(model.model)
        ),
        prompts=tuple(
            SpecPromptView(id=_show(one.id), digest=show_digest(one.content.digest)) for one in spec.prompts
        ),
        tools=tuple(
            SpecToolView(
                id=_show(one.id),
                kind=str(one.declaration.__struct_config__.tag),
                exposes=None if one.exposes is None else show_texts(one.exposes),
            )
            for one in spec.tools
        ),
        policies=tuple(f"{one.layer}/{_show(one.id)}" for one in spec.policies),
        skills=tuple(_show(one.id) for one in spec.skills),
        workflows=tuple(_show(one.id) for one in spec.workflows),
        plugins=tuple(_show(one.id) for one in spec.plugins),
        secrets=tuple(sorted({show_text(one.name) for one in spec.secrets})),
        mounts=tuple(SpecMountView(name=show_text(one.name), access=one.access) for one in spec.mounts),
        network=tuple(show_text(host) for one in spec.network for host in one.hosts),
        host=tuple(one.capability for one in spec.host),
        limits={one.name: one.value for one in spec.limits if one.value is not None},
    )


def _show(text: str) -> str:
    return show_text(text, max_characters=_MAX_NAME)
