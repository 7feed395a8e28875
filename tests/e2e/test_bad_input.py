"""Bad input of every kind, through the real process: refused with code, place and remedy, and nothing stored.

One table is of archives, which a receiver refuses; the other of workspaces, which the builder refuses. The kinds that
cost too much here have their tests beside the modules: more than 512 MiB of source files in
`test_walking_a_workspace.py`, zstd bodies of every shape in `test_capped_streams.py`.
"""

import io
import json
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import zstandard
from bad_input import (
    PROFILE,
    SPECIAL_FILES,
    BadArchive,
    BadFile,
    describe,
    encode_manifest,
    make_archive,
    make_archive_of,
    make_entry,
    make_header,
    nest,
    write_files,
)
from msgspec import to_builtins
from secret_places import FIELD_PLACES, MANIFEST_PLACES, plant_config
from secret_tokens import TOKEN_KINDS, make_token
from yoi_process import Yoi

from yoi_bundle.canonical import encode_canonical
from yoi_bundle.digest import compute_digest
from yoi_bundle.errors import LimitExceededError
from yoi_bundle.limits import DEFAULT_LIMITS, MEBIBYTE
from yoi_bundle.manifest import HostPathMatch, Rule
from yoi_bundle.manifest.policy import compute_rule_id
from yoi_bundle.streams import read_capped

DEADLINE_SECONDS = 120
KINDS = {kind.name: kind for kind in TOKEN_KINDS}
TEXT = b"Be kind.\n"
OTHER = b"Be brief.\n"
PROMPTS = {"a": {"content": describe(TEXT)}, "b": {"content": describe(OTHER)}}
SOUND = encode_manifest(prompts=PROMPTS)
PACKAGE = {"digest": compute_digest(b""), "kind": "reference"}
GITHUB = make_token(KINDS["github-classic"], 5)
HIDDEN = ["\U000e0041", *map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A)), "a\ufe0f\ufe0f"]

# Archives -------------------------------------------------------------------------------------------------------------


def tool(**transport: Any) -> dict[str, Any]:
    return {"kind": "mcp", "transport": transport}


def stdio(**fields: Any) -> dict[str, Any]:
    return tool(kind="stdio", **({"command": "npx"} | fields))


def http(**fields: Any) -> dict[str, Any]:
    return tool(kind="http", **({"url": "https://a.example/mcp"} | fields))


def literal(text: str) -> dict[str, str]:
    return {"kind": "literal", "value": text}


def not_canonical(name: str, manifest: bytes) -> BadArchive:
    return BadArchive(name, make_archive(manifest), "bundle.not_canonical", ("offset", "reason"))


def bad_manifest(
    name: str, code: str, *places: str, planted: tuple[str, ...] = (), **fields: Any
) -> BadArchive:
    return BadArchive(name, make_archive(encode_manifest(**fields)), code, places, planted)


def limit(name: str, data: bytes, *places: str) -> BadArchive:
    return BadArchive(name, data, "limit.exceeded", places)


def parameter(value: Any) -> dict[str, Any]:
    return {"a": {"kind": "model", "model": "y", "parameters": {"seed": value}, "provider": "x"}}


def raw_parameter(text: bytes) -> bytes:
    return encode_manifest(models=parameter(987654)).replace(b"987654", text)


