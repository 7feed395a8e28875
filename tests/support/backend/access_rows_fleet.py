"""The rows of the access matrix about Runtimes, placement and Workers."""

from support.backend.access_matrix import ALL, AccessRow, Statuses, grant_from

_RUNTIME = "/api/v1/runtimes/{runtime}"
_WORKER = "/api/v1/workers/{worker}"
_NONE: Statuses = (403, 403, 403)
_READ = AccessRow(own=ALL, whole=ALL)
_CONTROL = AccessRow(own=grant_from("operator"), whole=grant_from("operator"))

FLEET_ROWS: dict[tuple[str, str], AccessRow] = {
    ("GET", "/api/v1/runtimes"): _READ,
    # Who may not see where Runtimes are may not say it: these tokens do not name the scope.
    ("POST", "/api/v1/runtimes"): AccessRow(
        own=_NONE,
        whole=_NONE,
        document=lambda target: {
            "name": target.values["unused"],
            "audience": target.values["unused"],
            "connection": {"url": "http://127.0.0.1:9"},
        },
    ),
    ("GET", _RUNTIME): _READ,
    ("PATCH", _RUNTIME): AccessRow(
        own=_NONE, whole=grant_from("admin"), document=lambda _: {"labels": {"floor": "2"}}
    ),
    ("DELETE", _RUNTIME): AccessRow(
        own=_NONE, whole=grant_from("admin", 204), renamed={"runtime": "spare_runtime"}
    ),
    # No role brings it: the token has to name the scope.
    ("GET", f"{_RUNTIME}/connection"): AccessRow(own=_NONE, whole=_NONE),
    ("POST", f"{_RUNTIME}/sync"): _CONTROL,
    ("POST", f"{_RUNTIME}/reset"): AccessRow(
        own=_NONE, whole=grant_from("admin"), query="?workspace=library"
    ),
    ("GET", "/api/v1/availability"): _READ,
    ("GET", "/api/v1/placements"): AccessRow(own=_NONE, whole=ALL),
    ("PUT", "/api/v1/placements"): AccessRow(
        own=_NONE,
        whole=grant_from("admin"),
        document=lambda target: {"generation": int(target.values["generation"]), "rules": []},
    ),
    ("GET", "/api/v1/placements/explain"): AccessRow(
        own=ALL, whole=ALL, query="?workspace=library&runtime={runtime}"
    ),
    ("GET", "/api/v1/workers"): _READ,
    ("POST", "/api/v1/workers"): AccessRow(
        own=grant_from("operator"),
        whole=grant_from("operator"),
        document=lambda target: {
            "workspace": "library",
            "key": target.values["unused"],
            "selector": "workspace:reviewer",
            "runtime": target.values["runtime"],
        },
    ),
    ("POST", "/api/v1/workers:resolve"): AccessRow(
        own=ALL,
        whole=ALL,
        document=lambda target: {
            "workspace": "library",
            "selector": "workspace:reviewer",
            "runtime": target.values["runtime"],
        },
    ),
    ("GET", _WORKER): _READ,
    ("GET", f"{_WORKER}/spec"): _CONTROL,
    ("GET", f"{_WORKER}/explanation"): _READ,
    ("GET", f"{_WORKER}/rights"): _READ,
    ("GET", f"{_WORKER}/events"): _READ,
    ("GET", f"{_WORKER}/approvals"): _READ,
    ("POST", f"{_WORKER}/approvals/{{approval}}"): AccessRow(
        own=(403, 404, 404), whole=(403, 404, 404), document=lambda _: {"verdict": "allow"}
    ),
    ("POST", f"{_WORKER}/input"): AccessRow(
        own=grant_from("operator"), whole=grant_from("operator"), document=lambda _: {"text": "hello"}
    ),
    ("POST", f"{_WORKER}/stop"): _CONTROL,
    ("POST", f"{_WORKER}/cancel"): _CONTROL,
    ("DELETE", _WORKER): AccessRow(
        own=grant_from("operator", 204),
        whole=grant_from("operator", 204),
        renamed={"worker": "ended_worker"},
    ),
}
