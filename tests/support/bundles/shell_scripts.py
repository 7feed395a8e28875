"""Grammar of shell scripts for differential tests: what people write, what attackers write, and accidents of both."""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
Pick = Callable[[Sequence[T]], T]

COMMANDS = ("ls", "cat", "git", "rm", "true", "echo", "make")
HARMLESS = ("ls", "cat", "true", "echo")
ARGUMENTS = (
    "x",
    "a.txt",
    "-r",
    "push",
    "log",
    "-C",
    "sub",
    "secret.txt",
    "./secret.txt",
    "--",
    "-n",
    "rm",
    "'a b'",
)
_BREAKS = (
    "\\\n",
    " \\\n",
    " \\\n ",
    "#",
    " # c \\\n",
    " # c\n",
    "`",
    "'",
    '"',
    "\\",
    "\n",
    " ",
    ";",
    "$(",
    ")",
    "&",
    "<",
)

# Ways to have a shell take the value of the variable v for a name or for arithmetic; braces are doubled for `format`.
_NAME_USES = (
    'declare "$v"',
    'declare "$v=1"',
    'declare -n r="$v"; echo $r',
    'declare -i n="$v"',
    "declare -i n; n=$v",
    'declare -a "b=($v)"',
    'declare -a b="($v)"',
    'readonly -a "b=($v)"',
    'typeset -i x; read x <<<"$v"',
    'f() {{ local "$v=1"; }}; f',
    'export -n "$v"',
    "echo ${{!v}}",
    "echo ${{!v:-x}}",
    '[ -n "${{!v}}" ]',
    "[[ -n ${{!v}} ]]",
    "[[ $v -eq 1 ]]",
    "[[ v -lt 1 ]]",
    "[[ -v $v ]]",
    '[ -v "$v" ]',
    'test -v "$v"',
    'printf -v"$v" x',
    'printf -v "$v" x',
    'unset "$v"',
    'unset -v "$v"',
    'read "$v" <<<x',
    'mapfile -t "$v" <a.txt',
    'getopts x "$v" -x',
    'wait -p "$v"',
    "let v",
    'let "v"',
    'let "x=v"',
    "((v))",
    "((x=v+1))",
    "x[v]=1",
    "x=1 y[v]=2",
    "a=(1 2); echo ${{a[v]}}",
    "echo ${{w:v}}",
    "echo ${{w:0:v}}",
    "for ((i=v;i<1;)); do break; done",
    'trap "$v" EXIT',
    'eval "$v"',
    "${{v}}",
    "declare -A h; h[$v]=1; echo ${{h[$v]}}",
    'set -- "$v"; unset "$1"',
    'set -- "$v"; echo ${{!1}}',
    'for r in "$v"; do echo ${{!r}}; done',
    "r=v; echo ${{!r}}",
    'r="$v"; declare "$r=1"',
)

# Ways to give the variable v a value.
_ASSIGNMENTS = (
    "v={}; ",
    "w={}; v=$w; ",
    "v=x; v+={}; ",
    "export v={}; ",
    "declare v={}; ",
    "for v in {}; do :; done; ",
    "read v <<<{}; ",
    "mapfile -t v <<<{}; ",
    "v=$(cat <<<{}); ",
    "printf -v v %s {}; ",
    "set -- {}; v=$1; ",
    "v=({}); ",
    ": ${{v:={}}}; ",
    "f() {{ v=$1; }}; f {}; ",
    "w=v; declare $w={}; ",
    "eval v={}; ",
)


def draw_script(pick: Callable[[Sequence[str]], str]) -> str:
    """Draw a script; `pick` chooses one of several texts."""
    return _Grammar(pick).script()


