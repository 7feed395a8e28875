"""Which names of fields say that a credential stands there, and what to call the secret ref in its place (B-07)."""

import re

from yoi_bundle.boundary.generated_value_shape import find_shape_fault

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")

_CREDENTIAL_WORDS_TEXT = """
accesskey apikey appkey auth authentication authorization authtoken bearer connectionstring cookie cookies cred
credential credentials creds databaseurl dsn jwt key keys otp pass passcode passphrase passwd password passwords
pat pin pw pwd sas secret secrets session sessionid sig signature token tokens webhook webhookurl
"""
_CREDENTIAL_ENDINGS = ("apikey", "accesskey", "secretkey", "privatekey", "token", "password", "secret")
_ABOUT_LAST_TEXT = """
algorithm algorithms audience bits budget bytes count days disabled enabled endpoint expiration expires expiry
file format header hours issuer length lifetime limit limits max method min minutes mode model name names owner
path prefix provider providers realm region required scheme scope scopes seconds size source store strategy
suffix timeout ttl type types url urls uri version
"""
_ABOUT_FIRST_TEXT = """
allow disable enable foreign max min no partition primary public require skip sort use with without
"""

_CREDENTIAL_WORDS = frozenset(_CREDENTIAL_WORDS_TEXT.split())
_ABOUT_LAST = frozenset(_ABOUT_LAST_TEXT.split())
_ABOUT_FIRST = frozenset(_ABOUT_FIRST_TEXT.split())


def split_name(name: str) -> list[str]:
    """Split `X-Api-Key`, `--clientSecret` or `DB_PASSWORD` into lower-case words."""
    return [word.lower() for word in _WORD.findall(name)]


def is_credential_name(name: str) -> bool:
    """Tell whether an environment variable, header, query field, flag or key of this name holds a credential.

    A name that speaks *about* a credential (`AUTH_TYPE`, `MAX_TOKENS`, `--no-auth`) does not hold one.
    """
    words = split_name(name)
    if not words:
        return False
    if "".join(words[-2:]) in _CREDENTIAL_WORDS:
        return True
    if words[0] in _ABOUT_FIRST or words[-1] in _ABOUT_LAST:
        return False
    return any(word in _CREDENTIAL_WORDS or word.endswith(_CREDENTIAL_ENDINGS) for word in words)


def suggest_secret_name(name: str) -> str:
    """Return a secret ref's name for a field: `X-Api-Key` gives `x-api-key`, `DB_PASSWORD` `db-password`.

    A name that looks generated may be the credential itself, and is not repeated.
    """
    if find_shape_fault(name) is not None:
        return "secret"
    suggestion = "-".join(split_name(name))[:64].rstrip("-")
    return suggestion if suggestion[:1].isalpha() else f"secret-{suggestion}".rstrip("-")
