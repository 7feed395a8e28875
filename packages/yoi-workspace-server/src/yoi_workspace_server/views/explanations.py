"""View of an explanation: why a Worker is what it is (S-03, K-07).

What was granted is named, never shown whole: a payload may hold a host's endpoint or the text of its policy. Names of
secret references are for operators; for others their decisions are counted.
"""

from collections import Counter

from worker_runtime.resolution.call_decision import CallDecision
from worker_runtime.resolution.decision import Decision
from worker_runtime.resolution.errors import Reason
from worker_runtime.resolution.explain import Explanation
from worker_runtime.resolution.rights import WorkerRights
from worker_runtime.resolution.rules import RULE_SENTENCES
from worker_runtime.resolution.spec import ResolvedWorkerSpec, SpecFrame
from yoi_bundle.identifiers import decode_path
from yoi_bundle.manifest import Manifest
from yoi_bundle.rule_text import format_rule
from yoi_wire.backend.explanations import (
    CallDecisionView,
    DecisionView,
    ExplanationView,
    FrameView,
    ReasonView,
    RightsView,
    SpecModelView,
    SpecMountView,
    SpecPromptView,
    SpecToolView,
    SpecView,
    StepView,
)
from yoi_wire.error_details import clean_code
from yoi_workspace_server.placed_workers import LastAccepted, PlacedWorker
from yoi_workspace_server.views.texts import hide_secret_name, show_digest, show_text, show_texts
from yoi_workspace_server.views.workers import build_last_accepted_view

_MAX_NAME = 1400
_MAX_POINTER = 2000


def build_frame_view(frame: SpecFrame) -> FrameView:
    return FrameView(
        selector=show_text(frame.selector, max_characters=_MAX_NAME),
        profile=show_text(frame.profile, max_characters=_MAX_NAME),
        source=frame.source,
        digest=show_digest(frame.digest),
        workspace=show_text(frame.workspace),
        resolver_version=show_text(frame.resolver_version),
    )


def _show_pointer(pointer: str, secret_names: bool) -> str:
    shown = show_text(pointer, max_characters=_MAX_POINTER)
    return shown if secret_names else hide_secret_name(shown)


def _show(text: str) -> str:
    return show_text(text, max_characters=_MAX_NAME)


def _build_decision(one: Decision, secret_names: bool) -> DecisionView:
    return DecisionView(
        kind=one.kind,
        id=show_text(one.id, max_characters=_MAX_NAME),
        outcome=one.outcome,
        required=one.required,
        steps=tuple(
            StepView(
                layer=step.layer,
                verdict=step.verdict,
                pointer=_show_pointer(step.pointer, secret_names),
                rule=show_text(step.rule, max_characters=64),
                sentence=RULE_SENTENCES.get(step.rule, ""),
            )
            for step in one.steps
        ),
    )


def _build_reason(one: Reason, secret_names: bool) -> ReasonView:
    hidden = one.kind == "secret" and not secret_names
    return ReasonView(
        code=clean_code(one.code),
        kind=show_text(one.kind, max_characters=64),
        id="" if hidden else show_text(one.id, max_characters=_MAX_NAME),
        layer=show_text(one.layer, max_characters=64),
        pointer=_show_pointer(one.pointer, secret_names),
        rule=show_text(one.rule, max_characters=64),
        sentence=RULE_SENTENCES.get(one.rule, ""),
    )


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


def build_call_decision_view(
    decision: CallDecision, *, tool: str, manifest: Manifest | None, secret_names: bool
) -> CallDecisionView:
    """Return a verdict; the words of a rule are those of the Backend's own copy of the bundle, not the Runtime's."""
    policy = (
        None if manifest is None or decision.layer != "bundle" else manifest.policies.get(decision.policy)
    )
    rule = None if policy is None else policy.rules.get(decision.rule)
    origin = None if policy is None else policy.origin
    return CallDecisionView(
        tool=_show(tool),
        verdict=decision.verdict,
        layer=decision.layer,
        cause=decision.cause,
        policy=_show(decision.policy),
        pointer=_show_pointer(decision.pointer, secret_names),
        rule=_show(decision.rule),
        words="" if rule is None else format_rule(rule),
        sentence=RULE_SENTENCES.get(decision.withheld_by, ""),
        file="" if origin is None else decode_path(origin.path),
    )


def build_rights_view(rights: WorkerRights, record: PlacedWorker, *, secret_names: bool) -> RightsView:
    """Return a Worker's rights under the Backend's own id of it."""
    return RightsView(
        worker=record.id,
        state=rights.state,
        now=build_explanation_view(rights.now, record.last_accepted, secret_names=secret_names),
        created=build_explanation_view(rights.created, record.last_accepted, secret_names=secret_names),
        lost=tuple(_build_reason(one, secret_names) for one in rights.lost),
    )


def build_explanation_view(
    explanation: Explanation, last_accepted: LastAccepted | None, *, secret_names: bool
) -> ExplanationView:
    """Return what the Runtime says of a Worker, and what the Backend knows of its revision."""
    secrets = Counter(one.outcome for one in explanation.decisions if one.kind == "secret")
    return ExplanationView(
        frame=build_frame_view(explanation.frame),
        resolution_digest=show_digest(explanation.resolution_digest),
        decisions=tuple(
            _build_decision(one, secret_names)
            for one in explanation.decisions
            if secret_names or one.kind != "secret"
        ),
        secrets=dict(sorted(secrets.items())),
        refused=tuple(_build_reason(one, secret_names) for one in explanation.refused),
        last_accepted=build_last_accepted_view(last_accepted, secret_names=secret_names),
    )
