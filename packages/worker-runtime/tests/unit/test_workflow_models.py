"""A workflow runs on the first of its models that the host gives, and says so (B-06, S-03)."""

from typing import Any

import pytest
from msgspec.structs import replace

from support.runtime.resolution_world import (
    make_facts,
    make_host_policy,
    make_manifest,
    make_profile,
    resolve,
)
from worker_runtime.host.policy import SecretGrant
from worker_runtime.resolution.decision import Decision
from worker_runtime.resolution.resolve import Resolution
from yoi_bundle.manifest import (
    Ask,
    Asks,
    BundleModel,
    Manifest,
    Member,
    SecretRef,
    WorkerLimits,
    Workflow,
    WorkflowText,
)
from yoi_wire.worker_requests import NO_INTENT, Intent, Narrowing

pytestmark = pytest.mark.req("B-06", "S-03")

FAST = BundleModel(provider="example", model="large-fast", credential=SecretRef(name="FAST_KEY"))
HOST_POLICY = make_host_policy(
    secrets={
        **make_host_policy().secrets,
        "FAST_KEY": SecretGrant(to=frozenset({"model:main"})),
    }
)
FACTS = make_facts(secrets=(*make_facts().secrets, "FAST_KEY"))


def make_world(
    *, models: tuple[str, ...] = ("fast",), own: tuple[str, ...] = ("large",), **workflow: Any
) -> Manifest:
    """Return a manifest whose profile may run one workflow, `tidy`, with models of its own."""
    base = make_manifest()
    content = base.prompts["brief"].content
    tidy = Workflow(body=WorkflowText(content=content), models=models, **workflow)
    secrets = {**base.grants.secrets, "FAST_KEY": Member()}
    return replace(
        base,
        models={**base.models, "fast": FAST, "huge": BundleModel(provider="other", model="huge")},
        workflows={"tidy": tidy},
        grants=replace(base.grants, secrets=secrets),
        profiles={"helper": make_profile(models=own, workflows={"tidy": Ask()})},
    )


def run(manifest: Manifest, *, intent: Intent = NO_INTENT, **facts: Any) -> Resolution:
    return resolve(manifest, policy=HOST_POLICY, facts=replace(FACTS, **facts), intent=intent)


def find(resolution: Resolution, kind: str, name: str) -> Decision:
    return next(one for one in resolution.decisions if (one.kind, one.id) == (kind, name))


def last_rule(decision: Decision) -> str:
    return decision.steps[-1].rule


def test_a_workflows_model_is_granted_with_its_secret_beside_the_workers_own() -> None:
    resolution = run(make_world())
    spec = resolution.spec
    assert spec.model is not None
    assert spec.model.id == "large"
    assert [(one.id, one.model) for one in spec.workflow_models] == [("fast", "large-fast")]
    assert [(one.id, one.model) for one in spec.workflows] == [("tidy", "fast")]
    assert {"FAST_KEY", "MODEL_KEY"} <= {one.name for one in spec.secrets}
    decision = find(resolution, "model", "fast")
    assert decision.steps[0].pointer == "/profiles/helper/workflows/tidy"
    assert not decision.required
    assert resolution.reasons == ()


def test_the_first_that_the_host_gives_is_taken_and_the_others_say_which() -> None:
    resolution = run(make_world(models=("huge", "fast", "large")))
    assert resolution.spec.workflows[0].model == "fast"
    assert last_rule(find(resolution, "model", "huge")) == "host_policy.endpoint"
    manifest = make_world(models=("fast", "second"))
    both = run(replace(manifest, models={**manifest.models, "second": FAST}))
    assert (find(both, "model", "second").outcome, last_rule(find(both, "model", "second"))) == (
        "denied",
        "needs.preferred",
    )


def test_a_workflow_whose_models_the_host_does_not_give_does_not_run_on_another() -> None:
    resolution = run(make_world(models=("huge",)))
    decision = find(resolution, "workflow", "tidy")
    assert (decision.outcome, last_rule(decision)) == ("denied", "needs.model")
    assert decision.steps[-1].pointer == "/model/huge"
    assert resolution.reasons == ()


@pytest.mark.req("S-04")
def test_a_workflow_whose_models_secret_is_missing_falls_with_it() -> None:
    resolution = run(make_world(), secrets=make_facts().secrets)
    assert last_rule(find(resolution, "model", "fast")) == "needs.secret"
    assert find(resolution, "workflow", "tidy").outcome == "denied"


@pytest.mark.req("S-09")
def test_a_required_workflow_without_its_model_refuses_with_the_models_code() -> None:
    manifest = make_world(models=("huge",))
    profile = replace(manifest.profiles["helper"], workflows={"tidy": Ask(required=True)})
    reasons = run(replace(manifest, profiles={"helper": profile})).reasons
    assert [(one.code, one.kind, one.id) for one in reasons] == [("model.unavailable", "workflow", "tidy")]


@pytest.mark.req("S-10")
def test_a_workflow_that_falls_takes_its_model_and_the_models_secret_with_it() -> None:
    asks = Asks(host={"git": Ask(required=True)})
    resolution = run(make_world(asks=asks))
    assert last_rule(find(resolution, "workflow", "tidy")) == "needs.ask"
    assert resolution.spec.workflow_models == ()
    assert last_rule(find(resolution, "model", "fast")) == "needs.consumer"
    assert "FAST_KEY" not in {one.name for one in resolution.spec.secrets}


def test_a_model_of_the_profile_that_is_not_preferred_serves_a_workflow_that_names_it() -> None:
    spec = run(make_world(own=("large", "fast"))).spec
    assert spec.model is not None
    assert (spec.model.id, [one.id for one in spec.workflow_models]) == ("large", ["fast"])
    same = run(make_world(models=("large",))).spec
    assert (same.workflows[0].model, same.workflow_models) == ("large", ())


def test_a_model_called_default_is_not_the_one_that_a_profile_leaves_to_the_host() -> None:
    manifest = make_world(models=("default",), own=())
    manifest = replace(manifest, models={**manifest.models, "default": FAST})
    policy = replace(HOST_POLICY, default_model="spare")
    spec = resolve(manifest, policy=policy, facts=FACTS).spec
    assert spec.model is not None
    assert spec.model.model == "small-1"
    assert [one.model for one in spec.workflow_models] == ["large-fast"]


@pytest.mark.req("S-09")
def test_a_model_that_only_a_workflow_runs_on_is_not_the_model_that_an_intent_requires() -> None:
    required = Intent(requires=frozenset({"model:fast"}))
    assert {one.code for one in run(make_world(), intent=required).reasons} == {"capability.unavailable"}
    assert run(make_world(own=("fast",)), intent=required).reasons == ()


@pytest.mark.req("S-02")
def test_the_short_way_decides_a_workflows_model_as_the_long_one() -> None:
    long = run(make_world(), intent=Intent(narrowing=Narrowing()))
    assert long.spec_bytes == run(make_world()).spec_bytes


@pytest.mark.req("S-02")
def test_a_workflows_limits_stand_beside_the_workers_in_the_spec() -> None:
    (workflow,) = run(make_world(asks=Asks(limits=WorkerLimits(turns=3)))).spec.workflows
    assert workflow.limits == WorkerLimits(turns=3)
