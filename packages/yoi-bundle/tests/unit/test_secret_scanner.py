import base64
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from support.bundles.corpora import corpus_path
from support.bundles.secret_tokens import BASE62, HEX, TOKEN_KINDS, make_token
from yoi_bundle.boundary.default_scanner import create_scanner
from yoi_bundle.boundary.hits import SecretHit
from yoi_bundle.boundary.kingfisher import KingfisherDetector, neutralise_comments
from yoi_bundle.boundary.rule_detector import RuleDetector
from yoi_bundle.boundary.scanner import (
    DetectorScanner,
    SecretFinding,
    SecretScanner,
)
from yoi_bundle.boundary.secret_rules import find_provider_token

TOKENS = {kind.name: make_token(kind) for kind in TOKEN_KINDS}
GITHUB = TOKENS["github-classic"]
OPAQUE = TOKENS["base62-32"]


@pytest.fixture(scope="session")
def scanner(tmp_path_factory: pytest.TempPathFactory) -> SecretScanner:
    return create_scanner(cache_directory=tmp_path_factory.mktemp("rules"))


RULES = DetectorScanner([RuleDetector()])


def _list(text: str | bytes, scanner: SecretScanner = RULES) -> list[tuple[int, str, bool]]:
    data = text.encode() if isinstance(text, str) else text
    return [(one.line, one.rule, one.doubtful) for one in scanner.scan([("a.md", data)])]


class ScriptedDetector:
    """Says what it was told to say."""

    def __init__(self, *hits: SecretHit) -> None:
        self._hits = hits

    def detect(self, data: bytes) -> Iterable[SecretHit]:
        del data
        return self._hits


@pytest.mark.req("B-07")
def test_overlapping_hits_are_said_once_and_a_sure_one_wins() -> None:
    doubtful = SecretHit(rule="first", start=0, end=9, doubtful=True)
    sure = SecretHit(rule="second", start=5, end=12)
    apart = SecretHit(rule="third", start=12, end=14)
    scanner = DetectorScanner([ScriptedDetector(doubtful), ScriptedDetector(sure, apart)])
    assert scanner.scan([("b", b"0123\n56789abcdef"), ("a", b"0123\n56789abcdef")]) == [
        SecretFinding(place="a", line=2, rule="second"),
        SecretFinding(place="a", line=2, rule="third"),
        SecretFinding(place="b", line=2, rule="second"),
        SecretFinding(place="b", line=2, rule="third"),
    ]


@pytest.mark.req("B-07")
def test_a_finding_has_the_line_and_never_the_value(scanner: SecretScanner) -> None:
    for token in TOKENS.values():
        text = f"one\ntwo {token} three\nexport API_KEY={token}\n"
        findings = scanner.scan([("a.md", text.encode())])
        assert token not in repr(findings)
        assert all(2 <= one.line <= text.count("\n") for one in findings)
    assert _list(f"one\ntwo\nsee {GITHUB}.\n", scanner) == [(3, "github", False)]


@pytest.mark.req("B-07")
@pytest.mark.parametrize(
    "text",
    [
        f"\0\0{GITHUB}",
        f"{GITHUB} # gitleaks:allow",
        f"{GITHUB} // betterleaks:allow kingfisher:ignore",
        base64.b64encode(f"token={GITHUB}".encode()).decode(),
        base64.urlsafe_b64encode(f"token={GITHUB}".encode()).decode().rstrip("="),
        f'"{GITHUB[:12]}"\n    "{GITHUB[12:]}"',
        f"{GITHUB[:20]}\\\n{GITHUB[20:]}",
        f"# {GITHUB[:20]}\r\n# {GITHUB[20:]}",
        f"é{GITHUB}\n",
        f"https://example.com/?q={GITHUB}&r=1",
        f"({GITHUB})",
    ],
)
def test_a_token_is_found_behind_what_hides_it_from_a_scanner(text: str, scanner: SecretScanner) -> None:
    assert (1, "github", False) in _list(text, scanner)


@pytest.mark.req("B-07")
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32-be"])
def test_a_token_is_found_in_wide_encodings(encoding: str) -> None:
    assert _list(f"one\ntwo {GITHUB}\n".encode(encoding)) == [(2, "github", False)]


@pytest.mark.req("B-07")
@pytest.mark.parametrize(
    "text",
    [
        "gh" + "p_" + "x" * 36,
        "AK" + "IA" + "IOSFODNN7" + "EXAMPLE",
        "sk" + "_live_" + "abc123def456ghi789jkl012",
        "npm_run_build_everything_and_then_some_more_words",
        "-----BEGIN PRIVATE" + " KEY-----\n...\n-----END PRIVATE KEY-----",
        f"commit {TOKENS['hex-40']}",
        f"sha256:{TOKENS['hex-64']}",
        f"request id {TOKENS['uuid']}",
        "Authorization: Bearer <token>",
        "Authorization: Bearer YOUR_TOKEN_GOES_HERE_PLEASE",
        "postgresql://user:password@localhost/db",
        "redis://:${REDIS_PASSWORD}@cache:6379",
        "api_key = process.env.SEARCH_API_KEY",
        "password: must be at least 12 characters",
        f"prefix{GITHUB}",
    ],
)
def test_placeholders_digests_and_prose_are_no_findings(text: str) -> None:
    assert _list(text) == []


