"""The token of a Runtime that trusts no key yet."""

from pathlib import Path

import pytest

from worker_runtime.trust.local_token import (
    LOCAL_TOKEN_PREFIX,
    TokenRefusedError,
    create_local_token,
    find_local_token,
    verify_local_token,
)
from yoi_wire.errors import RequestInvalidError, StoreCorruptError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runtime" / "local-token"


@pytest.mark.req("K-09")
def test_a_token_is_made_once_and_only_its_owner_may_read_it(path: Path) -> None:
    assert find_local_token(path) is None
    token = create_local_token(path)
    assert token.startswith(LOCAL_TOKEN_PREFIX) and len(token) == len(LOCAL_TOKEN_PREFIX) + 43
    assert create_local_token(path) == find_local_token(path) == token
    assert path.stat().st_mode & 0o777 == 0o600


def test_two_hosts_have_two_tokens(path: Path, tmp_path: Path) -> None:
    assert create_local_token(path) != create_local_token(tmp_path / "other")


@pytest.mark.req("K-09")
def test_only_the_very_token_is_taken(path: Path) -> None:
    token = create_local_token(path)
    verify_local_token(token, expected=token)
    for wrong in ("", token[:-1], token + "A", token[:-1] + "\0", token.upper(), "é", "\udc80", " " + token):
        with pytest.raises(TokenRefusedError) as caught:
            verify_local_token(wrong, expected=token)
        assert caught.value.reason == "local_token"
        assert caught.value.details() == {}
        assert token not in str(caught.value)


def test_a_token_that_others_may_read_is_refused(path: Path) -> None:
    create_local_token(path)
    path.chmod(0o644)
    with pytest.raises(RequestInvalidError, match="others"):
        create_local_token(path)


@pytest.mark.parametrize("content", [b"", b"\n", b"x" * 53, b"\xff" * 53, b"yoi_local_" + b"A" * 42])
def test_a_file_that_holds_something_else_is_not_taken_for_a_token(path: Path, content: bytes) -> None:
    create_local_token(path)
    path.write_bytes(content)
    with pytest.raises(StoreCorruptError):
        find_local_token(path)