CANONICAL = (
    not_canonical("duplicate keys", b'{"schema_version":1,"workspace":"library","workspace":"library"}'),
    not_canonical("NaN", raw_parameter(b"NaN")),
    not_canonical("Infinity", raw_parameter(b"Infinity")),
    not_canonical("a float that overflows", raw_parameter(b"1e400")),
    not_canonical("a byte order mark", b"\xef\xbb\xbf" + SOUND),
    not_canonical("a lone surrogate as an escape", SOUND.replace(b"library", b"library\\ud800")),
    not_canonical("a lone surrogate in bytes", SOUND.replace(b"library", b"library\xed\xa0\x80")),
    not_canonical("invalid UTF-8", SOUND.replace(b"library", b"library\xff")),
    not_canonical("white space", SOUND.replace(b'":', b'": ', 1)),
    not_canonical("keys out of order", b'{"workspace":"library","schema_version":1}'),
    not_canonical("a trailing newline", SOUND + b"\n"),
    not_canonical("a needless escape", SOUND.replace(b"library", b"l\\u0069brary")),
    not_canonical("a default written out", encode_manifest(policies={"a": {"default": "deny"}})),
    not_canonical("a null for an absent field", encode_manifest(default_profile=None)),
    not_canonical("no JSON at all", b"hello"),
    not_canonical("an empty manifest", b""),
    bad_manifest("2^53", "bundle.invalid", "/models/a/parameters/seed", models=parameter(2**53)),
    bad_manifest("a float", "bundle.invalid", "/models/a/parameters/seed", models=parameter(0.5)),
    bad_manifest("null as a value", "bundle.invalid", "/models/a/parameters/seed", models=parameter(None)),
    bad_manifest("a trailing newline in a key", "bundle.invalid", "/profiles/a\n", profiles={"a\n": PROFILE}),
    bad_manifest("a key beyond ASCII", "bundle.invalid", "/profiles/é", profiles={"é": PROFILE}),
    BadArchive("a manifest that is no object", make_archive(b"[]"), "bundle.invalid", ("",)),
)

STRICT = (
    bad_manifest("an unknown field", "bundle.invalid", "/colour", colour="red"),
    bad_manifest("a wrong type", "bundle.invalid", "/language/fallbacks/0", language={"fallbacks": [3]}),
    bad_manifest("a missing field", "bundle.invalid", "/profiles/a/tools", profiles={"a": {}}),
    bad_manifest(
        "an unknown kind",
        "declaration.unsupported",
        "/tools/mcp:a/kind",
        tools={"mcp:a": {"kind": "telepathy"}},
    ),
    bad_manifest(
        "an unknown built-in tool",
        "declaration.unsupported",
        "/tools/file.juggle",
        tools={"file.juggle": {"kind": "builtin"}},
    ),
    bad_manifest("an unknown schema version", "schema.unsupported", "found=99", schema_version=99),
    bad_manifest("a schema version in words", "schema.unsupported", "found=one", schema_version="one"),
    BadArchive(
        "no schema version", make_archive(b'{"workspace":"library"}'), "bundle.invalid", ("/schema_version",)
    ),
    bad_manifest(
        "an unknown field that is a credential",
        "bundle.invalid",
        planted=(GITHUB,),
        **{GITHUB: GITHUB},
    ),
)

CLOSED = (
    bad_manifest(
        "dangling references",
        "bundle.unresolved_reference",
        "/profiles/a/prompts/0/prompt",
        "/profiles/a/models/0",
        "/profiles/a/policies/gone",
        "/profiles/a/skills/gone",
        "/profiles/a/workflows/gone",
        "/profiles/a/plugins/host:gone",
        "/default_profile",
        default_profile="workspace:gone",
        profiles={
            "a": PROFILE
            | {
                "prompts": [{"prompt": "gone"}],
                "models": ["gone"],
                "policies": {"gone": {}},
                "skills": {"gone": {}},
                "workflows": {"gone": {}},
                "plugins": {"host:gone": {}},
            }
        },
    ),
)

