import pytest

from yoi_bundle.boundary.file_names import find_forbidden_name


@pytest.mark.req("B-07")
@pytest.mark.parametrize(
    "path",
    [".env", ".env.local", ".ENV", "skills/x/.env.production", "prod.env", "server.pem", "tls/server.key", "id_rsa", "id_ed25519", "id_ed25519.pub", "keys/id_ecdsa_sk", ".netrc", "_netrc", ".npmrc", ".pypirc", "cert.p12", "cert.pfx", "credentials.json", "client_secret_1.json", "service-account.json", "secrets.yaml", ".git-credentials", "state.tfstate"],
)  # fmt: skip
def test_files_that_hold_credentials_by_convention_never_enter(path: str) -> None:
    assert find_forbidden_name(path) is not None


@pytest.mark.req("B-07")
@pytest.mark.parametrize(
    "path",
    [
        ".env.example",
        ".env.sample",
        ".env.template",
        "id_mapping.md",
        "identity.md",
        "environment.md",
        "keyboard.md",
        "pem.md",
        "secrets.md",
        "credentials.md",
        "monkey",
        "id_.d/readme.md",
        "credentials/readme.md",
    ],
)
def test_files_that_only_sound_like_it_pass(path: str) -> None:
    assert find_forbidden_name(path) is None
