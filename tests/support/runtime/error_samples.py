"""An error of every code that a Runtime has, with details of every kind."""

from worker_runtime.resolution import errors as resolution
from worker_runtime.resolution.errors import Reason
from yoi_bundle import errors as bundle
from yoi_bundle.errors import Fault, YoiError
from yoi_wire import errors
from yoi_wire.errors import (
    RemoteFaultError,
    RequestInvalidError,
    RuntimeOverloadedError,
    RuntimeUnavailableError,
)

_FAULTS = [Fault(code="bundle.invalid", pointer="/profiles/a", message="wrong", remedy="write it so")]
_D = f"sha256:{'1' * 64}"

SAMPLES: list[YoiError] = [
    errors.BundleMissingError(_D),
    bundle.DigestMismatchError(_D, f"sha256:{'2' * 64}"),
    bundle.BundleNotCanonicalError("sorted keys", 7),
    bundle.BundleInvalidError(_FAULTS),
    bundle.BundleBlobsMissingError(_D, "lease", [_D]),
    errors.BundleBaseMissingError(_D),
    errors.BundleCorruptError(_D, [_D]),
    errors.BundleInUseError(_D, assigned=True, workers=["w"]),
    resolution.BundleRequiredError("default", "why"),
    errors.BundleUnassignedError(_D, None),
    bundle.SecretValueError(_FAULTS),
    bundle.HostValueError(_FAULTS),
    bundle.HiddenTextError(_FAULTS),
    bundle.UnresolvedReferenceError(_FAULTS),
    bundle.SchemaUnsupportedError(9, [1]),
    bundle.FeatureUnsupportedError(_FAULTS),
    bundle.DeclarationUnsupportedError(_FAULTS),
    bundle.LimitExceededError("blobs", value=3, allowed=2, place="body"),
    errors.LeaseExpiredError("lease"),
    errors.AssignmentStaleError("library", generation=1, current=2),
    errors.AssignmentConflictError("library", generation=1, assigned=_D),
    resolution.InvalidSelectorError("x"),
    resolution.ProfileNotFoundError("workspace:reviewers", "bundle"),
    resolution.ResolutionRefusedError([Reason(code="policy.denied", kind="tool", id="t", message="no")]),
    errors.WorkerNotFoundError("w"),
    errors.WorkerConflictError("key", "w"),
    errors.WorkerInvalidStateError("w", state="held", operation="input"),
    errors.UnauthenticatedError("no"),
    errors.ForbiddenError(scope="bundles:read"),
    errors.ForbiddenError(workspace="library"),
    RuntimeUnavailableError("storage_full"),
    errors.RuntimeIncompatibleError(ours=[1], theirs=[2], what="api"),
    RuntimeOverloadedError("leases", retry_after_seconds=30),
    errors.StoreCorruptError("worker"),
    RequestInvalidError("message", field="field"),
    RemoteFaultError("anything"),
]
