"""Credentials of a lesson warn in prose; those that look generated are refused, and every file with one has its line."""

import base64
import random

import pytest

from support.bundles.secret_tokens import BASE62, draw
from support.bundles.source_trees import make_tree
from yoi_bundle.authoring.build import BuildResult, build_bundle
from yoi_bundle.boundary.default_scanner import create_scanner

pytestmark = pytest.mark.req("B-07")

SCANNER = create_scanner(cache_directory=None)
RNG = random.Random(7)  # made-up values, not credentials


def encode(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def build(texts: dict[str, str]) -> BuildResult:
    header = "---\nname: {}\ndescription: d\n---\n"
    files = {f"skills/{name}/SKILL.md": header.format(name).encode() for name in texts}
    files |= {f"skills/{name}/http.md": text.encode() for name, text in texts.items()}
    return build_bundle(make_tree(files), scanner=SCANNER)


def list_findings(result: BuildResult) -> list[tuple[str, str]]:
    rules = ("bundle.secret_value", "secret.doubtful")
    return sorted({(one.severity, one.file) for one in result.diagnostics if one.rule in rules})


@pytest.mark.parametrize(
    "line",
    [
        "Authorization: Basic " + base64.b64encode(b"aladdin:opensesame-and-more").decode(),
        "Authorization: Basic " + base64.b64encode(b"username:correct-password").decode(),
        "Authorization: Bearer "
        + ".".join(
            [
                encode('{"alg":"HS256","typ":"JWT"}'),
                encode('{"sub":"1234567890","name":"John Doe","iat":1516239022}'),
                encode(draw(RNG, BASE62, 32)),
            ]
        ),
        "token: "
        + ".".join(
            [
                encode('{"alg":"HS256","typ":"JWT"}'),
                encode('{"sub":"reader","role":"guest"}'),
                "this-is-where-the-signature-of-the-token-stands",
            ]
        ),
    ],
)
def test_a_made_up_credential_of_a_lesson_warns_and_the_skill_stays(line: str) -> None:
    result = build({"one": f"Send this:\n{line}\n"})
    assert result.bundle is not None
    assert {severity for severity, _ in list_findings(result)} <= {"warning"}


@pytest.mark.parametrize("user", ["service", "admin"])
def test_a_basic_header_with_a_generated_password_is_refused(user: str) -> None:
    value = base64.b64encode(f"{user}:{draw(RNG, BASE62, 24)}".encode()).decode()
    assert build({"one": f"Authorization: Basic {value}\n"}).bundle is None


def test_a_token_with_a_generated_signature_is_refused() -> None:
    parts = [encode('{"alg":"HS256","typ":"JWT"}'), encode('{"sub":"a1","iat":1}'), draw(RNG, BASE62, 43)]
    assert build({"one": ".".join(parts) + "\n"}).bundle is None


def test_each_copy_of_a_file_with_a_credential_has_a_line_of_its_own() -> None:
    value = base64.b64encode(f"service:{draw(RNG, BASE62, 24)}".encode()).decode()
    text = f"Send this:\nAuthorization: Basic {value}\n"
    result = build({"one": text, "two": text})
    assert list_findings(result) == [("error", "skills/one/http.md"), ("error", "skills/two/http.md")]
