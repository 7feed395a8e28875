"""The cache of decided specs: an answer is given again only to the same plan, facts, narrowing and required capabilities."""

import pytest

from support.runtime.resolution_world import make_bundle, make_facts, make_host_policy
from worker_runtime.host.facts import HostFacts
from worker_runtime.resolution.fast_path.spec_cache import SpecCache
from worker_runtime.resolution.host_plan import HostPlan, prepare_host_plan
from worker_runtime.resolution.plan import prepare_profile
from worker_runtime.resolution.resolve import decide_spec
from yoi_bundle.canonical import encode_canonical
from yoi_wire.worker_requests import NO_INTENT, Intent, Narrowing

FACTS = make_facts()


def make_plan() -> HostPlan:
    return prepare_host_plan(prepare_profile(make_bundle(), "workspace:helper"), make_host_policy())


def test_the_same_question_gets_the_answer_that_was_decided_before() -> None:
    cache, plan = SpecCache(), make_plan()
    first = cache.get_spec(plan, FACTS, NO_INTENT)
    assert cache.get_spec(plan, make_facts(), Intent(task="another")) is first


@pytest.mark.req("S-01")
@pytest.mark.parametrize(
    ("facts", "intent"),
    [
        pytest.param(make_facts(mounts={}), NO_INTENT, id="facts"),
        pytest.param(FACTS, Intent(narrowing=Narrowing(tools=frozenset())), id="narrowing"),
        pytest.param(FACTS, Intent(requires=frozenset({"tool:file.edit"})), id="required capabilities"),
    ],
)
def test_a_question_that_differs_is_decided_anew(facts: HostFacts, intent: Intent) -> None:
    cache, plan = SpecCache(), make_plan()
    before = cache.get_spec(plan, FACTS, NO_INTENT)
    after = cache.get_spec(plan, facts, intent)
    assert after is not before
    assert after.decided == decide_spec(plan, facts, intent)
    assert bytes(after.decisions) == encode_canonical(after.decided.decisions)


def test_a_cache_of_specs_holds_as_many_plans_as_its_capacity() -> None:
    cache, one, two = SpecCache(capacity=2), make_plan(), make_plan()
    first = cache.get_spec(one, FACTS, NO_INTENT)
    second = cache.get_spec(two, FACTS, NO_INTENT)
    assert cache.get_spec(one, FACTS, NO_INTENT) is first
    assert cache.get_spec(two, FACTS, NO_INTENT) is second


def test_the_spec_of_the_plan_used_longest_ago_falls_out_first() -> None:
    cache, one, two, three = SpecCache(capacity=2), make_plan(), make_plan(), make_plan()
    first = cache.get_spec(one, FACTS, NO_INTENT)
    second = cache.get_spec(two, FACTS, NO_INTENT)
    assert cache.get_spec(one, FACTS, NO_INTENT) is first
    cache.get_spec(three, FACTS, NO_INTENT)
    assert cache.get_spec(one, FACTS, NO_INTENT) is first
    assert cache.get_spec(two, FACTS, NO_INTENT) is not second
