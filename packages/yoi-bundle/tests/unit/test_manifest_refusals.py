"""Every way a manifest's bytes can be refused, each with its code and place."""

import json
from typing import Any

import pytest

from yoi_bundle.canonical import compute_depth, encode_canonical
from yoi_bundle.decode import decode_manifest
from yoi_bundle.digest import compute_digest
from yoi_bundle.errors import (
    BundleInvalidError,
    BundleNotCanonicalError,
    DeclarationUnsupportedError,
    DigestMismatchError,
    FaultyBundleError,
    LimitExceededError,
    SchemaUnsupportedError,
    UnresolvedReferenceError,
)
from yoi_bundle.limits import DEFAULT_LIMITS, Limits
from yoi_bundle.verified import VerifiedBundle, verify_manifest

HEAD: dict[str, Any] = {"schema_version": 1, "workspace": "library"}
PROFILE: dict[str, Any] = {"tools": {"kind": "all"}}
DIGEST = compute_digest(b"x")
TYPES = ("application/json", "application/octet-stream", "text/markdown", "text/plain")


def encode(**fields: Any) -> bytes:
    document = HEAD | fields
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def verify(data: bytes, limits: Limits = DEFAULT_LIMITS) -> VerifiedBundle:
    return verify_manifest(data, compute_digest(data), limits=limits)


def refuse(data: bytes, error: type[FaultyBundleError]) -> list[tuple[str, str]]:
    with pytest.raises(error) as caught:
        verify(data)
    return [(fault.code, fault.pointer) for fault in caught.value.faults]


def test_the_smallest_manifest_is_taken() -> None:
    assert verify(encode()).manifest.workspace == "library"


@pytest.mark.req("B-01")
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xef\xbb\xbf" + encode(),
        encode() + b"\n",
        b" " + encode(),
        encode() + b"{}",
        encode()[:-1],
        b'{"schema_version":1,"workspace":"library","workspace":"library"}',
        b'{"workspace":"library","schema_version":1}',
        b'{"schema_version":1, "workspace":"library"}',
        b'{"schema_version":1e0,"workspace":"library"}',
        b'{"schema_version":-0,"workspace":"library"}',
        b'{"schema_version":01,"workspace":"library"}',
        b'{"schema_version":NaN,"workspace":"library"}',
        b'{"schema_version":1e400,"workspace":"library"}',
        b'{"schema_version":1,"workspace":"l\\u0069brary"}',
        b'{"schema_version":1,"workspace":"library\\ud800"}',
        b'{"schema_version":1,"workspace":"library\xed\xa0\x80"}',
        b'{"schema_version":1,"workspace":"library\xff"}',
        b'{"schema_version":1,"workspace":"library\x00"}',
        b'{"schema_version":1,"workspace":"library",}',
        b"{'schema_version':1,'workspace':'library'}",
        b'{"schema_version":1,"workspace":"library"}//',
        b"\x00",
        "{\u200b}".encode(),
    ],
)
def test_bytes_that_are_not_the_canonical_form_are_refused_with_an_offset(data: bytes) -> None:
    with pytest.raises(BundleNotCanonicalError) as caught:
        verify(data)
    assert 0 <= caught.value.details()["offset"] <= len(data)


@pytest.mark.req("B-01")
@pytest.mark.parametrize(
    "fields",
    [
        {"project": {"title": ""}},
        {"project": {}},
        {"profiles": {}},
        {"default_profile": None},
        {"profiles": {"a": PROFILE | {"model_required": True}}},
        {"profiles": {"a": PROFILE | {"asks": {}}}},
        {"profiles": {"a": PROFILE | {"asks": {"limits": {}}}}},
        {"profiles": {"a": PROFILE | {"asks": {"mounts": {"docs": {"access": "ro"}}}}}},
        {"grants": {"mounts": {"docs": {"access": "ro"}}}},
        {"policies": {"a": {"default": "deny"}}},
        {
            "tools": {
                "mcp:a": {
                    "kind": "mcp",
                    "transport": {"kind": "http", "protocol": "streamable-http", "url": "https://a.example/"},
                }
            }
        },
        {"tools": {"http:a": {"kind": "http", "method": "POST", "url": "https://a.example/"}}},
    ],
)
def test_a_field_written_at_its_default_is_no_canonical_form(fields: dict[str, Any]) -> None:
    with pytest.raises(BundleNotCanonicalError, match="default"):
        verify(encode(**fields))