OUTSIDE = Rule(effect="allow", tool="file.read", where=HostPathMatch(argument="path", pattern="/etc/**"))
HOST = (
    bad_manifest(
        "places on a host where the grammar has none",
        "bundle.invalid",
        "/tools/mcp:command/transport/command",
        "/tools/mcp:drive/transport/command",
        "/tools/mcp:cwd/transport/cwd/path",
        "/tools/mcp:url/transport/url",
        "/tools/mcp:userinfo/transport/url",
        "/models/a/endpoint",
        "/skills/s/files/..~1up.md",
        "/plugins/workspace:p/surfaces/s/entry",
        tools={
            "mcp:command": stdio(command="/usr/bin/thing"),
            "mcp:drive": stdio(command="C:\\thing.exe"),
            "mcp:cwd": stdio(cwd={"kind": "plugin_path", "base": "root", "path": "../up"}),
            "mcp:url": http(url="file:///etc/passwd"),
            "mcp:userinfo": http(url="https://me:you@a.example/"),
        },
        models={"a": {"kind": "model", "model": "y", "provider": "x", "endpoint": "file:///srv/model"}},
        skills={"s": {"files": {"../up.md": {"content": describe(TEXT)}}}},
        plugins={"workspace:p": {"name": "p", "surfaces": {"s": {"type": "tool", "entry": "../up"}}}},
    ),
    bad_manifest(
        "places on a host where text is taken",
        "bundle.host_value",
        "/tools/mcp:env/transport/env/A/value",
        "/tools/mcp:env/transport/env/B/value",
        "/tools/mcp:args/transport/args/0/value/value",
        "/tools/mcp:args/transport/args/1/value/value",
        "/tools/mcp:args/transport/args/2/value/value",
        "/tools/mcp:http/transport/headers/X-Place/value",
        "/tools/mcp:http/transport/query/place/value",
        "/models/a/parameters/cache",
        "/project/metadata/place",
        tools={
            "mcp:env": stdio(env={"A": literal("/srv/data"), "B": literal("~/data")}),
            "mcp:args": stdio(
                args=[
                    {"value": literal(text)} for text in ("C:\\data", "\\\\server\\share", "file:///srv/data")
                ]
            ),
            "mcp:http": http(headers={"X-Place": literal("/srv/data")}, query={"place": literal("../up")}),
        },
        models={"a": {"kind": "model", "model": "y", "parameters": {"cache": "/srv/cache"}, "provider": "x"}},
        project={"metadata": {"place": "/srv/library"}},
    ),
    bad_manifest(
        "an allow rule that names a place on a host",
        "bundle.host_value",
        f"/policies/a/rules/{compute_rule_id(OUTSIDE)}/where",
        policies={"a": {"rules": {compute_rule_id(OUTSIDE): to_builtins(OUTSIDE)}}},
    ),
)

HIDDEN_TEXT = (
    bad_manifest(
        "hidden text, each character",
        "bundle.hidden_text",
        *(f"/prompts/p{index}/title" for index in range(len(HIDDEN))),
        prompts={
            f"p{index}": {"content": describe(TEXT), "title": f"Be{hidden} kind"}
            for index, hidden in enumerate(HIDDEN)
        },
    ),
)


def secret_archives() -> list[BadArchive]:
    cases = []
    for place in (*FIELD_PLACES, "map key", "file name"):
        # A field's own grammar refuses even a bare random value; a name can only be known by its provider's format.
        opaque = place in ("env", "header", "argument", "URL query", "connection string")
        for kind in ("github-classic", "aws-key-id", *(["base62-32"] if opaque else [])):
            token = make_token(KINDS[kind], 7)
            data = make_archive(encode_canonical(MANIFEST_PLACES[place](token)))
            by_form = place == "connection string" and kind == "base62-32"  # only its user and password tell
            code = "bundle.host_value" if by_form else "bundle.secret_value"
            cases.append(BadArchive(f"{kind} in {place}", data, code, ("/",), (token, token[8:])))
    for name in (".env", "server.pem", "id_ed25519", ".netrc"):
        skills = {
            "s": {"files": {"SKILL.md": {"content": describe(TEXT)}, name: {"content": describe(OTHER)}}}
        }
        cases.append(
            bad_manifest(
                f"{name} in a skill", "bundle.secret_value", f"/skills/s/files/{name}", skills=skills
            )
        )
    config = plant_config(GITHUB)
    plugins = {"host:p": {"config": describe(config, "application/json"), "name": "p", "package": PACKAGE}}
    cases.append(
        BadArchive(
            "plugin config",
            make_archive(encode_manifest(plugins=plugins), [config]),
            "bundle.secret_value",
            ("/plugins/host:p/config#/server/option",),
            (GITHUB,),
        )
    )
    cases.append(
        bad_manifest(
            "prose of the manifest",
            "bundle.secret_value",
            "/project/description",
            planted=(GITHUB,),
            project={"description": f"Use {GITHUB} here."},
        )
    )
    return cases


