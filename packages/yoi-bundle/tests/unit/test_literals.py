import pytest

from support.bundles.secret_tokens import TOKEN_KINDS, TokenKind, draw, make_token
from yoi_bundle.boundary.credential_names import is_credential_name, suggest_secret_name
from yoi_bundle.boundary.literals import find_literal_fault, find_text_fault, suggest_reference

HARMLESS = [
    "",
    "true",
    "4096",
    "-1.5",
    "1.2.3",
    "^1.2.3",
    "v2",
    "@scope/name@1.2.3",
    "@modelcontextprotocol/server-sequential-thinking",
    "pkg==1.2",
    "pkg[http]>=1.2.3",
    "mongodb-mcp-server@latest",
    "ghcr.io/github/github-mcp-server",
    "hashicorp/terraform-mcp-server:0.2.3",
    "git+https://github.com/example/tools",
    "localhost:8080",
    "127.0.0.1:5432",
    "api.example.com",
    "https://mcp.example.com/v1/search",
    "http://localhost:3000",
    "read-only",
    "stdio",
    "INFO",
    "us-east-1",
    "maxResults",
    "GITHUB_PERSONAL_ACCESS_TOKEN",
    "-y",
    "--",
    "--read-only",
    "--transport",
    "--transport=stdio",
    "LOG_LEVEL=info",
    "src/mcp_server.py",
    ".github/workflows",
    "src/__init__.py",
    "ed25519",
    "repos,issues,pull_requests",
    "application/json",
    "application/vnd.github.v3+json",
    "claude-3-5-sonnet-20241022",
    "qwen2.5-coder:32b",
    "x86_64-unknown-linux-gnu",
    "Asia/Tokyo",
    "*",
]


@pytest.mark.req("B-07")
@pytest.mark.parametrize("text", HARMLESS)
def test_what_people_write_in_fields_is_a_literal(text: str) -> None:
    assert find_literal_fault(text) is None


@pytest.mark.req("B-07")
@pytest.mark.parametrize(
    "text",
    [
        "two words",
        "1.2.3\n",
        "https://host.example.com/?q=1",
        "https://host.example.com/#part",
        "https://user:word@host.example.com/",
        "postgresql://localhost/catalogue",
        "user@example.com:22:33",
        "a=b=c",
        "--option=two words",
        "図書館",
        "a\x00b",
        "word/" * 60,
        "4111111111111111",
        "$" + "{NAME}",
        "<name>",
        "%41",
        "a;b",
        "a1b-c2d-e3f-g4h",
        ",".join(["word"] * 40),
    ],
)
def test_what_has_no_harmless_structure_is_refused(text: str) -> None:
    assert find_literal_fault(text) is not None


@pytest.mark.req("B-07")
@pytest.mark.parametrize(
    "kind", [kind for kind in TOKEN_KINDS if kind.name != "letters-16"], ids=lambda kind: kind.name
)
def test_no_generated_credential_is_a_literal(kind: TokenKind) -> None:
    tokens = [make_token(kind, seed) for seed in range(60)]
    assert [seed for seed, token in enumerate(tokens) if find_literal_fault(token) is None] == []


@pytest.mark.req("B-07")
def test_of_runs_of_small_letters_alone_nearly_none_is_a_literal() -> None:
    """A run of letters may look like a word by chance; how often is part of what is promised."""
    kind = next(kind for kind in TOKEN_KINDS if kind.name == "letters-16")
    passed = sum(find_literal_fault(make_token(kind, seed)) is None for seed in range(2000))
    assert passed <= 20


@pytest.mark.req("B-07")
@pytest.mark.parametrize(
    "form",
    ["--option={}", "OPTION={}", "https://example.com/{}", "pkg@{}", "{}/word", "word,{}", "{}.example.com"],
)
def test_a_credential_inside_a_harmless_structure_is_refused(form: str) -> None:
    for kind in TOKEN_KINDS:
        if kind.name != "letters-16":
            assert find_literal_fault(form.format(make_token(kind))) is not None, kind.name