@pytest.mark.req("B-01")
def test_a_rules_mount_written_at_its_default_is_no_canonical_form() -> None:
    where = {"kind": "path", "argument": "path", "pattern": "a", "mount": "workspace"}
    rule = {"effect": "deny", "tool": "*", "where": where}
    with pytest.raises(BundleNotCanonicalError, match="default"):
        verify(encode(policies={"a": {"rules": {"deny-" + "0" * 16: rule}}}))


@pytest.mark.req("B-01")
@pytest.mark.parametrize("value", [1.0, 1.5, None])
def test_a_float_or_null_where_a_type_is_known_is_refused_at_its_place(value: Any) -> None:
    models = {"a": {"kind": "model", "provider": "x", "model": "y", "parameters": {"seed": value}}}
    assert refuse(encode(models=models), BundleInvalidError) == [
        ("bundle.invalid", "/models/a/parameters/seed")
    ]


@pytest.mark.req("B-01")
@pytest.mark.parametrize(
    "content", [{"x": 1.0}, {"x": [None]}, {"x": 2**53}, {"é": 1}, {"x": {"y": -(2**53)}}]
)
def test_what_is_set_apart_unread_is_in_canonical_form_too(content: dict[str, Any]) -> None:
    with pytest.raises(BundleNotCanonicalError):
        verify(encode(prompts={"a": {"features": {"thought.reading": {}}, **content}}))


@pytest.mark.req("B-01")
@pytest.mark.parametrize("number", [2**53, -(2**53), 2**63, 2**64, 10**40])
def test_an_integer_of_54_bits_is_refused(number: int) -> None:
    models = {"a": {"kind": "model", "provider": "x", "model": "y", "parameters": {"seed": number}}}
    with pytest.raises((BundleInvalidError, BundleNotCanonicalError)):
        verify(encode(models=models))


@pytest.mark.req("B-02")
def test_a_wrong_digest_is_refused_before_anything_is_parsed() -> None:
    with pytest.raises(DigestMismatchError):
        verify_manifest(b"not json", compute_digest(encode()))


@pytest.mark.req("B-06")
def test_all_faults_come_at_once_each_with_its_pointer() -> None:
    faults = refuse(
        encode(
            workspace="No Spaces",
            unknown=1,
            prompts={"a/b": {"content": {"digest": "sha256:0", "media_type": "text/html", "size": -1}}},
            profiles={"p~q": {"tools": {"kind": "list", "tools": {"file.read": {"required": 1}}}}, "r": {}},
            language={"fallbacks": ["ja", 3]},
        ),
        BundleInvalidError,
    )
    assert sorted(pointer for _, pointer in faults) == [
        "/language/fallbacks/1",
        "/profiles/p~0q/tools/tools/file.read/required",
        "/profiles/r/tools",
        "/prompts/a~1b/content/digest",
        "/prompts/a~1b/content/media_type",
        "/prompts/a~1b/content/size",
        "/unknown",
        "/workspace",
    ]


@pytest.mark.req("B-06")
@pytest.mark.parametrize(
    "key", ["a\n", "a b", "../a", "a/../b", ".", "a//b", "/a", "a/", "é", "a\x00", "", "%zz", "%e6"]
)
def test_a_key_outside_the_grammar_is_refused_at_its_place(key: str) -> None:
    ((code, pointer),) = refuse(encode(profiles={key: PROFILE}), BundleInvalidError)
    assert code == "bundle.invalid"
    assert pointer == "/profiles/" + key.replace("/", "~1")


@pytest.mark.req("B-06")
@pytest.mark.parametrize("key", ["%61", "%2E%2E%61"])
def test_a_key_that_is_encoded_where_it_need_not_be_is_refused(key: str) -> None:
    assert refuse(encode(profiles={key: PROFILE}), BundleInvalidError) == [
        ("bundle.invalid", f"/profiles/{key}")
    ]


@pytest.mark.req("B-06")
def test_a_declaration_of_an_unknown_kind_is_named_with_its_kind() -> None:
    with pytest.raises(DeclarationUnsupportedError) as caught:
        verify(encode(tools={"mcp:a": {"kind": "telepathy"}}))
    (fault,) = caught.value.faults
    assert (fault.kind, fault.name, fault.pointer) == ("telepathy", "mcp:a", "/tools/mcp:a/kind")


@pytest.mark.req("B-06")
def test_an_unknown_built_in_tool_is_named() -> None:
    with pytest.raises(DeclarationUnsupportedError) as caught:
        verify(encode(tools={"file.juggle": {"kind": "builtin"}}))
    assert caught.value.faults[0].name == "file.juggle"


