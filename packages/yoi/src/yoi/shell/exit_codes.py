"""Exit codes: one table from error codes, the same for every command; `docs/cli.md` says it to people."""

from collections.abc import Mapping
from types import MappingProxyType

DONE = 0
REFUSED = 1
USAGE = 2
NOT_FOUND = 3
CONFLICT = 4
UNAVAILABLE = 5
INTERNAL = 70
INTERRUPTED = 130

EXIT_CODES: Mapping[str, int] = MappingProxyType(
    {
        "bundle.missing": NOT_FOUND,
        "bundle.digest_mismatch": REFUSED,
        "bundle.not_canonical": REFUSED,
        "bundle.invalid": REFUSED,
        "bundle.blobs_missing": REFUSED,
        "bundle.base_missing": NOT_FOUND,
        "bundle.corrupt": REFUSED,
        "bundle.in_use": CONFLICT,
        "bundle.required": REFUSED,
        "bundle.unassigned": REFUSED,
        "bundle.secret_value": REFUSED,
        "bundle.host_value": REFUSED,
        "bundle.hidden_text": REFUSED,
        "bundle.unresolved_reference": REFUSED,
        "schema.unsupported": REFUSED,
        "feature.unsupported": REFUSED,
        "declaration.unsupported": REFUSED,
        "limit.exceeded": REFUSED,
        "lease.expired": CONFLICT,
        "assignment.stale": CONFLICT,
        "assignment.conflict": CONFLICT,
        "profile.invalid_selector": USAGE,
        "profile.not_found": NOT_FOUND,
        "resolution.refused": REFUSED,
        "capability.unavailable": REFUSED,
        "policy.denied": REFUSED,
        "secret.unavailable": REFUSED,
        "mount.unavailable": REFUSED,
        "model.unavailable": REFUSED,
        "plugin.unavailable": REFUSED,
        "plugin.not_granted": REFUSED,
        "plugin.digest_mismatch": REFUSED,
        "worker.not_found": NOT_FOUND,
        "worker.conflict": CONFLICT,
        "worker.invalid_state": CONFLICT,
        "auth.unauthenticated": REFUSED,
        "auth.forbidden": REFUSED,
        "runtime.unavailable": UNAVAILABLE,
        "runtime.incompatible": UNAVAILABLE,
        "runtime.overloaded": UNAVAILABLE,
        "workspace.not_found": NOT_FOUND,
        "workspace.conflict": CONFLICT,
        "runtime.not_found": NOT_FOUND,
        "runtime.conflict": CONFLICT,
        "placement.denied": REFUSED,
        "bundle.revoked": REFUSED,
        "token.not_found": NOT_FOUND,
        "backend.unavailable": UNAVAILABLE,
        "store.corrupt": UNAVAILABLE,
        "request.invalid": USAGE,
        "internal": INTERNAL,
    }
)


def get_exit_code(error_code: str) -> int:
    """Return the exit code of an error; one that the table lacks is an internal fault."""
    return EXIT_CODES.get(error_code, INTERNAL)
