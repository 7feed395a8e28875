"""The table of workspace files that the builder must refuse, each with the rule and the line of its diagnostic."""

from support.bundles.bad_archives import GITHUB, HIDDEN
from support.bundles.bad_input import (
    SPECIAL_FILES,
    BadFile,
)


def front(text: bytes) -> bytes:
    return b"---\n" + text + b"\n---\nHelp.\n"


def profile(name: str, data: bytes, rule: str, line: int, planted: str = "") -> BadFile:
    return BadFile(f".yoi/profiles/{name}.md", data, rule, line, planted)


def servers(name: str, text: str | bytes, rule: str, line: int, planted: str = "") -> BadFile:
    data = text.encode() if isinstance(text, str) else text
    return BadFile(f"{name}/.mcp.json", b'{"mcpServers":\n{"a":' + data + b"}}", rule, line, planted)


def skill(name: str, data: bytes, rule: str, line: int, planted: str = "") -> BadFile:
    return BadFile(f"skills/s/{name}", data, rule, line, planted)


ALIASES = b"\n".join(b"a%d: &a%d [%s]" % (i, i, b", ".join([b"*a%d" % (i - 1)] * 9)) for i in range(1, 20))
NATIVE = (
    profile("duplicate-key", front(b"title: a\ntitle: b"), "frontmatter.duplicate_key", 3),
    profile("unclosed", b"---\ntitle: a\nHelp.\n", "frontmatter.unclosed", 1),
    profile("not-utf8", front(b"title: caf\xe9"), "frontmatter.not_utf8", 2),
    profile("unknown-key", front(b"title: a\ncolour: red"), "form.invalid", 3),
    profile("wrong-type", front(b"title: a\nmodel_required: 3"), "form.invalid", 3),
    profile("null", front(b"title: a\ndescription: null"), "form.invalid", 3),
    profile("alias-bomb", front(b"a0: &a0 [x, x]\n" + ALIASES), "form.invalid", 2),
    profile("10-mb", front(b"title: a\ndescription: " + b"x" * 10_000_000), "frontmatter.too_large", 2),
    profile("cycle-a", front(b"extends: cycle-b"), "profile.cycle", 2),
    profile("cycle-b", front(b"extends: cycle-a"), "profile.cycle", 2),
    profile("dangling", front(b"title: a\nprompts: [gone]"), "reference.unresolved", 3),
    profile("no-built-in", front(b"extends: builtin:gone"), "reference.unresolved", 2),
    profile("bad-rule", front(b"rules: ['forbid file.read']"), "rule.malformed", 2),
    BadFile(".yoi/policies/bad.toml", b"title = 'a'\nrules = [1,,]\n", "toml.malformed", 2),
    BadFile(".yoi/policies/alias.yaml", b"a0: &a0 [x, x]\n" + ALIASES, "yaml.malformed", 1),
    BadFile(".yoi/policies/deep.yaml", b"rules: " + b"[" * 100 + b"]" * 100, "yaml.malformed", 1),
)
FOREIGN = (
    servers("duplicate", '{"command": "npx", "command": "npx"}', "json.duplicate_key", 2),
    servers("nan", '{"command": "npx", "args": [NaN]}', "json.malformed", 1),
    servers("infinity", '{"command": "npx", "args": [-Infinity]}', "json.malformed", 1),
    servers("surrogate", '{"command": "npx", "args": ["\\ud800"]}', "json.malformed", 1),
    servers("comma", '{"command": "npx",}', "json.malformed", 2),
    servers("not-utf8", b'"\xff"', "json.not_utf8", 2),
    servers("deep", "[" * 500_000, "json.too_deep", 1),
    servers("2-53", '{"command": "npx", "args": [9007199254740992]}', "mcp.literal_refused", 2),
    servers("wrong-type", '{"command": 3}', "mcp.value_malformed", 2),
    servers("host-command", '{"command": "/usr/bin/x"}', "mcp.command_path", 2),
    servers("host-env", '{"command": "npx", "env": {"A": "/srv/data"}}', "mcp.host_place", 2),
    servers("host-home", '{"command": "npx", "args": ["~/data"]}', "mcp.host_place", 2),
    servers("host-drive", '{"command": "npx", "args": ["C:\\\\data"]}', "mcp.host_place", 2),
    servers(
        "host-unc",
        '{"url": "https://a.example/mcp", "headers": {"X-A": "\\\\\\\\server\\\\share"}}',
        "mcp.host_place",
        2,
    ),
    servers("host-url", '{"url": "file:///srv"}', "mcp.url_malformed", 2),
)
SECRETS = (
    servers("env", f'{{"command": "npx", "env": {{"A": "{GITHUB}"}}}}', "mcp.literal_refused", 2, GITHUB),
    servers("argument", f'{{"command": "npx", "args": ["{GITHUB}"]}}', "mcp.literal_refused", 2, GITHUB),
    servers(
        "header",
        f'{{"url": "https://a.example/mcp", "headers": {{"X-A": "{GITHUB}"}}}}',
        "mcp.literal_refused",
        2,
        GITHUB,
    ),
    servers("query", f'{{"url": "https://a.example/mcp?a={GITHUB}"}}', "mcp.literal_refused", 2, GITHUB),
    servers("userinfo", f'{{"url": "https://me:{GITHUB}@a.example/mcp"}}', "mcp.url_userinfo", 2, GITHUB),
    profile("prose", front(b"title: a") + f"Use {GITHUB} here.\n".encode(), "bundle.secret_value", 5, GITHUB),
    profile("title", front(f"description: use {GITHUB}".encode()), "bundle.secret_value", 2, GITHUB),
    profile("key", front(f"{GITHUB}: 1".encode()), "form.invalid", 0, GITHUB),
    skill("key.py", f"import os\n\nAPI_KEY = '{GITHUB}'\n".encode(), "bundle.secret_value", 3, GITHUB),
    *(skill(name, b"x\n", "bundle.secret_value", 0) for name in (".env", "server.pem", "id_rsa", ".netrc")),
)
HIDDEN_FILES = tuple(
    BadFile(f"agents/hidden-{index}.md", front(b"name: a\ndescription: a") + f"Be{text}.\n".encode(), rule, 6)
    for index, text in enumerate(HIDDEN)
    for rule in ["bundle.hidden_text"]
)
BAD_FILES: tuple[BadFile, ...] = (
    *NATIVE,
    *FOREIGN,
    *SECRETS,
    *HIDDEN_FILES,
    *(BadFile(path, b"", rule, 0) for _, path, rule in SPECIAL_FILES),
)
SOUND_FILES = {
    "agents/\u00a0.md": front(b"name: quiet\ndescription: Named with a no-break space."),
    "skills/s/SKILL.md": b"---\nname: s\ndescription: Lend books.\n---\nLend.\n",
}