def make_zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", bytes(32 * MEBIBYTE))
    return out.getvalue()


def make_zstd_bomb(size: int) -> bytes:
    return zstandard.ZstdCompressor(level=1).compress(bytes(size))


def archive_case(name: str, data: bytes, code: str = "bundle.invalid", *places: str) -> BadArchive:
    return BadArchive(name, data, code, places or ("",))


WHOLE = make_archive(SOUND, [TEXT, OTHER])
BY_DIGEST = sorted([(compute_digest(TEXT), TEXT), (compute_digest(OTHER), OTHER)])
ARCHIVES = (
    archive_case("a zip bomb", make_zip()),
    archive_case("a zstd bomb", make_zstd_bomb(64 * MEBIBYTE)),
    archive_case("an empty file", b""),
    archive_case("text", b"hello\n" * 1000),
    archive_case("cut in the manifest", WHOLE[:700]),
    archive_case("cut in a blob", WHOLE[:-1030]),
    archive_case("cut before its end mark", WHOLE[:-1024]),
    archive_case("bytes after its end", WHOLE + b"x"),
    archive_case("an extra blob", make_archive(SOUND, [TEXT, OTHER, b"more"])),
    archive_case("a blob twice", make_archive_of(SOUND, [BY_DIGEST[0], *BY_DIGEST])),
    archive_case("blobs out of order", make_archive_of(SOUND, BY_DIGEST[::-1])),
    archive_case("no manifest", make_entry("other.json", SOUND) + bytes(1024)),
    archive_case("a name that climbs", make_entry("../manifest.json", SOUND) + bytes(1024)),
    archive_case(
        "a blob that is missing",
        make_archive(SOUND, [TEXT]),
        "bundle.blobs_missing",
        f"missing={compute_digest(OTHER)}",
    ),
    archive_case(
        "a blob of another content",
        make_archive_of(SOUND, [(BY_DIGEST[0][0], BY_DIGEST[0][1].swapcase()), BY_DIGEST[1]]),
        "bundle.digest_mismatch",
        f"claimed={BY_DIGEST[0][0]}",
    ),
    archive_case(
        "a blob of another size",
        make_archive(encode_manifest(prompts={"a": {"content": describe(TEXT, size=5)}}), [TEXT]),
    ),
    archive_case(
        "one blob of two sizes",
        make_archive(
            encode_manifest(
                prompts={"a": {"content": describe(TEXT)}, "b": {"content": describe(TEXT, size=5)}}
            ),
            [TEXT],
        ),
        "bundle.invalid",
        "/prompts/b/content/size",
    ),
    archive_case(
        "metadata of another bundle",
        make_archive(SOUND, [TEXT, OTHER])[:-1024]
        + make_entry(
            "metadata.json",
            json.dumps(
                {
                    "created_at": "2026-01-31T12:00:00Z",
                    "digest": compute_digest(b"other"),
                    "provenance": {"builder": "yoi", "builder_version": "0.1.0", "kind": "directory"},
                    "revision": 1,
                    "workspace": "library",
                },
                separators=(",", ":"),
            ).encode(),
        )
        + bytes(1024),
        "bundle.digest_mismatch",
        f"claimed={compute_digest(b'other')}",
    ),
)