@pytest.mark.req("B-07")
@pytest.mark.parametrize(
    "name",
    [
        "API_KEY",
        "X-Api-Key",
        "--client-secret",
        "DB_PASSWORD",
        "Authorization",
        "access_token",
        "Cookie",
        "DATABASE_URL",
        "sentryDsn",
        "CONNECTION_STRING",
    ],
)
def test_a_field_that_is_named_for_a_credential_takes_no_literal(name: str) -> None:
    assert is_credential_name(name)
    assert find_literal_fault("read-only", name=name) is not None
    assert find_literal_fault("12345678", name=name) is not None
    assert find_literal_fault("false", name=name) is None
    assert find_literal_fault("4096", name=name) is None
    assert find_literal_fault("", name=name) is None


@pytest.mark.req("B-07")
@pytest.mark.parametrize(
    "name",
    [
        "AUTH_TYPE",
        "MAX_TOKENS",
        "--no-auth",
        "TOKEN_LIMIT",
        "KEYBOARD",
        "MONKEY",
        "AUTHOR",
        "COMPASS",
        "sort_key",
        "Connection",
        "PASSTHROUGH",
        "",
    ],
)
def test_a_name_that_speaks_about_credentials_or_only_contains_the_letters_is_no_credential_name(
    name: str,
) -> None:
    assert not is_credential_name(name)


@pytest.mark.req("B-07")
def test_the_remedy_names_the_ref_to_write() -> None:
    assert '{ kind = "secret", name = "x-api-key" }' in suggest_reference("X-Api-Key")


@pytest.mark.req("B-07")
def test_a_credential_that_is_written_as_a_name_is_not_repeated_in_the_remedy() -> None:
    for kind in TOKEN_KINDS:
        if kind.form == "structured":
            assert suggest_secret_name(make_token(kind)) == "secret", kind.name


@pytest.mark.req("B-07")
@pytest.mark.parametrize(
    "text", ["図書館の案内", "A reading room with 12 seats, open daily.", "https://example.com/about?x=1"]
)
def test_texts_of_metadata_and_free_json_may_be_sentences(text: str) -> None:
    assert find_text_fault(text) is None


@pytest.mark.req("B-07")
def test_a_sentence_with_a_credential_is_refused() -> None:
    for kind in TOKEN_KINDS:
        if kind.name not in {"letters-16", "password"}:
            assert find_text_fault(f"the value is {make_token(kind)} today") is not None, kind.name


def test_the_generated_tokens_are_the_same_in_every_process_and_differ_by_seed() -> None:
    assert len({kind.name for kind in TOKEN_KINDS}) == len(TOKEN_KINDS) >= 40
    for kind in TOKEN_KINDS:
        assert make_token(kind, 1) == make_token(kind, 1) != make_token(kind, 2)
    assert draw.__doc__


@pytest.mark.req("B-07")
@pytest.mark.parametrize("flag", ["-u", "--user", "-p", "--user=", "--proxy-user"])
def test_after_a_flag_for_a_login_nothing_with_a_colon_or_digits_is_a_literal(flag: str) -> None:
    for text in ("user:word", "user:passw0rd", ":word", "swordfish9", "user:", "99bottles", "a:1000"):
        assert find_literal_fault(text, name=flag) is not None, text
    for text in ("user", "1000:1000", "3000", "8080:80", "127.0.0.1:8080:80", "53:53/udp", ""):
        assert find_literal_fault(text, name=flag) is None, text


@pytest.mark.req("B-07")
def test_a_password_written_together_with_its_flag_is_no_literal() -> None:
    for text in ("-pswordfish9", "-uuser:word", "-pa1", "-Pword7", "-p=word1"):
        assert find_literal_fault(text) is not None, text
    for text in ("-p8080", "-p", "-u", "-print", "-pedantic"):
        assert find_literal_fault(text) is None, text


@pytest.mark.req("B-07")
def test_a_number_that_may_be_a_one_time_code_is_no_literal() -> None:
    for text in ("TOKEN=839201", "--otp=83920", "PIN=123456"):
        assert find_literal_fault(text) is not None, text
    for text in ("CONTEXT_TOKENS=128000", "TOKEN_LIMIT=128000", "KEY=4096", "--max-tokens=128000"):
        assert find_literal_fault(text) is None, text
