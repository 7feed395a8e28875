"""View of a problem with a Runtime: code and safe details (K-07)."""

from collections.abc import Mapping
from typing import Any

from yoi_wire.backend.problems import ProblemView
from yoi_wire.error_details import clean_code, clean_details
from yoi_workspace_server.runtimes import SafeProblem
from yoi_workspace_server.views.texts import hide_secret_name

_POINTERS = ("pointer", "field", "place")


def build_problem_view(problem: SafeProblem, *, secret_names: bool) -> ProblemView:
    return ProblemView(
        code=clean_code(problem.code),
        retryable=problem.retryable,
        occurred_at=problem.occurred_at,
        details=build_details_view(problem.code, problem.details, secret_names=secret_names),
    )


def build_details_view(code: str, details: Mapping[str, Any], *, secret_names: bool) -> dict[str, Any]:
    """Return the details of an error; without `secret_names`, nothing in them names a secret reference."""
    cleaned = clean_details(code, details)
    return cleaned if secret_names else _hide(cleaned)


def _hide(value: Any) -> Any:
    match value:
        case dict():
            shown = {name: _hide(member) for name, member in value.items()}
            for name in _POINTERS:
                if isinstance(shown.get(name), str):
                    shown[name] = hide_secret_name(shown[name])
            if shown.get("kind") == "secret":
                shown |= {name: "" for name in ("id", "name") if name in shown}
            return shown
        case list():
            return [_hide(member) for member in value]
        case _:
            return value
