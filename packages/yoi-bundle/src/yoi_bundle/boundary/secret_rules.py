r"""Our own narrow rules for credentials: formats whose providers give them a prefix or a frame (B-07).

They need no scanner, so that a Runtime can look through every key and title of a manifest on accept. The scanners
know many more; these are the formats that both agent configuration and its readers meet most.
"""

import re
import string
from collections.abc import Iterator

from msgspec import Struct

from yoi_bundle.boundary.disguised_text import reveal_disguised

_FORMATS: tuple[tuple[str, str, str], ...] = (
    ("anthropic", "sk-ant-", r"sk-ant-[a-z0-9]{3,12}-[A-Za-z0-9_-]{60,120}"),
    (
        "openai",
        "sk-",
        r"sk-(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{40,200}"
        r"|sk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}",
    ),
    ("openrouter", "sk-or-", r"sk-or-v1-[0-9a-f]{64}"),
    (
        "github",
        "gho_ ghp_ ghs_ ghu_ ghr_ github_pat_",
        r"gh[opsur]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}",
    ),
    (
        "gitlab",
        "glpat- gldt- glrt- glcbt- glptt- glsoat-",
        r"gl(?:pat|dt|rt|cbt|ptt|soat)-[A-Za-z0-9_-]{20,60}",
    ),
    (
        "slack",
        "xoxa- xoxb- xoxe- xoxo- xoxp- xoxr- xoxs- xapp- hooks.slack.com",
        r"xox[abeoprs]-[0-9]{8,14}-[0-9A-Za-z-]{20,160}"
        r"|xapp-[0-9]-[A-Z0-9]{8,14}-[0-9]{8,14}-[0-9a-z]{40,80}"
        r"|hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9]{8,14}/[A-Za-z0-9]{8,14}/[A-Za-z0-9]{18,50}",
    ),
    (
        "stripe",
        "_live_ _test_ _prod_ whsec_",
        r"[rs]k_(?:live|test|prod)_[A-Za-z0-9]{20,120}|whsec_[A-Za-z0-9+/]{32,64}",
    ),
    ("aws", "AKIA ASIA ABIA ACCA", r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}"),
    (
        "google",
        "AIza GOCSPX- ya29.",
        r"AIza[A-Za-z0-9_-]{35}|GOCSPX-[A-Za-z0-9_-]{28}|ya29\.[A-Za-z0-9_-]{60,400}",
    ),
    ("npm", "npm_", r"npm_[A-Za-z0-9]{36}"),
    ("pypi", "pypi-", r"pypi-AgE[A-Za-z0-9_-]{60,400}"),
    ("hugging-face", "hf_", r"hf_[A-Za-z]{34}"),
    ("sendgrid", "SG.", r"SG\.[A-Za-z0-9_-]{20,24}\.[A-Za-z0-9_-]{39,50}"),
    ("twilio", "SK", r"SK[0-9a-f]{32}"),
    ("mailgun", "key-", r"key-[0-9a-f]{32}"),
    ("mailchimp", "-us1 -us2 -us3 -us4 -us5 -us6 -us7 -us8 -us9", r"[0-9a-f]{32}-us[0-9]{1,2}"),
    ("discord", ".", r"[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40}"),
    ("telegram", ":AA", r"[0-9]{8,10}:AA[A-Za-z0-9_-]{33}"),
    ("digitalocean", "_v1_", r"do[opr]_v1_[0-9a-f]{64}"),
    ("shopify", "shpat_ shpca_ shppa_ shpss_", r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
    ("square", "sq0", r"sq0(?:atp|csp|idp)-[A-Za-z0-9_-]{22,43}"),
    ("atlassian", "TT3", r"AT[A-Z]TT3[A-Za-z0-9_=-]{60,260}"),
    ("linear", "lin_", r"lin_(?:api|oauth)_[A-Za-z0-9]{32,64}"),
    ("notion", "ntn_", r"ntn_[0-9]{11}[A-Za-z0-9]{35}"),
    ("figma", "figd_ figo_ figu_ figr_", r"fig[dour]_[A-Za-z0-9_-]{40,60}"),
    ("databricks", "dapi", r"dapi[0-9a-f]{32}"),
    ("vault", "hvs. hvb. hvr.", r"hv[sbr]\.[A-Za-z0-9_-]{24,300}"),
    ("doppler", "dp.", r"dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[a-z0-9_-]{2,35}\.)?[A-Za-z0-9]{40,44}"),
    ("pulumi", "pul-", r"pul-[0-9a-f]{40}"),
    ("terraform", ".atlasv1.", r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,70}"),
    ("planetscale", "pscale_", r"pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_=.-]{32,64}"),
    ("postman", "PMAK-", r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}"),
    ("new-relic", "NRAK-", r"NRAK-[A-Z0-9]{27}"),
    ("grafana", "glsa_ glc_", r"gl(?:sa_[A-Za-z0-9]{32}_[0-9a-f]{8}|c_[A-Za-z0-9+/]{32,400})"),
    ("airtable", "pat", r"pat[A-Za-z0-9]{14}\.[0-9a-f]{64}"),
    ("docker", "dckr_", r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{27,32}"),
    ("groq", "gsk_", r"gsk_[A-Za-z0-9]{52}"),
    ("perplexity", "pplx-", r"pplx-[A-Za-z0-9]{48}"),
    ("replicate", "r8_", r"r8_[A-Za-z0-9]{37}"),
    ("supabase", "sbp_ sb_secret_", r"sbp_[0-9a-f]{40}|sb_secret_[A-Za-z0-9_-]{22,40}"),
    ("rubygems", "rubygems_", r"rubygems_[0-9a-f]{48}"),
    ("mapbox", "k.eyJ1", r"[st]k\.eyJ1I[A-Za-z0-9_-]{40,200}\.[A-Za-z0-9_-]{20,40}"),
    ("azure", "8Q~ 7Q~", r"[A-Za-z0-9_~.-]{3}[78]Q~[A-Za-z0-9_~.-]{31,34}"),
    ("age", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}"),
    (
        "jwt",
        ".eyJ",
        r"eyJ[A-Za-z0-9_-]{15,1000}\.eyJ[A-Za-z0-9_-]{15,4000}\.[A-Za-z0-9_-]{40,1000}",
    ),
    (
        "private-key",
        "PRIVATE",
        r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
        r"(?:\\r|\\n|\s|[A-Za-z-]{1,40}: [^\n]{0,120}\n){0,64}(?:[A-Za-z0-9+/=]|\\r|\\n|\s){64}",
    ),
)
"""Rule id, the substrings of which one stands in every match (parted by spaces), and the format itself.

Every repetition has an upper bound, so that a search costs at most a constant for each character of a text.

Sources: the providers' own documentation of their tokens.
"""

_PLACEHOLDER = re.compile(
    r"example|placeholder|redacted|your|x{4}|\*{3}|0{6}|1234567|abcdefg|abc_?123|123_?abc|xyz789|(.)\1{5}",
    re.IGNORECASE,
)
_MIN_DISTINCT = 8
_SHORTEST_TOKEN = 20
_FORMAT_WITH_SPACE = "PRIVATE"
"""The anchor of the only format that goes on over a space; every other stands in one word."""

_WORD_CHARACTERS = frozenset(string.ascii_letters + string.digits)


class SecretFormat(Struct, frozen=True):
    """One format of credentials.

    Attributes:
        anchors: Substrings of which one stands in every match; far cheaper to look for than the pattern.
    """

    rule: str
    anchors: tuple[str, ...]
    pattern: re.Pattern[str]


SECRET_FORMATS: tuple[SecretFormat, ...] = tuple(
    SecretFormat(rule, tuple(anchors.split()), re.compile(rf"(?:{pattern})(?![A-Za-z0-9])", re.ASCII))
    for rule, anchors, pattern in _FORMATS
)


def iterate_provider_tokens(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield rule, start and end of every credential of a known format; placeholders in such a format are none."""
    for secret_format in list_possible_formats(text):
        yield from find_in_format(secret_format, text)


def list_possible_formats(text: str) -> list[SecretFormat]:
    """Return the formats that a text may hold, by their anchors."""
    return [one for one in SECRET_FORMATS if any(anchor in text for anchor in one.anchors)]


def find_in_format(secret_format: SecretFormat, text: str) -> Iterator[tuple[str, int, int]]:
    """Yield rule, start and end of every credential of one format."""
    match = secret_format.pattern.search(text)
    while match is not None:
        start, end = match.span()
        # A look-behind in the pattern would cost the search its fast path.
        if start and text[start - 1] in _WORD_CHARACTERS:
            end = start + 1
        elif not is_placeholder_token(match.group()):
            yield secret_format.rule, start, end
        match = secret_format.pattern.search(text, end)


def find_provider_token(text: str) -> str | None:
    """Return the rule of the first credential of a known format in a text, or None; also of one that only looks so."""
    return _find_provider_token(text) or (
        None if text.isascii() else _find_provider_token(reveal_disguised(text))
    )


def _find_provider_token(text: str) -> str | None:
    if _FORMAT_WITH_SPACE not in text:
        text = "\n".join(word for word in text.split() if len(word) >= _SHORTEST_TOKEN)
    if not text:
        return None
    return next((rule for rule, _, _ in iterate_provider_tokens(text)), None)


def is_placeholder_token(token: str) -> bool:
    """Tell whether what has a credential's format is filled in by hand: `ghp_xxxx…`, `AKIA…EXAMPLE`."""
    return bool(_PLACEHOLDER.search(token)) or len(set(token[-24:])) < _MIN_DISTINCT