class _Grammar:
    def __init__(self, pick: Callable[[Sequence[str]], str]) -> None:
        self._pick = pick
        self._left = 24
        self._tame = pick(("tame", "wild")) == "tame"

    def script(self) -> str:
        text = self.lines()
        if self._pick(("plain", "plain", "plain", "broken")) == "broken":
            for _ in range(int(self._pick(("1", "2", "3")))):
                at = int(self._pick([str(index) for index in range(len(text) + 1)]))
                text = text[:at] + self._pick(_BREAKS) + text[at:]
        return text

    def lines(self) -> str:
        text = self.statement()
        for _ in range(int(self._pick(("0", "0", "1", "2")))):
            text += self._pick(
                ("; ", "\n", " && ", " || ", " | ", " & ", " |& ", " # c\n", " # c \\\n", " &&\\\n ")
            )
            text += self.statement()
        return text

    def statement(self) -> str:
        self._left -= 1
        if self._left < 0:
            return "true"
        kinds: dict[str, Callable[[], str]] = {
            "simple": self.simple,
            "simple again": self.simple,
            "wrapped": self.wrapped,
            "coded": self.coded,
            "redirected": lambda: f"{self.simple()} {self.redirect()}",
            "here": self.here,
            "group": lambda: self._pick(
                ("( {} )", "{{ {}; }}", "! {}", "(({}))", "$({})", "coproc {}")
            ).format(self.statement()),
            "branch": lambda: f"if {self.statement()}; then {self.statement()}; else {self.statement()}; fi",
            "loop": lambda: f"for v in {self.word()} {self.word()}; do {self.statement()}; done",
            "while": lambda: f"while {self.simple()}; do {self.statement()}; break; done",
            "case": lambda: (
                f"case {self.word()} in {self._pick(('*', 'x', 'a|b'))}) {self.statement()};; esac"
            ),
            "function": lambda: (
                f"{self._pick(('f', 'g'))}() {{ {self.statement()}; }}; {self._pick(('f', 'g'))}"
            ),
            "assigned": lambda: (
                f"{self._pick(('v', 'w'))}={self.word()}{self._pick(('; ', ' '))}{self.simple()}"
            ),
            "names": self.names,
            "arithmetic": self.arithmetic,
            "cd": lambda: f"cd {self._pick(('sub', '.', '..', 'sub/..'))} && {self.statement()}",
        }
        usual = ["simple"] * 8 + ["wrapped", "coded", "names", "group", "redirected"]
        return kinds[self._pick(usual if self._tame else list(kinds))]()

    def command(self) -> str:
        name = self._pick(HARMLESS if self._tame else COMMANDS)
        if self._tame:
            return self._pick((name, name, name, name, f"'{name}'", f'"{name}"', f"./bin/{name}"))
        return self._pick(
            (
                name,
                name,
                name,
                f"'{name}'",
                f"\\{name}",
                f"{name[0]}''{name[1:]}",
                f"./bin/{name}",
                f'"{name}"',
                f"{name[0]}\\\n{name[1:]}",
                f"$'{name}'",
                "$v",
                "${v:-rm}",
                f"\\\n{name}",
            )
        )

    def simple(self) -> str:
        words = [self.command(), *(self.word() for _ in range(int(self._pick(("0", "1", "2", "3")))))]
        return self._pick((" ", " ", " ", "  ", "\t", " \\\n ")).join(words)

    def word(self) -> str:
        self._left -= 1
        if self._tame and self._pick(("plain", "plain", "plain", "plain", "other")) == "plain":
            return self._pick(ARGUMENTS)
        kind = self._pick(("argument", "argument", "argument", "variable", "glob", "substitution", "odd"))
        if kind == "argument":
            return self._pick(ARGUMENTS)
        if kind == "variable":
            return self._pick(
                (
                    "$v",
                    '"$v"',
                    "${v}",
                    "${v:-x}",
                    "$((1+1))",
                    "$?",
                    "${v:=`rm x`}",
                    '"${w:=`rm x`}"',
                    "${v@P}",
                )
            )
        if kind == "glob":
            return self._pick(("*", "*.txt", "s*", "{a,secret}.txt", "[s]ecret.txt", "~", "?ecret.txt"))
        if kind == "odd":
            return self._pick(
                ("'a[$(rm x)]'", "a#b", "\\#", '"#"', "''", "a\\ b", "$'a'", "'#'", "\\'", "{", "}", "a=b")
            )
        if self._left < 0:
            return "x"
        return self._pick(
            ("$({})", "`{}`", '"$({})"', '"`{}`"', "<({})", "a$({})", "$( {} )", "${{v:-$({})}}")
        ).format(self.statement())

    def wrapped(self) -> str:
        head = self._pick(
            (
                "time",
                "time -p",
                "command",
                "command -p",
                "command -v",
                "timeout 5",
                "timeout -k 1 5s",
                "nice",
                "nice -n 3",
                "nohup",
                "env",
                "env -i",
                "env A=b",
                "xargs",
                "xargs -n1",
                "exec",
                "builtin",
                "eval",
                "stdbuf -oL",
                "setsid",
                "./bin/time",
                "./time",
                "bin/command",
                "timeout --foreground 5",
                "env -u v",
                "exec -a n",
                "find a.txt -exec",
                "echo rm |",
                "echo x | xargs",
                "coproc",
                "trap",
                "alias ls=",
                "time v=1",
                "time !",
                "coproc v=1",
                "time {",
                "env -- v=1",
            )
        )
        tail = " {} \\;" if head.startswith("find") else " EXIT" if head == "trap" else ""
        body = f"'{self.simple()}'" if head == "trap" else self.simple()
        return (
            f"{head} {body}{tail}" if head != "alias ls=" else f"alias ls={self._pick(('rm', 'true'))}\nls x"
        )

    def coded(self) -> str:
        shell = self._pick(("sh", "bash", "dash", "./bin/bash", "eval"))
        flags = self._pick(
            ("-c", "-c", "+x -c", "-ec", "-e -c", "-o errexit -c", "+o posix -c", "--norc -c", "", "-x")
        )
        code = self.lines().replace("'", "'\\''")
        quoted = self._pick(("'{}'", "'{}'", "{}")).format(code)
        return f"{shell} {'' if shell == 'eval' else flags} {quoted}"

    def here(self) -> str:
        mark = self._pick(("E", "'E'", '"E"', "\\E", "E"))
        body = self._pick(
            ("text", "$v", "`rm x`", "$(rm x)", "rm x", "\\`rm x\\`", "a ${v:-`rm x`}", "# `rm x`")
        )
        reader = self._pick(("cat", "bash", "cat -", "cat | sh", "sh -s", "cat | rm", "true"))
        sign, indent = self._pick(("<<", "<<-", "<< ")), ""
        if sign == "<<-":
            indent = "\t"
        return f"{reader} {sign}{mark}\n{indent}{body}\n{indent}E\n{self.statement()}"

    def redirect(self) -> str:
        return self._pick((">", ">>", "<", "2>", "&>", ">|", "2>&1 >", "<<<", ">&")) + self._pick(
            (
                " out",
                " a.txt",
                "/dev/null",
                " secret.txt",
                " $v",
                " $(rm x)",
                " `rm x`",
                " ./sub/../secret.txt",
            )
        )

    def names(self) -> str:
        text = self._pick(
            ("'a[$(rm x)]'", '"a[\\$(rm x)]"', "a[`rm x`]", "$v", "'a[`rm x`]'", "a", "x\\[\\$\\(rm\\)\\]")
        )
        return self._pick(
            (
                "test -v {}",
                "[ -v {} ]",
                "[[ -v {} ]]",
                "printf -v {} 1",
                "unset {}",
                "read {} <a.txt",
                "declare {}=1",
                "let {}",
                "export {}=1",
                "[[ {} -eq 1 ]]",
                "v={}; echo $((v))",
                "v={}; test -v $v",
                "mapfile -C {} -c 1 a <a.txt",
                "v={}; echo ${{a[v]}}",
                "PS4={}; set -x; ls",
                "v={}; echo ${{v@P}}",
                "readonly {}",
                "wait -p {}",
                "test -R {}",
                *(self._pick(_ASSIGNMENTS) + self._pick(_NAME_USES) for _ in range(4)),
            )
        ).format(text)

    def arithmetic(self) -> str:
        return self._pick(
            (
                "echo $((1+{}))",
                "((i={}))",
                "for ((i=0;i<{};i++)); do ls; done",
                "echo ${{v:{}:1}}",
                "a[{}]=1",
                "echo $[ {} ]",
            )
        ).format(self._pick(("1", "i", "v", "a[`rm x`]", "a[$(rm x)]", "'a[$(rm x)]'", "$v", "$(rm x)")))
