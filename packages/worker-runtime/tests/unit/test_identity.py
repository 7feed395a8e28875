"""A Backend's identity on disk, and its rotation."""

import json
import os
from pathlib import Path

import pytest

from worker_runtime.trust.identity import create_identity, finish_rotation, load_identity, start_rotation
from yoi_wire.errors import RequestInvalidError, RuntimeUnavailableError, StoreCorruptError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "backend" / "identity.json"


@pytest.mark.req("K-09")
@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_only_the_owner_may_read_an_identity_whatever_the_umask(path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        create_identity(path, issuer="main")
        start_rotation(path)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o077 == 0


def test_an_identity_is_read_as_it_was_made(path: Path) -> None:
    made = create_identity(path, issuer="main")
    read = load_identity(path)
    assert (read.issuer, read.active.key_id, read.active.public_key, read.next) == (
        "main",
        made.active.key_id,
        made.active.public_key,
        None,
    )


def test_an_identity_is_never_made_over_another(path: Path) -> None:
    create_identity(path, issuer="main")
    before = path.read_bytes()
    with pytest.raises(RequestInvalidError, match="already"):
        create_identity(path, issuer="main")
    assert path.read_bytes() == before


@pytest.mark.parametrize("issuer", ["", "local", "Main", "a b", "../x", "main\n", "x" * 129])
def test_a_name_that_no_backend_may_have_is_refused(path: Path, issuer: str) -> None:
    with pytest.raises(RequestInvalidError) as caught:
        create_identity(path, issuer=issuer)
    assert caught.value.field == "issuer"
    assert not path.exists()


@pytest.mark.req("K-09")
def test_a_rotation_has_two_keys_and_signs_with_the_next_only_at_its_end(path: Path) -> None:
    first = create_identity(path, issuer="main").active
    started = start_rotation(path)
    assert started.next is not None
    assert started.active.key_id == first.key_id != started.next.key_id
    again = start_rotation(path)
    assert again.next is not None and again.next.key_id == started.next.key_id
    finished = finish_rotation(path)
    assert (finished.active.key_id, finished.next) == (started.next.key_id, None)
    assert load_identity(path).active.key_id == started.next.key_id


def test_a_rotation_that_was_not_begun_cannot_be_finished(path: Path) -> None:
    create_identity(path, issuer="main")
    with pytest.raises(RequestInvalidError, match="rotation"):
        finish_rotation(path)


def test_nothing_but_the_identity_and_its_lock_stays_in_the_directory(path: Path) -> None:
    create_identity(path, issuer="main")
    start_rotation(path)
    finish_rotation(path)
    with pytest.raises(RequestInvalidError):
        create_identity(path, issuer="main")
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["identity.json", "identity.json.lock"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_an_identity_that_others_may_read_is_refused(path: Path, mode: int) -> None:
    create_identity(path, issuer="main")
    path.chmod(mode)
    with pytest.raises(RequestInvalidError, match="others"):
        load_identity(path)


def test_an_identity_that_is_not_there_is_said_to_be_missing(path: Path) -> None:
    with pytest.raises(RequestInvalidError, match="no identity"):
        load_identity(path)
    with pytest.raises(RequestInvalidError, match="no identity"):
        start_rotation(path)


def test_what_is_no_plain_file_is_refused(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises((RequestInvalidError, RuntimeUnavailableError)):
        load_identity(path)
    fifo = path.parent / "fifo"
    os.mkfifo(fifo, 0o600)
    with pytest.raises(RequestInvalidError, match="plain file"):
        load_identity(fifo)


def _damage(document: dict[str, object], case: str) -> str:
    key = dict(document["keys"][0])  # type: ignore[index]
    match case:
        case "cut":
            return json.dumps(document)[:-5]
        case "no key":
            return json.dumps({**document, "keys": []})
        case "three keys":
            return json.dumps({**document, "keys": [key] * 3})
        case "another id":
            return json.dumps({**document, "keys": [{**key, "kid": "A" * 43}]})
        case "halves of two keys":
            return json.dumps({**document, "keys": [{**key, "x": "A" * 43}]})
        case "a short private half":
            return json.dumps({**document, "keys": [{**key, "d": key["d"][:-2]}]})
        case "another curve":
            return json.dumps({**document, "keys": [{**key, "crv": "X25519"}]})
        case "an unknown field":
            return json.dumps({**document, "more": 1})
        case "a name that may not be":
            return json.dumps({**document, "issuer": "A B"})
        case _:
            return "\x80"


@pytest.mark.parametrize(
    "case",
    [
        "cut",
        "no key",
        "three keys",
        "another id",
        "halves of two keys",
        "a short private half",
        "another curve",
        "an unknown field",
        "a name that may not be",
        "not text",
    ],
)
def test_a_damaged_identity_is_refused_and_its_key_is_not_told(path: Path, case: str) -> None:
    create_identity(path, issuer="main")
    document = json.loads(path.read_bytes())
    path.write_bytes(_damage(document, case).encode("latin-1"))
    with pytest.raises(StoreCorruptError) as caught:
        load_identity(path)
    assert document["keys"][0]["d"][:20] not in f"{caught.value!r}{caught.value.__cause__!r}"
    assert caught.value.details() == {"what": "identity"}


def test_an_endless_file_is_not_read_to_its_end(path: Path) -> None:
    create_identity(path, issuer="main")
    path.write_bytes(b" " * 100_000)
    with pytest.raises(RequestInvalidError, match="longer"):
        load_identity(path)
