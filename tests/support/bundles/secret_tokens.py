"""Credentials made at run time, kind by kind; prefixes are split, so that nothing that looks like one stands here."""

import base64
import random
import string
import textwrap
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Form = Literal["structured", "unlisted", "opaque"]

LOWER = string.ascii_lowercase
HEX = "0123456789abcdef"
DIGITS = string.digits
BASE32 = string.ascii_uppercase + "234567"
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
BASE62 = string.ascii_letters + string.digits
BASE64 = BASE62 + "+/"
URLSAFE = BASE62 + "-_"
UPPER = string.ascii_uppercase + string.digits


@dataclass(frozen=True)
class TokenKind:
    """One kind of credential.

    Attributes:
        form: `structured` has a prefix or frame of its provider that our own rules list; `unlisted` has one that they
            do not, so that only a scanner can know it; `opaque` is a bare random value.
        make: Draws one token from a seeded generator.
    """

    name: str
    form: Form
    make: Callable[[random.Random], str]


def draw(rng: random.Random, alphabet: str, length: int) -> str:
    """Draw a run of characters, each as likely as any other."""
    return "".join(rng.choice(alphabet) for _ in range(length))


def _prefixed(name: str, prefix: tuple[str, ...], alphabet: str, length: int, suffix: str = "") -> TokenKind:
    return TokenKind(name, "structured", lambda rng: "".join(prefix) + draw(rng, alphabet, length) + suffix)


def _unlisted(name: str, prefix: tuple[str, ...], alphabet: str, length: int) -> TokenKind:
    return TokenKind(name, "unlisted", lambda rng: "".join(prefix) + draw(rng, alphabet, length))


def _opaque(name: str, alphabet: str, length: int, suffix: str = "") -> TokenKind:
    return TokenKind(name, "opaque", lambda rng: draw(rng, alphabet, length) + suffix)


def _make_pem(label: str) -> Callable[[random.Random], str]:
    def make(rng: random.Random) -> str:
        body = base64.b64encode(rng.randbytes(600)).decode()
        dashes = "-" * 5
        lines = "\n".join(textwrap.wrap(body, 64))
        return f"{dashes}BEGIN {label}{dashes}\n{lines}\n{dashes}END {label}{dashes}"

    return make


def _make_jwt(rng: random.Random) -> str:
    def part(text: bytes) -> str:
        return base64.urlsafe_b64encode(text).decode().rstrip("=")

    header = part(b'{"alg":"HS256","typ":"JWT"}')
    payload = part(b'{"sub":"%d","iat":%d}' % (rng.randrange(10**9), rng.randrange(10**9)))
    return f"{header}.{payload}.{part(rng.randbytes(32))}"


def _make_openai_project(rng: random.Random) -> str:
    return "sk-" + "proj-" + draw(rng, URLSAFE, 74) + "T3Blbk" + "FJ" + draw(rng, URLSAFE, 74)


def _make_openai_legacy(rng: random.Random) -> str:
    return "sk" + "-" + draw(rng, BASE62, 20) + "T3Blbk" + "FJ" + draw(rng, BASE62, 20)


def _make_slack_bot(rng: random.Random) -> str:
    return "xox" + "b-" + draw(rng, DIGITS, 12) + "-" + draw(rng, DIGITS, 12) + "-" + draw(rng, BASE62, 24)


def _make_slack_hook(rng: random.Random) -> str:
    return (
        "https://hooks.slack" + ".com/services/T" + draw(rng, UPPER, 8) + "/B" + draw(rng, UPPER, 8) + "/"
    ) + draw(rng, BASE62, 24)


def _make_telegram(rng: random.Random) -> str:
    return str(rng.randrange(10**9, 10**10)) + ":A" + "A" + draw(rng, URLSAFE, 33)


def _make_discord(rng: random.Random) -> str:
    return "M" + draw(rng, BASE62, 23) + "." + draw(rng, BASE62, 6) + "." + draw(rng, BASE62, 27)


def _make_new_relic(rng: random.Random) -> str:
    return "NRA" + "K-" + draw(rng, UPPER, 27)


def _make_postman(rng: random.Random) -> str:
    return "PMA" + "K-" + draw(rng, HEX, 24) + "-" + draw(rng, HEX, 34)