@pytest.mark.req("B-06")
@pytest.mark.parametrize("version", [0, 2, 99, "1", True, None, [], {}])
def test_a_schema_version_that_cannot_be_read_refuses_the_bundle(version: Any) -> None:
    with pytest.raises(SchemaUnsupportedError) as caught:
        verify(encode(schema_version=version))
    assert caught.value.details()["supported"] == [1]


@pytest.mark.req("B-06")
def test_a_document_without_schema_version_or_that_is_no_object_is_invalid() -> None:
    assert refuse(b'{"workspace":"library"}', BundleInvalidError) == [("bundle.invalid", "/schema_version")]
    assert refuse(b"[]", BundleInvalidError) == [("bundle.invalid", "")]
    assert refuse(b"null", BundleInvalidError) == [("bundle.invalid", "")]


@pytest.mark.req("B-10")
@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"profiles": {"a": PROFILE | {"prompts": [{"prompt": "gone"}]}}}, "/profiles/a/prompts/0/prompt"),
        ({"profiles": {"a": PROFILE | {"models": ["gone"]}}}, "/profiles/a/models/0"),
        ({"profiles": {"a": PROFILE | {"policies": {"gone": {}}}}}, "/profiles/a/policies/gone"),
        ({"profiles": {"a": PROFILE | {"skills": {"gone": {}}}}}, "/profiles/a/skills/gone"),
        ({"profiles": {"a": PROFILE | {"workflows": {"x/gone": {}}}}}, "/profiles/a/workflows/x~1gone"),
        ({"profiles": {"a": PROFILE | {"plugins": {"host:gone": {}}}}}, "/profiles/a/plugins/host:gone"),
        (
            {"profiles": {"a": {"tools": {"kind": "list", "tools": {"file.read": {}}}}}},
            "/profiles/a/tools/tools/file.read",
        ),
        (
            {"profiles": {"a": {"tools": {"kind": "list", "tools": {"mcp:gone/x": {}}}}}},
            "/profiles/a/tools/tools/mcp:gone~1x",
        ),
        ({"default_profile": "workspace:gone"}, "/default_profile"),
        ({"default_profile": "builtin:gone"}, "/default_profile"),
        (
            {
                "tools": {
                    "mcp:a": {"kind": "mcp", "private_to": "gone", "transport": {"kind": "host", "name": "x"}}
                }
            },
            "/tools/mcp:a/private_to",
        ),
    ],
)
def test_a_reference_that_leads_nowhere_is_refused_at_its_place(fields: dict[str, Any], pointer: str) -> None:
    assert refuse(encode(**fields), UnresolvedReferenceError) == [("bundle.unresolved_reference", pointer)]


@pytest.mark.req("B-10")
def test_default_cannot_mean_itself() -> None:
    assert refuse(encode(default_profile="default"), BundleInvalidError) == [
        ("bundle.invalid", "/default_profile")
    ]


@pytest.mark.req("B-08")
def test_an_allow_rule_that_names_a_place_on_a_host_is_refused() -> None:
    where = {"argument": "path", "kind": "host_path", "pattern": "/etc/**"}
    rule = {"effect": "allow", "tool": "file.read", "where": where}
    with pytest.raises(FaultyBundleError) as caught:
        verify(encode(policies={"a": {"rules": {"allow-" + "0" * 16: rule}}}))
    assert "bundle.host_value" in {fault.code for fault in caught.value.faults}


def build_blob(size: int, seed: int = 0) -> dict[str, Any]:
    digest = compute_digest(str(seed).encode())
    return {"content": {"digest": digest, "media_type": "text/plain", "size": size}}


DATA = encode(
    prompts={f"p{index}": build_blob(100, index) for index in range(3)},
    profiles={"a": PROFILE, "b": PROFILE},
    builtin={"set_digest": compute_digest(b""), "profiles": {"c": PROFILE}},
)


