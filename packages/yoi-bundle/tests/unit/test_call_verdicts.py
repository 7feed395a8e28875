"""Verdicts of one layer on single calls."""

from typing import Any

import pytest

from yoi_bundle.calls import CompiledPolicy, ToolCall, Verdict, compute_policy_verdict, compute_verdict
from yoi_bundle.manifest import (
    DomainMatch,
    Effect,
    ExactMatch,
    GlobMatch,
    HostPathMatch,
    Match,
    PathMatch,
    Policy,
    PrefixMatch,
    Rule,
    compute_rule_id,
)

pytestmark = pytest.mark.req("S-11")


def rule(effect: Effect, tool: str, where: Match | None = None) -> Rule:
    return Rule(effect=effect, tool=tool, where=where)


def build(default: Effect, *rules: Rule) -> Policy:
    return Policy(default=default, rules={compute_rule_id(one): one for one in rules})


def path(pattern: str, mount: str = "workspace") -> PathMatch:
    return PathMatch(argument="path", pattern=pattern, mount=mount)


def judge(policy: Policy, tool: str, **arguments: str) -> str:
    return compute_policy_verdict(policy, ToolCall(tool, arguments)).effect


def allows(where: Match, tool: str, **arguments: str) -> bool:
    return judge(build("deny", rule("allow", tool, where)), tool, **arguments) == "allow"


def denies(where: Match, tool: str, **arguments: str) -> bool:
    return judge(build("allow", rule("deny", tool, where)), tool, **arguments) == "deny"


def test_deny_wins_over_ask_and_ask_over_allow_and_all_over_the_default() -> None:
    deny, ask, allow = (rule(effect, "file.read", path("src")) for effect in ("deny", "ask", "allow"))
    call = ToolCall("file.read", {"path": "src"})
    assert compute_policy_verdict(build("allow", allow, ask, deny), call).effect == "deny"
    assert compute_policy_verdict(build("allow", allow, ask), call).effect == "ask"
    assert compute_policy_verdict(build("deny", allow), call).effect == "allow"
    assert compute_policy_verdict(build("deny"), call) == Verdict("deny", None)


def test_a_verdict_names_the_rule_that_decided() -> None:
    deny = rule("deny", "file.*")
    verdict = compute_policy_verdict(build("allow", deny), ToolCall("file.edit"))
    assert verdict == Verdict("deny", compute_rule_id(deny))


def test_of_two_rules_that_decide_the_same_one_is_named_whatever_their_order() -> None:
    one, other = rule("deny", "file.*"), rule("deny", "file.read")
    call = ToolCall("file.read")
    assert compute_policy_verdict(build("allow", one, other), call) == compute_policy_verdict(
        build("allow", other, one), call
    )


def test_the_strictest_layer_decides() -> None:
    layers: list[Policy | CompiledPolicy] = [build("allow"), CompiledPolicy(build("ask")), build("allow")]
    assert compute_verdict(layers, ToolCall("web.search")).effect == "ask"


def test_without_a_layer_there_is_no_verdict() -> None:
    with pytest.raises(ValueError, match="at least one layer"):
        compute_verdict([], ToolCall("web.search"))


@pytest.mark.parametrize(
    ("pattern", "taken", "left"),
    [
        ("*", ["file.read", "mcp:a/b", "plugin:host:x/y"], []),
        ("file.*", ["file.read"], ["files.read", "mcp:file.x/y"]),
        ("file.read", ["file.read"], ["file.reads", "file.edit"]),
        ("mcp:*", ["mcp:a/b"], ["http:a"]),
        ("mcp:files/*", ["mcp:files/find"], ["mcp:files2/find", "mcp:files/sub/find"]),
        ("mcp:files/find", ["mcp:files/find"], ["mcp:files/find2", "mcp:files/find/x"]),
        ("mcp:files", ["mcp:files/find"], ["mcp:files/sub/find", "mcp:files2/find"]),
        ("http:a/b", ["http:a/b"], ["http:a", "http:a/b/c"]),
        ("plugin:host:x/*", ["plugin:host:x/print"], ["plugin:workspace:x/print"]),
    ],
)
def test_an_allow_rule_takes_just_the_tools_of_its_pattern(
    pattern: str, taken: list[str], left: list[str]
) -> None:
    policy = build("deny", rule("allow", pattern))
    assert [tool for tool in taken if judge(policy, tool) != "allow"] == []
    assert [tool for tool in left if judge(policy, tool) != "deny"] == []


