"""The rows of the access matrix; each area has its table, and `ROWS` holds them all."""

from support.backend.access_matrix import ALL, MISSING, AccessRow, grant_from
from support.backend.access_rows_fleet import FLEET_ROWS
from yoi_bundle.media_types import BUNDLE_ARCHIVE_MEDIA_TYPE

_WORKSPACE = "/api/v1/workspaces/{workspace}"
_PUBLIC = AccessRow(own=ALL, whole=ALL, public=True)
_ELSEWHERE = (303, 303, 303)
_READ = AccessRow(own=ALL, other=MISSING, whole=ALL)

_SYSTEM = {
    ("GET", "/api/v1/whoami"): AccessRow(own=ALL, whole=ALL),
    ("GET", "/"): AccessRow(own=_ELSEWHERE, whole=_ELSEWHERE, public=True),
    ("GET", "/healthz"): _PUBLIC,
    ("GET", "/readyz"): _PUBLIC,
    ("GET", "/metrics"): _PUBLIC,
    ("GET", "/openapi.json"): _PUBLIC,
    ("GET", "/docs"): _PUBLIC,
}

_WORKSPACES = {
    ("GET", "/api/v1/workspaces"): AccessRow(own=ALL, whole=ALL),
    ("POST", "/api/v1/workspaces"): AccessRow(
        own=(403, 403, 403),
        whole=grant_from("admin", 201),
        document=lambda target: {"id": target.values["unused"], "source": {"kind": "published"}},
    ),
    ("GET", _WORKSPACE): _READ,
    ("PATCH", _WORKSPACE): AccessRow(
        own=grant_from("admin"),
        other=MISSING,
        whole=grant_from("admin"),
        document=lambda _: {"title": "Reading room"},
    ),
    ("DELETE", _WORKSPACE): AccessRow(
        own=grant_from("admin", 204), other=MISSING, whole=grant_from("admin", 204)
    ),
}

_CONTENT = {
    ("GET", f"{_WORKSPACE}/builds"): _READ,
    ("POST", f"{_WORKSPACE}/builds"): AccessRow(
        own=grant_from("operator", 201), other=MISSING, whole=grant_from("operator", 201)
    ),
    ("POST", f"{_WORKSPACE}/bundles"): AccessRow(
        own=grant_from("operator"),
        other=MISSING,
        whole=grant_from("operator"),
        headers={"Content-Type": BUNDLE_ARCHIVE_MEDIA_TYPE},
        body=lambda target: target.archive,
    ),
    ("GET", f"{_WORKSPACE}/bundles/{{digest}}"): _READ,
    ("GET", f"{_WORKSPACE}/bundles/{{digest}}/archive"): AccessRow(
        own=grant_from("operator"), other=MISSING, whole=grant_from("operator")
    ),
    ("GET", f"{_WORKSPACE}/revisions"): _READ,
    ("GET", f"{_WORKSPACE}/diff"): AccessRow(own=ALL, other=MISSING, whole=ALL, query="?from=1&to=1"),
    ("GET", f"{_WORKSPACE}/activations"): _READ,
    ("POST", f"{_WORKSPACE}/activations"): AccessRow(
        own=grant_from("operator", 201),
        other=MISSING,
        whole=grant_from("operator", 201),
        document=lambda _: {"revision": 1, "reason": "tried"},
    ),
    ("POST", f"{_WORKSPACE}/rollback"): AccessRow(
        own=grant_from("operator", 201),
        other=MISSING,
        whole=grant_from("operator", 201),
        document=lambda _: {"revision": 1},
    ),
    ("POST", f"{_WORKSPACE}/release"): AccessRow(
        own=grant_from("operator"), other=MISSING, whole=grant_from("operator")
    ),
    ("GET", f"{_WORKSPACE}/revocations"): _READ,
    ("POST", f"{_WORKSPACE}/revocations"): AccessRow(
        own=grant_from("operator", 201),
        other=MISSING,
        whole=grant_from("operator", 201),
        document=lambda target: {"digest": target.values["digest"]},
    ),
}

_TOKENS = {
    ("GET", "/api/v1/tokens"): AccessRow(own=(403, 403, 403), whole=grant_from("admin")),
    ("POST", "/api/v1/tokens"): AccessRow(
        own=(403, 403, 403),
        whole=grant_from("admin", 201),
        document=lambda _: {"name": "guest", "role": "viewer", "workspaces": ["library"]},
    ),
    ("DELETE", "/api/v1/tokens/{token}"): AccessRow(own=(403, 403, 403), whole=grant_from("admin", 204)),
}

_AUDIT = {
    ("POST", "/api/v1/audit/prune"): AccessRow(
        own=(403, 403, 403),
        whole=grant_from("admin", 400),
        document=lambda _: {"through": 1, "hash": "0" * 64},
    ),
    ("GET", "/api/v1/audit"): AccessRow(own=grant_from("operator"), whole=grant_from("operator")),
    ("GET", "/api/v1/events"): AccessRow(
        own=grant_from("operator"), whole=grant_from("operator"), endless=True
    ),
}

ROWS: dict[tuple[str, str], AccessRow] = {
    **_SYSTEM,
    **_WORKSPACES,
    **_CONTENT,
    **_TOKENS,
    **_AUDIT,
    **FLEET_ROWS,
}