MANY_BLOBS = {f"p{index}": {"content": describe(b"%d" % index)} for index in range(20_001)}
LARGE_BLOBS = {
    f"p{index}": {"content": describe(b"%d" % index, "text/plain", 64 * MEBIBYTE)} for index in range(9)
}
LIMITS = (
    limit("depth 33", make_archive(nest(33)), "limit=depth", "value=33", "allowed=32", "place=manifest"),
    limit(
        "a million brackets", make_archive(b"[" * 1_000_000), "limit=depth", "value=1000000", "place=manifest"
    ),
    limit(
        "2,001 profiles",
        make_archive(encode_manifest(profiles={f"p{index}": PROFILE for index in range(2_001)})),
        "limit=profiles",
        "value=2001",
        "place=/profiles",
    ),
    limit(
        "20,001 blobs",
        make_archive(encode_manifest(prompts=MANY_BLOBS)),
        "limit=blobs",
        "value=20001",
        "place=manifest",
    ),
    limit(
        "a blob over 64 MiB",
        make_archive(encode_manifest(prompts={"a": {"content": describe(TEXT, size=64 * MEBIBYTE + 1)}})),
        "limit=blob_bytes",
        f"value={64 * MEBIBYTE + 1}",
        f"place={compute_digest(TEXT)}",
    ),
    limit(
        "a bundle over 512 MiB",
        make_archive(encode_manifest(prompts=LARGE_BLOBS)),
        "limit=bundle_bytes",
        f"allowed={512 * MEBIBYTE}",
        "place=bundle",
    ),
    limit(
        "a manifest over 8 MiB",
        make_header("manifest.json", 8 * MEBIBYTE + 1),
        "limit=manifest_bytes",
        f"value={8 * MEBIBYTE + 1}",
        "place=manifest.json",
    ),
)

BAD_ARCHIVES: tuple[BadArchive, ...] = (
    *CANONICAL,
    *STRICT,
    *CLOSED,
    *HOST,
    *HIDDEN_TEXT,
    *secret_archives(),
    *ARCHIVES,
    *LIMITS,
)


@dataclass(frozen=True)
class Refusal:
    """What the process said of one input, and what the store held afterwards."""

    code: int
    out: str
    err: str
    stored: Any


def refuse(yoi: Yoi, *arguments: str | Path) -> Refusal:
    done = yoi.run(*arguments, "--json")
    return Refusal(done.returncode, done.stdout, done.stderr, yoi.read("runtime", "bundles")["bundles"])


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Refusal]:
    """Import every bad archive, two at a time, each into a store of its own."""
    root = tmp_path_factory.mktemp("archives")

    def import_one(index: int) -> Refusal:
        file = root / f"{index}.tar"
        file.write_bytes(BAD_ARCHIVES[index].data)
        return refuse(
            Yoi(root / f"store-{index}", deadline_seconds=DEADLINE_SECONDS), "bundle", "import", file
        )

    with ThreadPoolExecutor(max_workers=2) as pool:
        refusals = pool.map(import_one, range(len(BAD_ARCHIVES)))
        return dict(zip((one.name for one in BAD_ARCHIVES), refusals, strict=True))


def assert_nothing_leaked(refusal: Refusal, planted: tuple[str, ...]) -> None:
    assert "Traceback" not in refusal.out + refusal.err
    assert not [value for value in planted if value and value in refusal.out + refusal.err]


def list_places(details: dict[str, Any]) -> set[str]:
    """Return every place that the details of a refusal name, in the words of `BadArchive.places`."""
    places = {fault["pointer"] for fault in details.get("faults", ())}
    for key, value in details.items():
        places.add(key)
        places.update(f"{key}={one}" for one in (value if isinstance(value, list) else [value]))
    return places


