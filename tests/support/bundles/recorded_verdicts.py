"""Recorded verdicts: many calls under many policies, so that a change of any verdict shows itself in a diff.

That a verdict is right is for the tables and the differential test to say; this says that none changed unseen. After a
change that is meant, write the table anew and read its diff:

    PYTHONPATH=tests python -m support.bundles.recorded_verdicts
"""

import random
from collections.abc import Iterator
from pathlib import Path

from support.bundles.shell_scripts import draw_script
from support.repository import ROOT
from yoi_bundle.calls import CompiledPolicy, ToolCall
from yoi_bundle.manifest import Effect, Policy, compute_rule_id
from yoi_bundle.rule_text import parse_rule

TABLE = ROOT / "packages" / "yoi-bundle" / "tests" / "unit" / "data" / "verdicts.txt"
_SCRIPTS = 700
_LONGEST = 100
_SEED = 20
_SIGNS = {"allow": "a", "ask": "?", "deny": "-"}
_POLICIES: tuple[tuple[Effect, tuple[str, ...]], ...] = (
    (
        "deny",
        tuple(
            f"allow shell.run(command prefix: {name})" for name in ("ls", "cat", "echo", "test", "cp", "find")
        ),
    ),
    ("deny", ("allow shell.run(command glob: git *)", "allow shell.run(command glob: ls*)")),
    ("deny", ("allow shell.run(command exact: ls -l)", "allow shell.run(command prefix: sudo)")),
    ("allow", ("deny shell.run(command prefix: rm)", "ask shell.run(command prefix: git push)")),
    ("allow", ("deny shell.run(command glob: git push*)", "ask shell.run(command glob: *>*)")),
    ("allow", ("deny shell.run(command path: secret.txt)",)),
    ("allow", ("deny shell.run(command path: src/gen/**)", "ask shell.run(command path: **/*.pem)")),
    (
        "allow",
        ("deny shell.run(command host_path: ~/.ssh/**)", "deny shell.run(command host_path: /etc/shadow)"),
    ),
    (
        "allow",
        (
            "deny shell.run(command domain: *.example.com)",
            "ask shell.run(command domain: api.example.org:8443)",
        ),
    ),
    (
        "deny",
        (
            "allow file.read(path: src/**)",
            "allow web.fetch(url domain: *.example.com)",
            "allow file.search",
        ),
    ),
    (
        "allow",
        (
            "deny file.read(path: **/.env)",
            "deny file.search(path: src/gen/**)",
            "ask web.fetch(url domain: example.com)",
        ),
    ),
    ("ask", ("deny mcp:a/b", "allow mcp:a/*", "allow mcp:c")),
)
_PROGRAMS = (
    *(
        "cat",
        "head -1",
        "sed -n 1p",
        "grep -r K",
        "grep K",
        "egrep -R K",
        "zgrep K",
        "rg K",
        "cp -r",
        "cp x",
        "mv x",
        "rm -rf",
    ),
    *(
        "tar -cf x",
        "tar -C sub -xf",
        "find",
        "find . -path",
        "git -C",
        "git add",
        "git diff --no-index x",
        "diff -r x",
        "scp x",
    ),
    *(
        "python3 -c",
        "python3",
        "awk 1",
        "tee",
        "touch",
        "ls",
        "echo",
        "printf %s",
        "source",
        "xargs -a",
        "dd if=x",
        "curl -o",
    ),
    *(
        "curl --data @",
        "wget -O",
        "ln -s",
        "chmod -R 7",
        "cd",
        "pushd",
        "rsync -a x",
        "node",
        "vim",
        "test -f",
        "[ -f",
        "wc <",
    ),
    *(
        "echo x >",
        "echo x >>",
        "sort -o",
        "export X=",
        "true",
        "zip -r x",
        "install x",
        "7z a x",
        "less",
        "npm run",
        "make -C",
    ),
)
_PLACES = (
    *(
        "secret.txt",
        "./secret.txt",
        "sub/../secret.txt",
        "s*.txt",
        "'secret.txt'",
        "Secret.TXT",
        "secret.txt.bak",
        "secret",
    ),
    *(
        "src/gen/x",
        "src/gen",
        "src",
        "src/gen/../x",
        ".",
        "..",
        "*",
        "src/*/x",
        "a/b.pem",
        "key.pem/",
        "$X",
        '"$X/secret.txt"',
    ),
    *(
        "~/.ssh/id",
        "$HOME/.ssh/id",
        "~other/.ssh/id",
        "/etc/shadow",
        "/etc/../etc/shadow",
        "//etc/shadow",
        "/tmp/x",
        "/etc",
        "/",
    ),
    *(
        "file:///etc/shadow",
        "--file=secret.txt",
        "-fsecret.txt",
        "HEAD:secret.txt",
        "x,secret.txt",
        "{a,secret}.txt",
        "secre[t].txt",
    ),
    *(
        "https://www.example.com/x",
        "https://example.com",
        "http://api.example.org:8443/x",
        "api.example.org",
        "https://$H/x",
    ),
    *(
        "https://user@www.example.com.evil.org/",
        "ssh://git@www.example.com/x",
        "git@www.example.com:x",
        "README.md",
        "a b",
        "",
    ),
)
_SHAPES = (
    "{}",
    "{}",
    "{}",
    "cd src && {}",
    "cd sub; {}",
    "{} | cat",
    "nice {}",
    "sudo {}",
    "bash -c '{}'",
    "X=1 {}",
    "({})",
    "{} &",
)
_TOOLS = (
    *(
        ToolCall("file.read", {"path": place})
        for place in (*_PLACES, "src/a", "mount:docs/.env", "a/.env", ".env")
    ),
    *(ToolCall("file.search", {"path": place, "pattern": "K"}) for place in _PLACES),
    *(
        ToolCall("web.fetch", {"url": place})
        for place in (*_PLACES, "HTTPS://WWW.EXAMPLE.COM", "https://example.com:443/")
    ),
    *(
        ToolCall("web.fetch", {"url": f"https://example.com:{port}/"})
        for port in ("80", "0", "65535", "65536", "x")
    ),
    *(ToolCall(f"mcp:{name}") for name in ("a", "a/b", "a/c", "a/b/c", "c", "c/d", "ab")),
    *(ToolCall(name) for name in ("file.read", "file.search", "user.ask", "http:x", "plugin:workspace:p/t")),
)