def test_a_deny_rule_takes_both_readings_of_a_server_with_a_slash_in_its_id() -> None:
    policy = build("allow", rule("deny", "mcp:a/b"))
    assert judge(policy, "mcp:a/b") == "deny"
    assert judge(policy, "mcp:a/b/c") == "deny"
    assert judge(policy, "mcp:a/bc") == "allow"


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("src", "src", True),
        ("src", "src/a/b.py", True),
        ("src", "srcs/a", False),
        ("src/*", "src/a.py", True),
        ("src/*", "src/lib/a.py", False),
        ("src/**", "src/lib/a.py", True),
        ("src/**", "src", True),
        ("**/*.py", "a.py", True),
        ("**/*.py", "lib/x/a.py", True),
        ("**/*.py", "lib/a.pyc", False),
        ("docs/**/x/*.md", "docs/a/b/x/c.md", True),
        ("src/**", "./src//lib/./a.py", True),
        ("src/**", "lib/../src/a.py", True),
        ("src/**", "src/../secrets/a", False),
        ("src/**", "src/../../src/a", False),
        ("**", "../a", False),
        ("**", "/etc/passwd", False),
        ("**", "~/x", False),
        ("**", "C:/x", False),
        ("**", "file:///etc/passwd", False),
        ("**", "a\\..\\..\\b", False),
        ("**", "a\x00b", False),
        ("**", "\ud800", False),
        ("**", "mount:docs/a", False),
        ("/src/**", "src/a", False),
        ("../**", "../a", False),
        ("src/**", "SRC/a", False),
        ("案内/*", "案内/本.md", True),
    ],
)
def test_an_allow_rule_takes_paths_below_the_mount_only(pattern: str, text: str, fits: bool) -> None:
    assert allows(path(pattern), "file.read", path=text) is fits


def test_a_path_of_another_mount_is_named_by_it() -> None:
    assert allows(path("*.md", mount="docs"), "file.read", path="mount:docs/a.md")
    assert not allows(path("*.md", mount="docs"), "file.read", path="a.md")
    assert not allows(path("*.md", mount="docs"), "file.read", path="mount:docs/../a.md")


@pytest.mark.parametrize(
    "text",
    ["secrets", "secrets/key", "SECRETS/key", "a/../secrets/key", "./secrets//key", "../x", "/etc", "~/x"],
)
def test_a_deny_rule_takes_every_spelling_of_a_path_and_every_path_that_escapes(text: str) -> None:
    assert denies(path("secrets"), "file.read", path=text)


def test_a_deny_rule_takes_what_lies_below_whatever_it_matches() -> None:
    assert denies(path("private*"), "file.read", path="private-1/a/b")
    assert not denies(path("private*"), "file.read", path="public/private")


def test_an_argument_that_is_left_out_is_no_way_round_a_deny_rule() -> None:
    assert denies(path("**"), "file.search")
    assert not denies(path("secrets/**"), "file.search")
    assert not allows(path("**"), "file.search")


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("/etc/**", "/etc/passwd", True),
        ("/etc/**", "/ETC//passwd", True),
        ("/etc/**", "/usr/../etc/passwd", True),
        ("/etc/**", "file:///etc/passwd", True),
        ("/etc/**", "/usr/etc", False),
        ("/etc/**", "etc/passwd", False),
        ("~/.ssh/**", "~/.ssh/config", True),
        ("~/.ssh/**", "$HOME/.ssh/config", True),
        ("~/.ssh/**", "~/.config", False),
    ],
)
def test_a_deny_rule_may_name_places_on_the_host(pattern: str, text: str, fits: bool) -> None:
    assert denies(HostPathMatch(argument="path", pattern=pattern), "file.read", path=text) is fits


