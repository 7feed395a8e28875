"""A Backend on a database out of a backup: nothing old wins by itself (K-01, K-08, K-09)."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.backend.backend_rest import BackendRest

pytestmark = pytest.mark.req("K-08")

LIBRARY = "/api/v1/workspaces/library"
_ORDER = {"workspace": "library", "key": "k", "selector": "workspace:clerk"}


@contextmanager
def _open(directory: Path, *, restored: bool = False) -> Iterator[BackendRest]:
    backend = BackendRest(directory, restored=restored)
    try:
        yield backend
    finally:
        backend.close()


@pytest.fixture
def restored(tmp_path: Path) -> Iterator[tuple[BackendRest, dict[str, str]]]:
    """Give a Backend that came back from a backup, and what was revoked after that had been made."""
    directory = tmp_path / "data"
    with _open(directory) as backend:
        backend.add_workspace()
        bundle = backend.publish("Be kind.\n")
        old = {"admin": backend.admin, "digest": bundle.digest, "operator": backend.add_token("operator")}
    shutil.copytree(directory, tmp_path / "backup")
    shutil.rmtree(directory)
    shutil.copytree(tmp_path / "backup", directory)
    with _open(directory, restored=True) as backend:
        yield backend, old


@pytest.mark.req("K-09")
def test_no_token_of_the_backup_is_in_force(restored: tuple[BackendRest, dict[str, str]]) -> None:
    backend, old = restored
    for secret in (old["admin"], old["operator"]):
        assert backend.ask("GET", "/api/v1/whoami", token=secret).status == 401
    assert backend.get("/api/v1/whoami")["name"] == "restored-admin"
    records = backend.get("/api/v1/audit")["items"]
    (record,) = [one for one in records if one["action"] == "backend.restored"]
    assert record["details"] == {"workspaces": 1, "tokens": 2}


@pytest.mark.req("K-01", "K-06")
def test_a_workspace_does_nothing_before_an_admin_releases_it(
    restored: tuple[BackendRest, dict[str, str]],
) -> None:
    backend, old = restored
    assert backend.get(LIBRARY)["suspended"]
    refused = backend.ask("POST", "/api/v1/workers", document=_ORDER)
    assert (refused.status, refused.problem["details"]["reason"]) == (409, "suspended")
    backend.publish("Be brief.\n")
    assert backend.get(LIBRARY)["active"]["digest"] == old["digest"], "nothing is activated by itself"
    operator = backend.add_token("operator", name="bob")
    assert backend.ask("POST", f"{LIBRARY}/release", token=operator).status == 403
    backend.post(f"{LIBRARY}/revocations", {"digest": old["digest"], "reason": "revoked after the backup"})
    assert not backend.post(f"{LIBRARY}/release", status=200)["suspended"]
    assert backend.get(LIBRARY)["active"] is None
    assert backend.ask("POST", f"{LIBRARY}/release", token=operator).status == 200


def test_a_second_start_suspends_nothing_by_itself(tmp_path: Path) -> None:
    with _open(tmp_path / "data") as backend:
        backend.add_workspace()
        admin = backend.admin
        assert not backend.get(LIBRARY)["suspended"]
    with _open(tmp_path / "data", restored=True) as backend:
        assert backend.admin != admin
        assert backend.get(LIBRARY)["suspended"]