@pytest.mark.req("B-11")
@pytest.mark.parametrize(
    ("limit", "value", "place"),
    [
        ("manifest_bytes", len(DATA), "manifest"),
        ("blob_bytes", 100, None),
        ("bundle_bytes", len(DATA) + 300, "bundle"),
        ("blobs", 3, "manifest"),
        ("profiles", 3, "/profiles"),
        ("depth", 5, "manifest"),
    ],
)
def test_each_limit_is_refused_with_its_name_value_and_place(
    limit: str, value: int, place: str | None
) -> None:
    assert verify(DATA, Limits(**{limit: value})).digest == compute_digest(DATA)
    with pytest.raises(LimitExceededError) as caught:
        verify(DATA, Limits(**{limit: value - 1}))
    details = caught.value.details()
    assert (details["limit"], details["value"], details["allowed"]) == (limit, value, value - 1)
    assert details["place"] == place or (place is None and details["place"].startswith("sha256:"))


@pytest.mark.req("B-11")
def test_one_blob_named_often_counts_once() -> None:
    data = encode(prompts={f"p{index}": build_blob(100) for index in range(5)})
    assert verify(data, Limits(blobs=1)).size == len(data) + 100


@pytest.mark.req("B-05")
def test_one_digest_of_two_sizes_is_refused() -> None:
    data = encode(prompts={"a": build_blob(100), "b": build_blob(101)})
    assert refuse(data, BundleInvalidError) == [("bundle.invalid", "/prompts/b/content/size")]


@pytest.mark.req("B-11", "B-01")
@pytest.mark.parametrize("piece", [b"[", b'{"a":', b'[{"a":', b'{"\\"[":'])
def test_nesting_of_any_depth_is_refused_by_its_limit(piece: bytes) -> None:
    with pytest.raises(LimitExceededError) as caught:
        verify(piece * 500_000)
    assert caught.value.details()["limit"] == "depth"


@pytest.mark.req("B-11")
def test_brackets_in_strings_are_no_nesting() -> None:
    assert compute_depth(encode_canonical({"a": ["[[[{{{", '"[', "\\["]})) == 2
    title = "[" * 1000
    assert verify(encode(project={"title": title})).manifest.project.title == title


@pytest.mark.req("B-06")
def test_a_refusal_never_repeats_the_value_of_a_field() -> None:
    planted = "planted-" + "value" * 3
    data = encode(
        models={
            "a": {"kind": "model", "provider": planted + " ", "model": planted + "\n", "endpoint": planted}
        }
    )
    with pytest.raises(BundleInvalidError) as caught:
        decode_manifest(data, limits=DEFAULT_LIMITS)
    assert planted not in repr(caught.value.details()) + str(caught.value)


@pytest.mark.req("B-05", "B-06")
@pytest.mark.parametrize(
    ("section", "item", "place"),
    [
        ("prompts", {"content": "application/octet-stream"}, "/content"),
        ("workflows", {"body": {"content": "application/json", "kind": "text"}}, "/body/content"),
        (
            "skills",
            {"files": {"SKILL.md": {"content": "application/vnd.yoi.plugin.v1+tar"}}},
            "/files/SKILL.md/content",
        ),
        (
            "tools",
            {"input_schema": "text/plain", "kind": "http", "url": "https://example.com"},
            "/input_schema",
        ),
        ("plugins", {"config": "text/markdown", "name": "hours"}, "/config"),
        (
            "plugins",
            {"name": "hours", "package": {"content": "text/plain", "kind": "blob"}},
            "/package/content",
        ),
    ],
)
def test_a_blob_is_called_what_its_place_holds(section: str, item: dict[str, Any], place: str) -> None:
    """A schema that is called text, or a prompt that is called bytes, would go unchecked."""

    def describe(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: describe(member) for key, member in value.items()}
        return (
            {"digest": DIGEST, "media_type": value, "size": 1} if "/v" in value or value in TYPES else value
        )

    name = {"tools": "http:search", "plugins": "workspace:hours"}.get(section, "one")
    found = refuse(encode(**{section: {name: describe(item)}}), BundleInvalidError)
    assert found == [("bundle.invalid", f"/{section}/{name}{place}/media_type")]


@pytest.mark.req("B-06", "B-08")
@pytest.mark.parametrize("section", ["headers", "query"])
def test_a_path_of_the_host_is_not_sent_to_another(section: str) -> None:
    values = {section: {"place": {"base": "data", "kind": "plugin_path"}}}
    url = "https://example.com"
    tool = {"kind": "http", "url": url, **values}
    server = {"kind": "mcp", "transport": {"kind": "http", "url": url, **values}}
    found = refuse(encode(tools={"http:one": tool, "mcp:two": server}), BundleInvalidError)
    assert [pointer for _, pointer in found] == [
        f"/tools/http:one/{section}/place",
        f"/tools/mcp:two/transport/{section}/place",
    ]