def test_an_allow_rule_never_matches_a_place_on_the_host() -> None:
    assert not allows(HostPathMatch(argument="path", pattern="/etc/**"), "file.read", path="/etc/hosts")


@pytest.mark.parametrize(
    ("host", "url", "fits"),
    [
        ("docs.example.org", "https://docs.example.org/a?b#c", True),
        ("docs.example.org", "https://DOCS.Example.org./", True),
        ("docs.example.org", "http://docs.example.org:80/", True),
        ("docs.example.org", "https://docs.example.org:8443/", False),
        ("docs.example.org:8443", "https://docs.example.org:8443/", True),
        ("docs.example.org", "https://docs.example.org@evil.example.net/", False),
        ("docs.example.org", "https://user@docs.example.org/", False),
        ("docs.example.org", "https://evil.example.net\\@docs.example.org/", False),
        ("docs.example.org", "https://docs.example.org\\@evil.example.net/", False),
        ("docs.example.org", "https://docs.example.org.evil.example.net/", False),
        ("docs.example.org", "https://evil.example.net/docs.example.org", False),
        ("docs.example.org", "https://evil.example.net#docs.example.org", False),
        ("docs.example.org", "ftp://docs.example.org/", False),
        ("docs.example.org", "docs.example.org", False),
        ("docs.example.org", "https:docs.example.org", False),
        ("docs.example.org", "https:///docs.example.org", False),
        ("docs.example.org", "https://docs.example.org%2eevil.net", False),
        ("docs.example.org", " https://docs.example.org/", False),
        ("docs.example.org", "https://docs.exa\tmple.org/", False),
        ("*.example.com", "https://a.b.example.com/", True),
        ("*.example.com", "https://example.com/", False),
        ("*.example.com", "https://notexample.com/", False),
        ("xn--bcher-kva.example", "https://bücher.example/", True),
        ("127.0.0.1", "http://127.0.0.1/", True),
        ("127.0.0.1", "http://0x7f.1/", False),
    ],
)
def test_an_allow_rule_takes_a_url_by_the_host_it_leads_to(host: str, url: str, fits: bool) -> None:
    assert allows(DomainMatch(argument="url", host=host), "web.fetch", url=url) is fits


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example.net/",
        "https://EVIL.example.net.:8443/",
        "https://good.example.org@evil.example.net",
        "https://evil.example.net\\@good.example.org/",
        "evil.example.net/x",
        "https:evil.example.net",
        "//evil.example.net",
        "ht\ntps://evil.example.net",
        "ws://evil.example.net/",
        "https://％65vil.example.net.",
        "http://[::1]/",
        "http://2130706433/",
        "https://evil%2eexample.net/",
        "https://ß.example/",
        "",
        "https://e.example:99999/",
    ],
)
def test_a_deny_rule_takes_every_way_to_a_host_and_every_url_that_has_none_for_certain(url: str) -> None:
    assert denies(DomainMatch(argument="url", host="evil.example.net"), "web.fetch", url=url)


@pytest.mark.parametrize("url", ["https://good.example.org/evil.example.net", "https://a.evil.example.net/"])
def test_a_deny_rule_leaves_other_hosts_alone(url: str) -> None:
    assert not denies(DomainMatch(argument="url", host="evil.example.net"), "web.fetch", url=url)


