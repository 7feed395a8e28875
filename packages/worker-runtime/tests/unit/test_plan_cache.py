"""The cache of host plans: what is kept, what falls out, and whose plan a question gets."""

from support.runtime.resolution_world import make_bundle, make_host_policy, make_manifest, make_profile
from worker_runtime.resolution.fast_path.plan_cache import PlanCache

ONE, TWO, THREE = "workspace:one", "workspace:two", "workspace:three"
BUNDLE = make_bundle(
    make_manifest(profiles={name: make_profile() for name in ("helper", "one", "two", "three")})
)
POLICY = make_host_policy()


def ask(cache: PlanCache, *selectors: str) -> None:
    for selector in selectors:
        cache.get_host_plan(BUNDLE, selector, POLICY, source="bundle")


def list_kept(cache: PlanCache) -> list[str]:
    return [
        selector
        for selector in (ONE, TWO, THREE)
        if cache.find_host_plan(BUNDLE.digest, selector, POLICY, source="bundle") is not None
    ]


def test_a_cache_of_host_plans_holds_as_many_as_its_capacity() -> None:
    cache = PlanCache(capacity=2)
    ask(cache, ONE, TWO)
    assert list_kept(cache) == [ONE, TWO]


def test_the_host_plan_used_longest_ago_falls_out_first() -> None:
    cache = PlanCache(capacity=2)
    ask(cache, ONE, TWO, ONE, THREE)
    assert list_kept(cache) == [ONE, THREE]


def test_a_question_asked_again_gets_the_host_plan_that_was_made_before() -> None:
    cache = PlanCache(capacity=1)
    first = cache.get_host_plan(BUNDLE, ONE, POLICY, source="bundle")
    assert cache.get_host_plan(BUNDLE, ONE, POLICY, source="bundle") is first


def test_a_host_plan_answers_only_for_its_own_bundle_profile_policy_and_source() -> None:
    cache = PlanCache()
    ask(cache, ONE)
    equal_policy = make_host_policy()
    assert cache.find_host_plan(BUNDLE.digest, ONE, POLICY, source="bundle") is not None
    assert cache.find_host_plan(make_bundle().digest, ONE, POLICY, source="bundle") is None
    assert cache.find_host_plan(BUNDLE.digest, TWO, POLICY, source="bundle") is None
    assert cache.find_host_plan(BUNDLE.digest, ONE, equal_policy, source="bundle") is None
    assert cache.find_host_plan(BUNDLE.digest, ONE, POLICY, source="builtin") is None
