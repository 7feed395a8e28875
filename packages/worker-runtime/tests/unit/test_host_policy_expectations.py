"""Expectations in a host policy: calls with the verdict that its rules are to give."""

from pathlib import Path

import pytest

from worker_runtime.host.policy.check import find_oddities
from worker_runtime.host.policy.file import parse_host_policy

pytestmark = pytest.mark.req("S-11")

POLICY = """version = 1
[[workspace]]
issuer = "local"
id = "w"
[workspace.tools]
rules = ["allow shell.run(command prefix: git)", "deny shell.run(command prefix: git push)"]
"""


def check(*expectations: tuple[str, str]) -> list[tuple[str, int]]:
    text = POLICY + "".join(
        f'[[workspace.expect]]\ncall = "{call}"\nverdict = "{verdict}"\n' for call, verdict in expectations
    )
    document = parse_host_policy(text.encode(), file="p.toml", directory=Path("/"))
    return [(one.rule, one.line) for one in find_oddities(document, file="p.toml")]


def test_what_the_rules_give_is_as_expected() -> None:
    assert (
        check(("shell.run(command: git log)", "allow"), ("shell.run(command: git -C x push)", "deny")) == []
    )


def test_another_verdict_and_what_is_no_call_are_errors_of_their_line() -> None:
    found = check(("shell.run(command: git log)", "deny"), ("shell.run(cmd: x)", "deny"))
    assert found == [("policy.unexpected_verdict", 8), ("policy.unexpected_verdict", 11)]


def test_expectations_change_nothing_of_the_policy() -> None:
    texts = [POLICY, POLICY + '[[workspace.expect]]\ncall = "file.read"\nverdict = "allow"\n']
    one, other = (parse_host_policy(text.encode(), file="p", directory=Path("/")) for text in texts)
    assert one.grants[0].policy == other.grants[0].policy
