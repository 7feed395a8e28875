import traceback

import pytest

from support.bundles.secret_places import DESCRIPTOR, MANIFEST_PLACES, manifest_with_transport
from support.bundles.secret_tokens import TOKEN_KINDS, TokenKind, make_token
from yoi_bundle.boundary.manifest import find_boundary_faults
from yoi_bundle.boundary.manifest_texts import ManifestTexts, list_texts
from yoi_bundle.boundary.rule_detector import RuleDetector
from yoi_bundle.boundary.scanner import DetectorScanner
from yoi_bundle.boundary.uncertain_findings import find_boundary_warnings
from yoi_bundle.canonical import encode_canonical
from yoi_bundle.digest import compute_digest
from yoi_bundle.errors import BundleInvalidError, FaultyBundleError, SecretValueError, YoiError
from yoi_bundle.identifiers import encode_segment
from yoi_bundle.manifest import (
    Argument,
    BundleModel,
    GlobMatch,
    HostParameter,
    HostPathMatch,
    HttpServer,
    LiteralValue,
    Manifest,
    Policy,
    Profile,
    Project,
    Prompt,
    Rule,
    SecretRef,
    Skill,
    SkillFile,
    StdioServer,
    ToolList,
    compute_rule_id,
)
from yoi_bundle.verified import verify_manifest

STRUCTURED = [kind for kind in TOKEN_KINDS if kind.form == "structured"]


def _manifest(**fields: object) -> Manifest:
    return Manifest(schema_version=1, workspace="library", **fields)  # type: ignore[arg-type]


def _arguments(*words: str) -> Manifest:
    args = tuple(Argument(value=LiteralValue(value=word)) for word in words)
    return manifest_with_transport(StdioServer(command="npx", args=args))


def _list_codes(manifest: Manifest) -> list[tuple[str, str]]:
    return [(fault.code, fault.pointer) for fault in find_boundary_faults(manifest)]


@pytest.mark.req("B-07", "B-08", "B-09")
def test_an_ordinary_manifest_has_no_fault_and_no_doubt() -> None:
    rule = Rule(effect="deny", tool="file.read", where=HostPathMatch(argument="path", pattern="~/.ssh/**"))
    glob = Rule(
        effect="ask", tool="shell.run", where=GlobMatch(argument="command", pattern="curl * > /etc/*")
    )
    manifest = _manifest(
        project=Project(
            title="図書館", metadata={"team": "図書館システム部", "home": "https://example.com/about"}
        ),
        models={
            "main": BundleModel(
                provider="anthropic",
                model="claude-sonnet-4-5-20250929",
                parameters={"temperature": "0.2"},
                credential=SecretRef(name="anthropic-api-key"),
            )
        },
        prompts={
            "plugins/desk/agents/reviewer": Prompt(
                content=DESCRIPTOR, description="Reads ~/notes and /etc/hosts."
            )
        },
        policies={"settings": Policy(rules={compute_rule_id(one): one for one in (rule, glob)})},
        skills={"lending": Skill(files={"SKILL.md": SkillFile(content=DESCRIPTOR)})},
        profiles={encode_segment("案内係"): Profile(tools=ToolList())},
    )
    server = StdioServer(
        command="npx",
        args=tuple(
            Argument(value=LiteralValue(value=word))
            for word in ("-y", "@scope/server@latest", "--port", "8080")
        ),
        env={
            "API_KEY": SecretRef(name="API_KEY"),
            "REGION": HostParameter(name="REGION"),
            "LOG_LEVEL": LiteralValue(value="info"),
        },
    )
    assert _list_codes(manifest) == []
    assert _list_codes(manifest_with_transport(server)) == []
    assert find_boundary_warnings(list_texts(manifest)) == []


