"""Verdicts on shell commands against what real shells run."""

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.bundles.shell_differential import ALLOW_LIST, CanaryShell, find_breaches, find_shells, judge
from support.bundles.shell_scripts import draw_script

pytestmark = [
    pytest.mark.req("S-11"),
    pytest.mark.skipif(not find_shells(), reason="no shell on this machine to compare with"),
]


@pytest.fixture(scope="module")
def shells(tmp_path_factory: pytest.TempPathFactory) -> CanaryShell:
    return CanaryShell(tmp_path_factory.mktemp("shells"))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_script_does_more_than_its_verdict_lets_pass(shells: CanaryShell, data: st.DataObject) -> None:
    script = draw_script(lambda choices: data.draw(st.sampled_from(choices)))
    assert find_breaches(shells, script, find_shells()) == []


@pytest.mark.soak
def test_no_script_of_many_does_more_than_its_verdict_lets_pass(shells: CanaryShell) -> None:
    seed = random.SystemRandom().randrange(2**32)
    source = random.Random(seed)
    for _ in range(20_000):
        script = draw_script(source.choice)
        assert find_breaches(shells, script, find_shells()) == [], f"seed {seed}: {script!r}"


def test_canaries_tell_what_ran(tmp_path: Path) -> None:
    run = CanaryShell(tmp_path).run(find_shells()[0], "ls a; rm 'b\nc' | cat; cat secret.txt")
    assert set(run.canaries) == {("ls", "a"), ("rm", "b\nc")}
    assert "what-only-the-secret-file-holds" in run.output


def test_the_grammar_makes_scripts_that_an_allow_list_lets_pass() -> None:
    source = random.Random(1)
    scripts = [draw_script(source.choice) for _ in range(400)]
    assert sum(judge(ALLOW_LIST, script) == "allow" for script in scripts) > 10