@pytest.mark.req("B-01", "B-02", "B-06", "B-07", "B-08", "B-09", "B-10", "B-11", "B-13")
@pytest.mark.parametrize("case", BAD_ARCHIVES, ids=lambda case: case.name)
def test_a_bad_archive_is_refused_with_code_place_and_remedy_and_nothing_is_stored(
    case: BadArchive, archives: dict[str, Refusal]
) -> None:
    refusal = archives[case.name]
    assert refusal.code == 1, refusal.out[-2000:] + refusal.err[-2000:]
    error = json.loads(refusal.out)["error"]
    assert error["code"] == case.code, error
    assert error["details"]
    faults = error["details"].get("faults", [])
    assert [fault for fault in faults if not (fault["message"] and fault.get("remedy"))] == []
    found = list_places(error["details"])
    if case.places == ("/",):
        assert all(fault["pointer"].startswith("/") for fault in faults)
    else:
        assert set(case.places) <= found, found
    assert_nothing_leaked(refusal, case.planted)
    assert refusal.stored == []


@pytest.mark.req("B-02")
@pytest.mark.parametrize("size", [8 * MEBIBYTE + 1, 256 * MEBIBYTE])
def test_a_zstd_body_that_grows_without_bound_is_cut_off_at_the_limit(size: int) -> None:
    with pytest.raises(LimitExceededError) as caught:
        read_capped(io.BytesIO(make_zstd_bomb(size)), "zstd", DEFAULT_LIMITS, claimed=compute_digest(b""))
    assert caught.value.details() == {
        "limit": "manifest_bytes",
        "value": 8 * MEBIBYTE + 1,
        "allowed": 8 * MEBIBYTE,
        "place": "body",
    }


@pytest.mark.req("B-06")
def test_an_unknown_feature_refuses_the_profile_that_needs_it_and_not_the_bundle(tmp_path: Path) -> None:
    needing = PROFILE | {"features": {"thought.reading": {}}}
    file = tmp_path / "bundle.tar"
    file.write_bytes(make_archive(encode_manifest(profiles={"new": needing, "old": PROFILE})))
    yoi = Yoi(tmp_path / "store", deadline_seconds=DEADLINE_SECONDS)
    digest = yoi.read("bundle", "import", file)["digest"]
    codes = {}
    for name in ("new", "old"):
        error = yoi.read("worker", "create", f"workspace:{name}", "--bundle", digest, code=1)["error"]
        reasons = error["details"]["reasons"]
        codes[name] = {(one["code"], one["pointer"]) for one in reasons if one["layer"] == "bundle"}
        assert all(one["message"] for one in reasons)
    assert codes == {"new": {("feature.unsupported", "/profiles/new")}, "old": set()}
    assert yoi.read("worker", "list")["workers"] == []


# Workspaces -----------------------------------------------------------------------------------------------------------


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


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Refusal:
    """Build one workspace that holds every bad file: none of them hides another."""
    root = tmp_path_factory.mktemp("workspace")
    write_files(root / "source", {one.path: one.data for one in BAD_FILES if one.data} | SOUND_FILES)
    for make_special, _, _ in SPECIAL_FILES:
        make_special(root / "source")
    yoi = Yoi(root / "store", deadline_seconds=DEADLINE_SECONDS)
    return refuse(yoi, "bundle", "build", root / "source")


@pytest.mark.req("B-01", "B-06", "B-07", "B-08", "B-09", "B-10", "B-11", "B-14")
@pytest.mark.parametrize("case", BAD_FILES, ids=lambda case: case.path)
def test_a_bad_file_is_refused_with_rule_line_and_remedy_and_nothing_is_stored(
    case: BadFile, workspace: Refusal
) -> None:
    built = json.loads(workspace.out)
    assert (workspace.code, built["digest"]) == (1, None)
    errors = [
        one
        for one in built["diagnostics"]
        if (one["severity"], one["file"], one["rule"]) == ("error", case.path, case.rule)
    ]
    assert case.line in {one["line"] for one in errors}, errors
    assert all(one["message"] and one["remedy"] for one in errors)
    assert_nothing_leaked(workspace, (case.planted, case.planted[8:]))
    assert workspace.stored == []


