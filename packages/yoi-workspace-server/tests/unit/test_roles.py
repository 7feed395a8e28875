"""Roles and their permissions."""

from typing import get_args

import pytest

from yoi_wire.backend.tokens import Permission, Role
from yoi_wire.errors import ForbiddenError
from yoi_workspace_server.roles import LEAST_ROLES, ROLES, Principal, verify_permission, verify_whole_backend


def _principal(role: Role, **more: object) -> Principal:
    return Principal(name="someone", token="t1", role=role, **{"workspaces": None, **more})


@pytest.mark.req("K-09")
def test_every_permission_has_its_least_role() -> None:
    assert set(LEAST_ROLES) == set(get_args(Permission))


@pytest.mark.req("K-09")
def test_a_greater_role_may_all_that_a_lesser_one_may() -> None:
    for permission in LEAST_ROLES:
        allowed = [
            _principal(role, scopes=frozenset({"runtimes:connection"})).may(permission) for role in ROLES
        ]
        assert allowed == sorted(allowed), permission
        assert allowed[-1], permission


@pytest.mark.req("K-09")
def test_a_viewer_changes_nothing_and_sees_no_secret_names() -> None:
    viewer = _principal("viewer", scopes=frozenset({"runtimes:connection"}))
    may = {permission for permission in LEAST_ROLES if viewer.may(permission)}
    assert all(permission.endswith(":read") for permission in may)
    assert not may & {"secret_names:read", "audit:read"}


@pytest.mark.req("K-07", "K-09")
def test_connections_of_runtimes_need_a_scope_that_no_role_brings() -> None:
    assert not _principal("admin").may("runtimes:connection")
    assert _principal("operator", scopes=frozenset({"runtimes:connection"})).may("runtimes:connection")
    with pytest.raises(ForbiddenError):
        verify_permission(_principal("admin"), "runtimes:connection")


@pytest.mark.req("K-09")
def test_a_token_of_some_workspaces_decides_nothing_for_all() -> None:
    confined = _principal("admin", workspaces=frozenset({"library"}))
    assert confined.sees("library")
    assert not confined.sees("archive")
    with pytest.raises(ForbiddenError):
        verify_whole_backend(confined, "placements:write")
    verify_whole_backend(_principal("admin"), "placements:write")
