"""The difference of two specs: each item that came, went or changed, and nothing else (W-04)."""

from typing import Any

import pytest

from support.runtime.resolution_world import (
    PLUGIN,
    make_facts,
    make_host_policy,
    make_manifest,
    make_profile,
    resolve,
)
from worker_runtime.resolution.spec import ResolvedWorkerSpec
from worker_runtime.resolution.spec_diff import compute_spec_diff
from yoi_bundle.manifest import Asks, MountAsk


def make_spec(**changes: Any) -> ResolvedWorkerSpec:
    return resolve(**changes).spec


def list_changes(old: ResolvedWorkerSpec, new: ResolvedWorkerSpec) -> list[tuple[str, str, str]]:
    return [(one.section, one.id, one.change) for one in compute_spec_diff(old, new)]


WHOLE = make_spec()


@pytest.mark.req("W-04")
def test_equal_specs_have_no_difference() -> None:
    assert list_changes(WHOLE, make_spec()) == []


@pytest.mark.req("W-04")
def test_an_item_that_went_is_removed_and_the_other_way_round_added() -> None:
    without = make_spec(policy=make_host_policy(network=frozenset(), mounts={"workspace": "rw"}))
    expected = [("network", "docs.example.org"), ("tools", "web.fetch")]
    removed, added = list_changes(WHOLE, without), list_changes(without, WHOLE)
    assert sorted(removed) == [(*one, "removed") for one in expected]
    assert sorted(added) == [(*one, "added") for one in expected]


@pytest.mark.req("W-04")
def test_an_item_of_which_less_is_left_is_changed() -> None:
    assert list_changes(WHOLE, make_spec(facts=make_facts(mounts={"workspace": "ro"}))) == [
        ("mounts", "workspace", "changed")
    ]


@pytest.mark.req("W-04")
def test_an_item_without_an_id_is_named_by_what_tells_it_apart() -> None:
    bare = make_spec(
        manifest=make_manifest(profiles={"helper": make_profile(plugins={}, asks=Asks())}),
    )
    removed = {(section, name) for section, name, change in list_changes(WHOLE, bare) if change == "removed"}
    assert {
        ("network", "docs.example.org"),
        ("permissions", f"{PLUGIN}/clock"),
        ("plugins", PLUGIN),
        ("surfaces", f"{PLUGIN}/opening_hours"),
    } <= removed


@pytest.mark.req("W-04")
def test_the_secret_of_a_consumer_that_went_is_removed_by_name_and_consumer() -> None:
    without = make_spec(policy=make_host_policy(commands={}))
    assert ("secrets", "ISSUE_TOKEN/command:issues", "removed") in list_changes(WHOLE, without)


@pytest.mark.req("W-04")
def test_a_capability_of_the_host_is_named_by_itself() -> None:
    assert ("host", "shell", "removed") in list_changes(
        WHOLE, make_spec(policy=make_host_policy(host=frozenset()))
    )


@pytest.mark.req("W-04")
def test_differences_are_in_the_order_of_the_specs_sections_then_of_ids() -> None:
    asks = Asks(mounts={"workspace": MountAsk(access="ro")})
    other = make_spec(manifest=make_manifest(profiles={"helper": make_profile(plugins={}, asks=asks)}))
    sections = list(ResolvedWorkerSpec.__struct_fields__)
    found = [(sections.index(section), name) for section, name, _ in list_changes(WHOLE, other)]
    assert len(found) > 3
    assert found == sorted(found)
