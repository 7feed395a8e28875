"""View of a resolved spec, for operators: what a Worker has, by name; never where the host reaches it (K-07)."""

from worker_runtime.resolution.spec import ResolvedWorkerSpec
from yoi_wire.backend.explanations import SpecModelView, SpecMountView, SpecPromptView, SpecToolView, SpecView
from yoi_workspace_server.views.explanations import build_frame_view
from yoi_workspace_server.views.texts import show_digest, show_text, show_texts

_MAX_NAME = 1400


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
