"""The file of trusted keys."""

import json
import threading
from pathlib import Path

import pytest
from joserfc.jwk import OKPKey

from worker_runtime.trust.identity import format_public_key
from worker_runtime.trust.trust_store import TrustStore
from yoi_wire.errors import RequestInvalidError, StoreCorruptError

ADDED_AT = "2026-01-01T00:00:00Z"


def make_key() -> str:
    return format_public_key(OKPKey.generate_key("Ed25519"))


def add(
    store: TrustStore, *, issuer: str = "main", key: str | None = None, rotation: bool = False, **more: object
) -> str:
    return store.add(
        issuer=issuer,
        public_key=key or make_key(),
        workspaces=more.get("workspaces", ["library"]),  # type: ignore[arg-type]
        added_at=ADDED_AT,
        rotation=rotation,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runtime" / "trusted-keys.json"


@pytest.fixture
def store(path: Path) -> TrustStore:
    return TrustStore(path)


def test_without_a_file_nobody_is_trusted(store: TrustStore) -> None:
    assert store.read().keys == {}
    assert store.read().find_key("A" * 43) is None


@pytest.mark.req("K-09")
def test_a_key_is_trusted_for_the_listed_workspaces_only(store: TrustStore, path: Path) -> None:
    key_id = add(store, workspaces=["library", "office"])
    found = TrustStore(path).read().find_key(key_id)
    assert found is not None
    assert (found.issuer, found.workspaces) == ("main", {"library", "office"})
    assert path.stat().st_mode & 0o777 == 0o600


def test_adding_a_key_again_replaces_its_workspaces(store: TrustStore) -> None:
    key = make_key()
    key_id = add(store, key=key, workspaces=["library", "office"])
    assert add(store, key=key, workspaces=["garden"]) == key_id
    found = store.read().find_key(key_id)
    assert found is not None and found.workspaces == {"garden"}


@pytest.mark.req("K-09")
def test_a_revoked_key_is_trusted_no_longer_by_a_store_that_is_open(path: Path, store: TrustStore) -> None:
    key_id = add(store)
    server = TrustStore(path)
    assert server.read().find_key(key_id) is not None
    assert store.revoke(key_id) is True
    assert server.read().find_key(key_id) is None
    assert store.revoke(key_id) is False


def test_a_file_that_was_taken_away_trusts_nobody(path: Path, store: TrustStore) -> None:
    key_id = add(store)
    assert store.read().find_key(key_id) is not None
    path.unlink()
    assert store.read().find_key(key_id) is None


@pytest.mark.req("K-09")
def test_a_second_key_of_an_issuer_has_to_be_called_a_rotation_and_a_third_is_refused(
    store: TrustStore,
) -> None:
    first = add(store)
    with pytest.raises(RequestInvalidError, match="rotation"):
        add(store)
    second = add(store, rotation=True)
    with pytest.raises(RequestInvalidError, match="two keys"):
        add(store, rotation=True)
    assert store.revoke(first)
    assert set(store.read().keys) == {second}
    add(store, rotation=True)


def test_two_issuers_stand_side_by_side(store: TrustStore) -> None:
    first, second = add(store, issuer="main"), add(store, issuer="other")
    assert {key_id: key.issuer for key_id, key in store.read().keys.items()} == {
        first: "main",
        second: "other",
    }


@pytest.mark.req("R-07")
def test_a_key_cannot_pass_to_another_issuer(store: TrustStore) -> None:
    key = make_key()
    add(store, key=key)
    with pytest.raises(RequestInvalidError, match="another issuer"):
        add(store, issuer="other", key=key)


@pytest.mark.parametrize("workspaces", [[], ["*"], ["Library"], [""], ["library\n"], [7]])
def test_there_is_no_word_for_all_workspaces(store: TrustStore, path: Path, workspaces: list[str]) -> None:
    with pytest.raises(RequestInvalidError) as caught:
        add(store, workspaces=workspaces)
    assert caught.value.field == "workspaces"
    assert not path.exists()


@pytest.mark.parametrize("issuer", ["", "local", "Main"])
def test_nobody_is_trusted_under_the_operators_own_name(store: TrustStore, issuer: str) -> None:
    with pytest.raises(RequestInvalidError) as caught:
        add(store, issuer=issuer)
    assert caught.value.field == "issuer"


@pytest.mark.parametrize(
    "key",
    [
        "x",
        "ed25519:",
        "ed25519:" + "A" * 42,
        "ed25519:" + "A" * 44,
        "ed25519:" + "A" * 42 + "B",
        "ed25519:" + "é" * 43,
        "ed25519:" + "A" * 42 + "\n",
        "ed25519:" + "A" * 42 + "+",
        "rsa:" + "A" * 43,
        "A" * 43,
    ],
)
def test_what_is_no_public_key_is_refused(store: TrustStore, key: str) -> None:
    with pytest.raises(RequestInvalidError) as caught:
        add(store, key=key)
    assert caught.value.field == "public_key"


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_may_write_is_refused_even_when_it_was_read_before(
    store: TrustStore, path: Path, mode: int
) -> None:
    add(store)
    store.read()
    path.chmod(mode)
    for _ in range(2):
        with pytest.raises(RequestInvalidError, match="write"):
            store.read()
    path.chmod(0o644)
    assert len(store.read().keys) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda document, entry: {},
        lambda document, entry: {**document, "version": 2},
        lambda document, entry: {**document, "more": 1},
        lambda document, entry: {**document, "keys": {"A" * 43: entry}},
        lambda document, entry: {**document, "keys": {"short": entry}},
        lambda document, entry: {**document, "keys": _only(document, {**entry, "issuer": "local"})},
        lambda document, entry: {**document, "keys": _only(document, {**entry, "workspaces": []})},
        lambda document, entry: {**document, "keys": _only(document, {**entry, "workspaces": ["*"]})},
        lambda document, entry: {**document, "keys": _only(document, {**entry, "admin": True})},
        lambda document, entry: [document],
    ],
    ids=range(10),
)
def test_a_file_damaged_by_hand_trusts_nobody(store: TrustStore, path: Path, change: object) -> None:
    key_id = add(store)
    document = json.loads(path.read_bytes())
    changed = change(document, document["keys"][key_id])  # type: ignore[operator]
    if changed == {}:
        path.write_bytes(b"{")
    else:
        path.write_text(json.dumps(changed), encoding="utf-8")
    for _ in range(2):
        with pytest.raises(StoreCorruptError):
            store.read()
    with pytest.raises(StoreCorruptError):
        add(store, issuer="other")


def _only(document: dict[str, dict[str, object]], entry: object) -> dict[str, object]:
    return dict.fromkeys(document["keys"], entry)


def test_keys_added_at_once_are_all_kept(path: Path) -> None:
    threads = [
        threading.Thread(target=add, args=(TrustStore(path),), kwargs={"issuer": f"backend-{number}"})
        for number in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {key.issuer for key in TrustStore(path).read().keys.values()} == {
        f"backend-{number}" for number in range(12)
    }


def test_a_change_that_cannot_be_written_leaves_what_was_there(path: Path, store: TrustStore) -> None:
    add(store)
    before = path.read_bytes()
    with pytest.raises(RequestInvalidError):
        add(store, issuer="other", workspaces=["*"])
    assert path.read_bytes() == before
    assert sorted(entry.name for entry in path.parent.iterdir()) == [path.name, f"{path.name}.lock"]
