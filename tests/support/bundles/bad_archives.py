"""The table of archives that a receiver must refuse, each with the code and the places of its refusal."""

import io
import json
import zipfile
from typing import Any

import zstandard
from msgspec import to_builtins

from support.bundles.bad_input import (
    PROFILE,
    BadArchive,
    describe,
    encode_manifest,
    make_archive,
    make_archive_of,
    make_entry,
    make_header,
    nest,
)
from support.bundles.secret_places import FIELD_PLACES, MANIFEST_PLACES, plant_config
from support.bundles.secret_tokens import TOKEN_KINDS, make_token
from yoi_bundle.canonical import encode_canonical
from yoi_bundle.digest import compute_digest
from yoi_bundle.limits import MEBIBYTE
from yoi_bundle.manifest import HostPathMatch, Rule
from yoi_bundle.manifest.policy import compute_rule_id

KINDS = {kind.name: kind for kind in TOKEN_KINDS}
TEXT = b"Be kind.\n"
OTHER = b"Be brief.\n"
PROMPTS = {"a": {"content": describe(TEXT)}, "b": {"content": describe(OTHER)}}
SOUND = encode_manifest(prompts=PROMPTS)
PACKAGE = {"digest": compute_digest(b""), "kind": "reference"}
GITHUB = make_token(KINDS["github-classic"], 5)
HIDDEN = ["\U000e0041", *map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A)), "a\ufe0f\ufe0f"]


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
