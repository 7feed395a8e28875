"""What bash and a plain POSIX shell read as different programs is asked about, whatever a rule says (S-11)."""

import pytest

from yoi_bundle.calls import ToolCall, compute_policy_verdict
from yoi_bundle.manifest import Policy, PrefixMatch, Rule

pytestmark = pytest.mark.req("S-11")


def _judge(default: str, effect: str, command: str, text: str) -> str:
    rule = Rule(tool="shell.run", effect=effect, where=PrefixMatch(argument="command", value=command))  # type: ignore[arg-type]
    policy = Policy(default=default, rules={"r": rule})  # type: ignore[arg-type]
    return compute_policy_verdict(policy, ToolCall("shell.run", {"command": text})).effect


@pytest.mark.parametrize(
    "text",
    [
        "ls &>out rm x",
        "ls &>>out rm x",
        "ls &> out rm x",
        "ls &>out\trm",
        'ls &>"out" rm x',
        "&>out rm x",
        "ls &>$( out\nec)ho rm",
        "(('rm' --))",
        "((rm x))",
        "! ((i='a[$(rm x)]'))",
        "time ((i='a[$(rm x)]'))",
        "coproc ((i='a[$(rm x)]'))",
        "ls && ((i='a[$(rm x)]'))",
        "echo $((rm x) )",
        "[[ a && rm x ]]",
        "[[ a =~ x|rm ]]",
        "[[ a || rm ]]",
        "[[ a > rm ]]",
        "[[ ( rm ) ]]",
        r"echo `echo \$(rm x)`",
        r'echo "`echo <"a[\$(rm x)]"`"',
        r"echo `echo \`rm x\``",
        r"""echo "`echo \"\$(rm x)\"`" """,
        r"v=`declare <'a[\$(rm x)]'`",
        r"w=sub r''\m -r x",
        "echo $\\\n[ 'a[$(rm x)]' ]",
        'echo "$\\\n(rm x)"',
        "echo $\\\n\\\n{v:=`rm x`}",
        r">out r''\m -r x",
        r"w=sub r''\m",
        r"for v in a''\b; do w=1 r''\m x; done",
    ],
)
def test_a_text_that_another_shell_takes_for_a_denied_command_is_not_allowed(text: str) -> None:
    assert _judge("allow", "deny", "rm", text) in {"ask", "deny"}
    assert _judge("deny", "allow", "ls", text) in {"ask", "deny"}


@pytest.mark.parametrize(
    "text",
    [
        "npm test &> /dev/null",
        "npm test &> log; ls",
        "npm test &>log && ls",
        "npm test &>> log 2>&1",
        "(npm test &>log)",
        "[[ -f x ]] && ls",
        "if [[ -n $x ]]; then ls; fi",
        "echo $((1 + 2))",
        "echo $(((1 + 2) * ((3))))",
        "( (ls) )",
        "f() { ls; }; f",
        "echo `ls -l`",
        "w=1 l''s 'a'\"b\"$c",
        "ls>out 2>&1",
        "2>out ls",
        'echo "`ls -l`"',
    ],
)
def test_what_every_shell_reads_alike_is_left_alone(text: str) -> None:
    assert _judge("allow", "deny", "rm", text) == "allow"