@pytest.mark.req("B-14")
def test_a_file_named_with_a_no_break_space_is_read_beside_them(workspace: Refusal) -> None:
    diagnostics = json.loads(workspace.out)["diagnostics"]
    remarks = [one for one in diagnostics if one["file"] == "agents/\u00a0.md"]
    assert not [one for one in remarks if one["severity"] == "error"]


WORKSPACE_FILES = {
    "malformed": (b"id = \n", "toml.malformed", 1),
    "unknown key": (b"id = 'a'\ncolour = 'red'\n", "form.invalid", 2),
    "wrong type": (b"id = 3\n", "form.invalid", 1),
    "bad id": (b"id = 'Not An Id'\n", "", 1),
    "not UTF-8": (b"id = '\xff'\n", "toml.malformed", None),
}


@pytest.mark.req("B-06", "B-14")
@pytest.mark.parametrize("name", WORKSPACE_FILES)
def test_a_bad_workspace_file_is_refused_at_its_line(name: str, tmp_path: Path) -> None:
    data, rule, line = WORKSPACE_FILES[name]
    source = write_files(tmp_path / "source", {".yoi/workspace.toml": data})
    refusal = refuse(Yoi(tmp_path / "store", deadline_seconds=DEADLINE_SECONDS), "bundle", "build", source)
    errors = [one for one in json.loads(refusal.out)["diagnostics"] if one["severity"] == "error"]
    assert refusal.code == 1
    assert errors
    assert {one["file"] for one in errors} == {".yoi/workspace.toml"}
    assert all(one["remedy"] for one in errors)
    assert rule in {"", *(one["rule"] for one in errors)}
    assert line is None or line in {one["line"] for one in errors}
    assert_nothing_leaked(refusal, ())
    assert refusal.stored == []


def test_an_empty_workspace_is_a_bundle_without_profiles(tmp_path: Path) -> None:
    source = write_files(tmp_path / "source", {})
    yoi = Yoi(tmp_path / "store", deadline_seconds=DEADLINE_SECONDS)
    built = yoi.read("bundle", "build", source)
    assert (built["counts"]["profiles"], built["blobs"], built["files"]["read"]) == (0, 0, 0)


@pytest.mark.req("B-11")
def test_a_workspace_of_30_000_files_is_refused_with_the_limit(tmp_path: Path) -> None:
    for number in range(30):
        directory = tmp_path / "source" / f"{number:02}"
        directory.mkdir(parents=True)
        for index in range(1000):
            (directory / f"{index:03}.md").touch()
    refusal = refuse(
        Yoi(tmp_path / "store", deadline_seconds=DEADLINE_SECONDS), "bundle", "build", tmp_path / "source"
    )
    error = json.loads(refusal.out)["error"]
    assert (refusal.code, error["code"], refusal.stored) == (1, "limit.exceeded", [])
    assert error["details"] == {
        "limit": "source_files",
        "value": 25_001,
        "allowed": 25_000,
        "place": "25/000.md",
    }


@pytest.mark.req("B-11")
def test_a_workspace_of_2_001_profiles_is_refused_with_the_limit(tmp_path: Path) -> None:
    files = {f".yoi/profiles/p{index}.md": front(b"title: a") for index in range(2_001)}
    source = write_files(tmp_path / "source", files)
    refusal = refuse(Yoi(tmp_path / "store", deadline_seconds=DEADLINE_SECONDS), "bundle", "build", source)
    errors = [one for one in json.loads(refusal.out)["diagnostics"] if one["severity"] == "error"]
    assert refusal.code == 1
    assert [one["rule"] for one in errors] == ["limit.exceeded"]
    assert "2001" in errors[0]["message"]
    assert errors[0]["remedy"]
    assert refusal.stored == []
