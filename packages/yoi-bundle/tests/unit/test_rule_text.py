"""The textual form of rules: one grammar for profiles, policies and host policy."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from yoi_bundle.calls.fit import find_misfit
from yoi_bundle.manifest import (
    DomainMatch,
    ExactMatch,
    GlobMatch,
    HostPathMatch,
    Match,
    PathMatch,
    PrefixMatch,
    Rule,
)
from yoi_bundle.rule_text import RuleTextError, format_rule, parse_rule, parse_tool

pytestmark = pytest.mark.req("B-14")


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("deny file.read", None),
        ("deny shell.run(command: git push *)", GlobMatch(argument="command", pattern="git push *")),
        ("deny shell.run(command:*curl*)", GlobMatch(argument="command", pattern="*curl*")),
        ("deny shell.run(command exact: ls (x))", ExactMatch(argument="command", value="ls (x)")),
        ("deny shell.run(command prefix: git)", PrefixMatch(argument="command", value="git")),
        ("deny file.edit(path: docs/**)", PathMatch(argument="path", pattern="docs/**")),
        ("deny file.edit(path@data: a)", PathMatch(argument="path", pattern="a", mount="data")),
        ("deny file.edit(path path@data: a)", PathMatch(argument="path", pattern="a", mount="data")),
        ("deny file.edit(path glob: a*)", GlobMatch(argument="path", pattern="a*")),
        ("deny file.read(path host_path: ~/.ssh/**)", HostPathMatch(argument="path", pattern="~/.ssh/**")),
        ("deny web.fetch(url domain: *.example.com)", DomainMatch(argument="url", host="*.example.com")),
    ],
)
def test_a_rule_is_read(text: str, where: Match | None) -> None:
    rule = parse_rule(text)
    assert rule.where == where
    assert parse_rule(format_rule(rule)) == rule


@pytest.mark.parametrize(
    "text",
    [
        "",
        "file.read",
        "permit file.read",
        "deny",
        "deny file.read(",
        "deny file.read()",
        "deny file.read(path)",
        "deny file.read(path:)",
        "deny file.read(path nonsense: x)",
        "deny file.read(path glob@data: x)",
        "deny web.fetch(url domain: EXAMPLE)",
        "deny Read",
        "deny mcp:../x",
    ],
)
def test_what_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises(RuleTextError):
        parse_rule(text)


def test_a_refusal_does_not_repeat_the_value() -> None:
    with pytest.raises(RuleTextError) as caught:
        parse_tool("web.fetch(url domain: planted-value!)")
    assert "planted" not in str(caught.value)


_TEXT = st.text(min_size=1, max_size=20).filter(lambda text: "\x00" not in text)
_WHERE = st.one_of(
    st.none(),
    st.builds(ExactMatch, argument=st.just("command"), value=_TEXT),
    st.builds(PrefixMatch, argument=st.just("command"), value=_TEXT),
    st.builds(GlobMatch, argument=st.sampled_from(["path", "command"]), pattern=_TEXT),
    st.builds(
        PathMatch, argument=st.just("path"), pattern=_TEXT, mount=st.sampled_from(["workspace", "data-2"])
    ),
    st.builds(HostPathMatch, argument=st.just("path"), pattern=_TEXT),
)


@settings(max_examples=100)
@given(
    st.builds(
        Rule,
        effect=st.sampled_from(["deny", "ask", "allow"]),
        tool=st.sampled_from(["*", "file.*", "shell.run", "mcp:a/b/*", "http:x", "plugin:workspace:p/t"]),
        where=_WHERE,
    )
)
def test_what_is_written_is_read_back(rule: Rule) -> None:
    assume(not find_misfit(rule.tool, rule.where))
    assert parse_rule(format_rule(rule)) == rule