def test_texts_match_exactly_by_words_or_by_glob() -> None:
    def text(kind: Any, value: str) -> Match:
        field = "pattern" if kind is GlobMatch else "value"
        return kind(argument="query", **{field: value})  # type: ignore[no-any-return]

    assert allows(text(ExactMatch, "a b"), "web.search", query="a b")
    assert not allows(text(ExactMatch, "a b"), "web.search", query="a b c")
    assert allows(text(PrefixMatch, "a b"), "web.search", query="a b c")
    assert not allows(text(PrefixMatch, "a b"), "web.search", query="a bc")
    assert allows(text(GlobMatch, "a*b*c"), "web.search", query="a x b\nc")
    assert not allows(text(GlobMatch, "ab*bc"), "web.search", query="abc")
    assert denies(text(PrefixMatch, "a b"), "web.search", query=" A  B-c")


def test_a_glob_over_a_path_sees_where_the_path_leads() -> None:
    where = GlobMatch(argument="path", pattern="src/*")
    assert allows(where, "file.read", path="src/a.py")
    assert not allows(where, "file.read", path="src/../../etc/passwd")
    assert not allows(where, "file.read", path="src/../secrets")
    assert denies(where, "file.read", path="x/../SRC/a.py")


def test_a_pattern_of_many_stars_does_not_stall() -> None:
    where = GlobMatch(argument="query", pattern="a*" * 2000 + "b")
    assert not allows(where, "web.search", query="a" * 100_000)
    deep = "/".join(["**", "a"] * 500) + "/c"
    assert not allows(path(deep), "file.read", path="a/" * 2000 + "b")


@pytest.mark.parametrize(
    ("pattern", "path", "verdict"),
    [
        ("build**", "buildx/y/z", "deny"),
        ("build**", "build", "deny"),
        ("build**", "src/x", "allow"),
        ("**.pem", "a/b/c.pem", "deny"),
        ("**.pem", "a/b/c.txt", "allow"),
        ("a**z", "ab/c/yz", "deny"),
        ("a**z", "ab/c/y", "allow"),
    ],
)
def test_two_stars_within_a_name_reach_across_directories_in_a_deny_rule(
    pattern: str, path: str, verdict: str
) -> None:
    policy = build("allow", rule("deny", "file.read", PathMatch(argument="path", pattern=pattern)))
    assert judge(policy, "file.read", path=path) == verdict


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("src/a.py", "./src//a.py"),
        ("src/a.py", "src/b/../a.py"),
        ("mount:docs/a/b", "mount:docs/a/./b"),
    ],
)
def test_an_exact_allow_rule_takes_every_spelling_of_its_path(value: str, text: str) -> None:
    where = ExactMatch(argument="path", value=value)
    assert allows(where, "file.read", path=text)
    assert not allows(where, "file.read", path=f"{text}x")


@pytest.mark.parametrize(
    "url",
    ["https://evil.net\\.example.org/x", "https://evil.net/\t.example.org/x", "https://u@a.example.org/x"],
)
def test_a_glob_allows_no_url_that_readers_take_for_different_ones(url: str) -> None:
    where = GlobMatch(argument="url", pattern="https://*.example.org/*")
    assert allows(where, "web.fetch", url="https://a.example.org/x")
    assert not allows(where, "web.fetch", url=url)


@pytest.mark.parametrize(("scheme", "port"), [("http", 80), ("https", 443), ("ws", 80), ("wss", 443)])
def test_a_url_without_a_port_has_its_schemes(scheme: str, port: int) -> None:
    def where(number: int) -> DomainMatch:
        return DomainMatch(argument="url", host=f"example.org:{number}")

    assert denies(where(port), "web.fetch", url=f"{scheme}://example.org/x")
    assert not denies(where(port + 1), "web.fetch", url=f"{scheme}://example.org/x")


def test_a_port_has_up_to_five_digits_and_ends_at_65535() -> None:
    for port, verdict in ((44300, "allow"), (65535, "allow")):
        where = DomainMatch(argument="url", host=f"example.org:{port}")
        policy = build("deny", rule("allow", "web.fetch", where))
        assert judge(policy, "web.fetch", url=f"https://example.org:{port}/") == verdict
    everywhere = DomainMatch(argument="url", host="other.org")
    for text in ("65536", "044300", "4430x"):
        assert denies(everywhere, "web.fetch", url=f"https://example.org:{text}/")