def _compile(default: Effect, rules: tuple[str, ...]) -> CompiledPolicy:
    parsed = [parse_rule(rule) for rule in rules]
    return CompiledPolicy(Policy(default=default, rules={compute_rule_id(rule): rule for rule in parsed}))


def _list_commands() -> Iterator[str]:
    source = random.Random(_SEED)
    drawn = (draw_script(source.choice) for _ in iter(int, 1))
    short = (script for script in drawn if len(script) <= _LONGEST)
    yield from (next(short) for _ in range(_SCRIPTS))
    for program in _PROGRAMS:
        for place in _PLACES:
            if source.random() < 0.4:
                yield source.choice(_SHAPES).format(f"{program} {place}")


def write_table() -> str:
    """Return a line for each call: the verdicts of all policies in a row, then the call."""
    policies = [_compile(default, rules) for default, rules in _POLICIES]
    calls = [ToolCall("shell.run", {"command": command}) for command in dict.fromkeys(_list_commands())]
    lines = []
    for call in (*calls, *_TOOLS):
        signs = "".join(_SIGNS[policy.compute_verdict(call).effect] for policy in policies)
        said = (
            call.arguments.get("command")
            if call.tool == "shell.run"
            else f"{call.tool} {dict(call.arguments)}"
        )
        lines.append(f"{signs} {said!r}\n")
    return "".join(lines)


if __name__ == "__main__":
    Path(TABLE).write_text(write_table(), encoding="utf-8")