def _make_airtable(rng: random.Random) -> str:
    return "pa" + "t" + draw(rng, BASE62, 14) + "." + draw(rng, HEX, 64)


def _make_github_fine_grained(rng: random.Random) -> str:
    return "github" + "_pat_" + draw(rng, BASE62, 22) + "_" + draw(rng, BASE62, 59)


def _make_sendgrid(rng: random.Random) -> str:
    return "S" + "G." + draw(rng, URLSAFE, 22) + "." + draw(rng, URLSAFE, 43)


def _make_mapbox(rng: random.Random) -> str:
    return "s" + "k.eyJ1" + "I" + draw(rng, BASE62, 60) + "." + draw(rng, BASE62, 22)


def _make_azure_client_secret(rng: random.Random) -> str:
    return draw(rng, BASE62, 3) + "8Q" + "~" + draw(rng, BASE62, 34)


def _make_basic(rng: random.Random) -> str:
    return base64.b64encode(f"service:{draw(rng, BASE62, 24)}".encode()).decode()


def _make_password(rng: random.Random) -> str:
    return draw(rng, BASE62 + "!#$%^&*", 18) + "!7aZ"


def _make_uuid(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _make_terraform(rng: random.Random) -> str:
    return draw(rng, BASE62, 14) + ".atlas" + "v1." + draw(rng, BASE62, 64)


def _make_notion(rng: random.Random) -> str:
    return "nt" + "n_" + draw(rng, DIGITS, 11) + draw(rng, BASE62, 35)


def _make_google_oauth(rng: random.Random) -> str:
    return "ya" + "29." + draw(rng, URLSAFE, 120)


def _make_dynatrace(rng: random.Random) -> str:
    return "dt0" + "c01." + draw(rng, BASE32, 24) + "." + draw(rng, BASE32, 64)


TOKEN_KINDS: tuple[TokenKind, ...] = (
    _prefixed("github-classic", ("gh", "p_"), BASE62, 36),
    _prefixed("github-oauth", ("gh", "o_"), BASE62, 36),
    _prefixed("github-app", ("gh", "s_"), BASE62, 36),
    TokenKind("github-fine-grained", "structured", _make_github_fine_grained),
    _prefixed("gitlab", ("gl", "pat-"), URLSAFE, 20),
    TokenKind("slack-bot", "structured", _make_slack_bot),
    TokenKind("slack-webhook", "structured", _make_slack_hook),
    _prefixed("stripe-live", ("sk", "_live_"), BASE62, 24),
    _prefixed("stripe-restricted", ("rk", "_live_"), BASE62, 24),
    _prefixed("stripe-webhook", ("wh", "sec_"), BASE62, 32),
    TokenKind("openai-project", "structured", _make_openai_project),
    TokenKind("openai-legacy", "structured", _make_openai_legacy),
    _prefixed("anthropic", ("sk-", "ant-", "api03-"), URLSAFE, 93, "AA"),
    _prefixed("openrouter", ("sk-", "or-v1-"), HEX, 64),
    _prefixed("aws-key-id", ("AK", "IA"), BASE32, 16),
    _prefixed("google-api", ("AI", "za"), URLSAFE, 35),
    TokenKind("google-oauth", "structured", _make_google_oauth),
    _prefixed("google-client-secret", ("GOC", "SPX-"), URLSAFE, 28),
    _prefixed("npm", ("np", "m_"), BASE62, 36),
    _prefixed("pypi", ("py", "pi-AgEIcHlwaS5vcmc"), URLSAFE, 120),
    _prefixed("hugging-face", ("h", "f_"), string.ascii_letters, 34),
    TokenKind("sendgrid", "structured", _make_sendgrid),
    _prefixed("twilio", ("S", "K"), HEX, 32),
    _prefixed("mailgun", ("ke", "y-"), HEX, 32),
    _prefixed("mailchimp", (), HEX, 32, "-us" + "12"),
    TokenKind("discord", "structured", _make_discord),
    TokenKind("telegram", "structured", _make_telegram),
    _prefixed("digitalocean", ("dop", "_v1_"), HEX, 64),
    _prefixed("shopify", ("shp", "at_"), HEX, 32),
    _prefixed("square", ("sq0", "atp-"), URLSAFE, 22),
    _prefixed("atlassian", ("ATA", "TT3xFfGF0"), URLSAFE, 178, "=1A2B3C4D"),
    _prefixed("linear", ("lin", "_api_"), BASE62, 40),
    TokenKind("notion", "structured", _make_notion),
    _prefixed("figma", ("fig", "d_"), URLSAFE, 40),
    _prefixed("databricks", ("da", "pi"), HEX, 32),
    _prefixed("vault", ("hv", "s."), URLSAFE, 95),
    _prefixed("doppler", ("dp.", "pt."), BASE62, 43),
    _prefixed("pulumi", ("pu", "l-"), HEX, 40),
    TokenKind("terraform", "structured", _make_terraform),
    _prefixed("planetscale", ("pscale", "_tkn_"), URLSAFE, 43),
    TokenKind("postman", "structured", _make_postman),
    TokenKind("new-relic", "structured", _make_new_relic),
    _prefixed("grafana", ("gl", "sa_"), BASE62, 32, "_0a1b2c3d"),
    TokenKind("airtable", "structured", _make_airtable),
    _prefixed("docker-hub", ("dckr", "_pat_"), URLSAFE, 27),
    _prefixed("groq", ("gs", "k_"), BASE62, 52),
    _prefixed("perplexity", ("ppl", "x-"), BASE62, 48),
    _prefixed("replicate", ("r", "8_"), BASE62, 37),
    _prefixed("supabase", ("sb", "p_"), HEX, 40),
    _prefixed("rubygems", ("ruby", "gems_"), HEX, 48),
    TokenKind("mapbox", "structured", _make_mapbox),
    TokenKind("azure-client-secret", "structured", _make_azure_client_secret),
    _prefixed("age", ("AGE-SECRET", "-KEY-1"), "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58),
    TokenKind("pem-rsa", "structured", _make_pem("RSA PRIVATE " + "KEY")),
    TokenKind("pem-openssh", "structured", _make_pem("OPENSSH PRIVATE " + "KEY")),
    TokenKind("pem-pkcs8", "structured", _make_pem("PRIVATE " + "KEY")),
    TokenKind("jwt", "structured", _make_jwt),
    _unlisted("sourcegraph", ("sg", "p_"), HEX, 40),
    _unlisted("typeform", ("tf", "p_"), LOWER + DIGITS, 59),
    _unlisted("frame-io", ("fio", "-u-"), URLSAFE, 64),
    _unlisted("prefect", ("pn", "u_"), LOWER + DIGITS, 36),
    _unlisted("readme", ("rd", "me_"), LOWER + DIGITS, 70),
    _unlisted("shippo", ("shippo", "_live_"), HEX, 40),
    _unlisted("easypost", ("EZ", "AK"), BASE62, 54),
    _unlisted("clojars", ("CLO", "JARS_"), LOWER + DIGITS, 60),
    _unlisted("adobe", ("p8", "e-"), LOWER + DIGITS, 32),
    _unlisted("duffel", ("duffel", "_live_"), URLSAFE, 43),
    _unlisted("alibaba", ("LT", "AI"), LOWER + DIGITS, 20),
    TokenKind("dynatrace", "unlisted", _make_dynatrace),
    _opaque("aws-secret", BASE64, 40),
    _opaque("azure-storage-key", BASE64, 86, "=="),
    _opaque("hex-32", HEX, 32),
    _opaque("hex-40", HEX, 40),
    _opaque("hex-64", HEX, 64),
    _opaque("base32-16", BASE32, 16),
    _opaque("base32-32", BASE32, 32),
    _opaque("base58-44", BASE58, 44),
    _opaque("base62-16", BASE62, 16),
    _opaque("base62-32", BASE62, 32),
    _opaque("base64-44", BASE64, 43, "="),
    _opaque("base64url-43", URLSAFE, 43),
    _opaque("letters-16", LOWER, 16),
    TokenKind("uuid", "opaque", _make_uuid),
    TokenKind("basic-credentials", "opaque", _make_basic),
    TokenKind("password", "opaque", _make_password),
)


def make_token(kind: TokenKind, seed: int = 0) -> str:
    """Make the same token for the same kind and seed, in every process."""
    return kind.make(random.Random(f"{kind.name}/{seed}"))