@pytest.mark.req("B-07")
@pytest.mark.parametrize(
    ("text", "rule", "doubtful"),
    [
        (f"Authorization: Bearer {OPAQUE}", "authorization-header", False),
        (f"Authorization: Basic {TOKENS['basic-credentials']}", "authorization-header", False),
        (f"https://service:{OPAQUE}@example.com/x", "url-userinfo", False),
        ("https://service:" + "Lantern" + "Wharf7@example.com/x", "url-userinfo", True),
        (f"SEARCH_API_KEY={OPAQUE}", "assigned-value", True),
        (f'"clientSecret": "{OPAQUE}"', "assigned-value", True),
        (f"password: {TOKENS['hex-32']}", "assigned-value", True),
        (f"{TOKENS['aws-key-id']} {TOKENS['aws-secret']}", "aws-secret", False),
    ],
)
def test_surroundings_give_an_opaque_value_away(text: str, rule: str, doubtful: bool) -> None:
    assert (1, rule, doubtful) in _list(text)


@pytest.mark.req("B-07")
def test_comments_are_blanked_byte_for_byte() -> None:
    text = b"one # GitLeaks : allow\ntwo kingfisher:ignore\n"
    blanked = neutralise_comments(text)
    assert len(blanked) == len(text)
    assert blanked.count(b"\n") == 2
    assert b"llow" not in blanked and b"gnore" not in blanked


@pytest.mark.req("B-07")
def test_kingfisher_writes_only_into_the_directory_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    for name in ("HOME", "XDG_CACHE_HOME", "KF_RULE_CACHE_DIR"):
        monkeypatch.setenv(name, str(home))
    cache = tmp_path / "cache"
    cache.mkdir(mode=0o700)
    assert list(KingfisherDetector(cache_directory=cache).detect(GITHUB.encode()))
    assert list(cache.iterdir()) != []
    assert list(home.iterdir()) == []
    monkeypatch.delenv("HOME")
    assert list(KingfisherDetector(cache_directory=cache / "missing" / "x").detect(GITHUB.encode()))
    assert list(home.iterdir()) == []


@pytest.mark.req("B-07")
def test_any_bytes_are_scanned_without_an_exception(scanner: SecretScanner) -> None:
    for data in (b"", b"\0", b"\xff\xfe", b"\xff" * 100, bytes(range(256)) * 4, b"=" * 1000, b"A" * 100_000):
        assert scanner.scan([("a", data)]) == []


@pytest.mark.req("B-07")
def test_a_failing_read_shows_no_value_of_the_texts_before(scanner: SecretScanner) -> None:
    def read() -> Iterable[tuple[str, bytes]]:
        yield "a", GITHUB.encode()
        raise OSError("gone")

    with pytest.raises(OSError, match="gone") as caught:
        scanner.scan(read())
    assert GITHUB not in "".join(traceback.format_exception(caught.value))


@pytest.mark.req("B-07")
@pytest.mark.parametrize(
    ("name", "most_warned"), [("wshobson-agents", 12), ("davila7-templates", 20), ("awesome-copilot", 20)]
)
def test_no_real_prose_is_refused_and_few_lines_warn(
    name: str, most_warned: int, scanner: SecretScanner
) -> None:
    root = corpus_path(name)
    files = [path for path in root.rglob("*") if path.is_file() and not path.is_symlink()]
    findings = scanner.scan((str(path.relative_to(root)), path.read_bytes()) for path in files)
    assert [one for one in findings if not one.doubtful] == []
    assert len(findings) <= most_warned


def test_the_alphabets_of_the_tokens_are_what_they_are_called() -> None:
    assert set(TOKENS["hex-32"]) <= set(HEX)
    assert set(OPAQUE) <= set(BASE62)


def _widen(token: str) -> str:
    return "".join(chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in token)


@pytest.mark.req("B-07")
@pytest.mark.parametrize(
    "disguise",
    [
        _widen,
        lambda token: token[:9] + "\u00ad" + token[9:],
        lambda token: "\u200b".join(token),
        lambda token: token[:9] + "\u2060\ufe0f\U000e0041" + token[9:],
        lambda token: token.replace("p", "\u0440"),
        lambda token: token.replace("h", "\u04bb"),
        lambda token: token.replace("_", "\uff3f"),
    ],
    ids=[
        "full width",
        "soft hyphen",
        "zero width",
        "ignorable",
        "Cyrillic p",
        "Cyrillic h",
        "full-width sign",
    ],
)
def test_a_token_that_only_looks_like_one_is_found_in_its_line(disguise: Callable[[str], str]) -> None:
    text = f"one 図書館\ntwo\nsee {disguise(GITHUB)} and\n"
    assert _list(text) == [(3, "github", False)]
    assert find_provider_token(text) == "github"


@pytest.mark.req("B-07")
def test_a_disguised_token_is_said_once_where_it_is_plain_too() -> None:
    assert _list(f"see {GITHUB} and {_widen(GITHUB)}\n") == [(1, "github", False)]


@pytest.mark.req("B-07")
def test_texts_in_other_scripts_hold_no_disguised_token() -> None:
    for text in (
        "Пароль: длинноеслововдокументации1234567890",
        "図書館の案内：１２３４５６７８９０１２３４５６",
        "é" * 999,
    ):
        assert _list(text * 50) == []
