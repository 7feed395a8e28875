import pytest

from support.bundles.secret_tokens import TOKEN_KINDS, TokenKind, make_token
from yoi_bundle.boundary.redaction import redact_name, redact_pointer
from yoi_bundle.faults import join_pointer
from yoi_bundle.identifiers import encode_segment


@pytest.mark.req("B-07")
@pytest.mark.parametrize(
    "kind", [kind for kind in TOKEN_KINDS if kind.form == "structured"], ids=lambda kind: kind.name
)
def test_a_token_that_is_a_key_or_file_name_is_not_shown(kind: TokenKind) -> None:
    for seed in range(20):
        token = make_token(kind, seed)
        for text in (token, encode_segment(token)):
            assert text not in redact_name(text)
            assert text not in redact_name(f"notes/{text}.txt")
            pointer = join_pointer("/prompts", text) + "/content"
            assert join_pointer("", text) not in redact_pointer(pointer)


@pytest.mark.req("B-07")
@pytest.mark.parametrize(
    "text",
    [
        "plugins/desk/agents/kubernetes-architect",
        "react18-lifecycle/componentWillReceiveProps.md",
        "%E6%A1%88%E5%86%85%E4%BF%82",
        "deny-0123456789abcdef",
        "sha256:" + "0a" * 32,
        "mcp:server/*",
        "SKILL.md",
        "GITHUB_PERSONAL_ACCESS_TOKEN",
        "2024-11-05-v1.2.3",
        "",
    ],
)
def test_ids_made_of_words_stay_readable(text: str) -> None:
    assert redact_name(text) == text


@pytest.mark.req("B-07")
def test_a_pointer_keeps_its_escapes_and_its_other_steps() -> None:
    token = make_token(TOKEN_KINDS[0])
    pointer = f"/skills/a~1b/files/{token}~1SKILL.md/content"
    assert redact_pointer(pointer) == f"/skills/a~1b/files/({len(token)} characters)~1SKILL.md/content"
    assert redact_pointer("") == ""
