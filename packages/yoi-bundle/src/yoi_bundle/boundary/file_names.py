"""File names that hold credentials by convention and never enter a bundle (B-07)."""

import re

_NAMES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), what)
    for pattern, what in (
        (
            r"\.env(?!\.(?:example|sample|template|dist)$)(?:rc)?(?:\..*)?|.+\.env|env\.local",
            "an environment file",
        ),
        (r".+\.(?:pem|key|p12|pfx|jks|keystore|kdbx|ppk|pkcs12|p8|asc\.key|ovpn)", "a key file"),
        (r"id_[a-z0-9_-]+(?:\.pub)?", "an SSH key"),
        (
            r"[._](?:netrc|npmrc|pypirc|pgpass|htpasswd|git-credentials|dockercfg|s3cfg|my\.cnf|boto)",
            "a credentials file",
        ),
        (
            r"(?:application_default_)?credentials(?:\.(?:json|ya?ml|toml|ini|xml|csv))?"
            r"|(?:client_secrets?|service[-_]account(?:[-_]key)?)(?:[-_.].*)?\.json"
            r"|secrets?\.(?:json|ya?ml|toml|ini|env)|terraform\.tfvars|.+\.tfstate(?:\.backup)?|kubeconfig",
            "a credentials file",
        ),
    )
)


def find_forbidden_name(path: str) -> str | None:
    """Say what kind of credentials file a path's last segment names, or None.

    `.env.example`, `.env.sample`, `.env.template` and `.env.dist` pass: they are there to be read. `id_*` is a key
    only without extension or with `.pub`, so that `id_mapping.md` passes.
    """
    name = path.rstrip("/").rsplit("/", 1)[-1]
    return next((what for pattern, what in _NAMES if pattern.fullmatch(name)), None)