@pytest.mark.req("B-07")
@pytest.mark.parametrize("place", MANIFEST_PLACES)
@pytest.mark.parametrize("kind", STRUCTURED, ids=lambda kind: kind.name)
def test_a_provider_token_is_refused_at_every_place_and_never_shown(kind: TokenKind, place: str) -> None:
    token = make_token(kind, 3)
    faults = find_boundary_faults(MANIFEST_PLACES[place](token))
    assert "bundle.secret_value" in {fault.code for fault in faults} or place == "userinfo"
    error = SecretValueError(faults)
    shown = "".join((str(error), repr(error), str(error.details()), *traceback.format_exception(error)))
    for part in (token, encode_segment(token), token[len(token) // 2 :][:24]):
        assert part not in shown


@pytest.mark.req("B-07")
def test_prose_fields_are_looked_through_too() -> None:
    token = make_token(STRUCTURED[0])
    manifest = _manifest(project=Project(title="Library", description=f"Use {token} to connect."))
    assert _list_codes(manifest) == [("bundle.secret_value", "/project/description")]


@pytest.mark.req("B-07")
def test_the_argument_after_a_credentials_flag_takes_no_literal() -> None:
    assert _list_codes(_arguments("--api-key", "catalogue")) == [
        ("bundle.secret_value", "/tools/mcp:catalogue/transport/args/1/value/value")
    ]
    assert _list_codes(_arguments("--no-auth", "catalogue")) == []


@pytest.mark.req("B-07")
def test_a_credential_under_the_name_of_a_variable_or_a_ref_is_refused() -> None:
    opaque = "Zq8" + "hT2kLw9" + "XbR4mVn7" + "Yc3"
    named = manifest_with_transport(StdioServer(command="npx", env={opaque: SecretRef(name="x")}))
    referred = manifest_with_transport(StdioServer(command="npx", env={"API_KEY": SecretRef(name=opaque)}))
    for manifest in (named, referred):
        faults = find_boundary_faults(manifest)
        assert [fault.code for fault in faults] == ["bundle.secret_value"]
        assert opaque not in str(faults)


@pytest.mark.req("B-07")
def test_model_parameters_and_metadata_take_no_credential() -> None:
    token = make_token(TOKEN_KINDS[-1])
    model = BundleModel(provider="x", model="y", parameters={"user": token})
    assert _list_codes(_manifest(models={"main": model})) == [
        ("bundle.secret_value", "/models/main/parameters/user")
    ]
    assert _list_codes(_manifest(project=Project(metadata={"contact": token}))) == [
        ("bundle.secret_value", "/project/metadata/contact")
    ]


@pytest.mark.req("B-07")
def test_a_path_of_a_url_may_hold_no_credential() -> None:
    server = HttpServer(url=f"https://example.com/{make_token(STRUCTURED[0]).replace('_', '-')}/mcp")
    assert [fault.code for fault in find_boundary_faults(manifest_with_transport(server))] == [
        "bundle.secret_value"
    ]


@pytest.mark.req("B-07")
def test_a_credentials_file_is_refused_by_its_name_in_a_skill() -> None:
    files = {"SKILL.md": SkillFile(content=DESCRIPTOR), "deploy/.env": SkillFile(content=DESCRIPTOR)}
    assert _list_codes(_manifest(skills={"lending": Skill(files=files)})) == [
        ("bundle.secret_value", "/skills/lending/files/deploy~1.env")
    ]


@pytest.mark.req("B-08")
@pytest.mark.parametrize(
    "text",
    [
        "/srv/data",
        "~/notes",
        "C:\\notes",
        "\\\\server\\share",
        "file:///x",
        "../x",
        "https://a:b@example.com",
    ],
)
def test_a_place_on_a_host_is_refused_in_a_structured_field(text: str) -> None:
    assert _list_codes(_arguments(text)) == [
        ("bundle.host_value", "/tools/mcp:catalogue/transport/args/0/value/value")
    ]


@pytest.mark.req("B-09")
@pytest.mark.parametrize("field", ["title", "description"])
def test_hidden_text_in_a_title_or_description_is_refused_with_its_code_point(field: str) -> None:
    prompt = Prompt(content=DESCRIPTOR, **{field: "one\ntwo\U000e0041"})  # type: ignore[arg-type]
    (fault,) = find_boundary_faults(_manifest(prompts={"greeting": prompt}))
    assert (fault.code, fault.pointer) == ("bundle.hidden_text", f"/prompts/greeting/{field}")
    assert "U+E0041 in line 2, column 4" in fault.message


@pytest.mark.req("B-08", "B-09")
def test_what_only_warns_is_a_doubt_and_no_fault() -> None:
    home = "/" + "Users" + "/kobayashi/notes.md"
    prompt = Prompt(content=DESCRIPTOR, title="zero\u200bwidth", description=f"see {home}")
    manifest = _manifest(prompts={"greeting": prompt})
    assert find_boundary_faults(manifest) == []
    assert [(one.code, one.pointer) for one in find_boundary_warnings(list_texts(manifest))] == [
        ("bundle.hidden_text", "/prompts/greeting/title"),
        ("bundle.host_value", "/prompts/greeting/description"),
    ]


@pytest.mark.req("B-07")
def test_a_scan_of_the_manifest_as_one_text_leads_back_to_pointer_and_line() -> None:
    token = make_token(STRUCTURED[0])
    prompts = {
        "a": Prompt(content=DESCRIPTOR, title="one", description=f"two\nthree\nsee {token}"),
        token: Prompt(content=DESCRIPTOR),
        token[:20]: Prompt(content=DESCRIPTOR),
        token[20:]: Prompt(content=DESCRIPTOR, title=token),
    }
    texts = ManifestTexts(list_texts(_manifest(prompts=prompts)))
    findings = DetectorScanner([RuleDetector()]).scan([("fields", texts.data)])
    located = [texts.locate(one.line) for one in findings]
    assert [(sorted(pointers), line) for pointers, _, line in located] == [
        (["/prompts/a/description"], 3),
        (sorted([f"/prompts/{token}", f"/prompts/{token[20:]}/title"]), 1),
    ]


@pytest.mark.req("B-07")
def test_our_own_digests_are_exempt_by_field() -> None:
    texts = [text for _, text in list_texts(_manifest(prompts={"greeting": Prompt(content=DESCRIPTOR)}))]
    assert DESCRIPTOR.digest not in texts
    assert "greeting" in texts


@pytest.mark.req("B-06", "B-07")
@pytest.mark.parametrize("kind", STRUCTURED, ids=lambda kind: kind.name)
def test_a_type_fault_under_a_planted_key_does_not_show_the_key(kind: TokenKind) -> None:
    token = make_token(kind)
    documents = [
        {"schema_version": 1, "workspace": "library", token: 1},
        {"schema_version": 1, "workspace": "library", "prompts": {token: {"content": 1}}},
        {
            "schema_version": 1,
            "workspace": "library",
            "tools": {"mcp:x": {"kind": "mcp", "transport": {"kind": token}}},
        },
        {"schema_version": 1, "workspace": token},
    ]
    for document in documents:
        data = encode_canonical(document)
        with pytest.raises(YoiError) as caught:
            verify_manifest(data, compute_digest(data))
        shown = "".join((str(caught.value.details()), *traceback.format_exception(caught.value)))
        assert token not in shown
        assert encode_segment(token) not in shown


@pytest.mark.req("B-07")
def test_a_verified_bundle_is_refused_with_the_boundarys_code() -> None:
    data = encode_canonical(_arguments(make_token(STRUCTURED[0])))
    with pytest.raises(FaultyBundleError) as caught:
        verify_manifest(data, compute_digest(data))
    assert caught.value.code == "bundle.secret_value"
    assert not isinstance(caught.value, BundleInvalidError)
