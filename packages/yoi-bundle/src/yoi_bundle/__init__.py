"""What a Yoi config bundle is: manifest, canonical bytes, digest, boundary checks, diff, archive, authoring.

`__all__` is what programs may use (docs/reference/library.md); a name's module is loaded when the name is first used.
"""

from yoi_bundle.lazy_names import build_lazy_names

# Type checkers take this name for true; `typing` is not loaded for it.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from yoi_bundle.archive import (
        ArchivedBundle,
        read_archive,
        write_archive,
    )
    from yoi_bundle.authoring.build import (
        BuildResult,
        BuiltBundle,
        build_bundle,
    )
    from yoi_bundle.authoring.source.provenance import describe_provenance
    from yoi_bundle.authoring.source.tree import SourceTree
    from yoi_bundle.authoring.source.walk import walk_directory
    from yoi_bundle.boundary.default_scanner import create_scanner
    from yoi_bundle.boundary.scanner import SecretScanner
    from yoi_bundle.builtin import (
        BuiltinSet,
        load_builtin_set,
    )
    from yoi_bundle.diagnostics import Diagnostic
    from yoi_bundle.diff import (
        BundleDiff,
        Change,
        ChangeClass,
        compute_diff,
    )
    from yoi_bundle.digest import (
        Digest,
        compute_digest,
        verify_digest,
    )
    from yoi_bundle.errors import (
        BundleBlobsMissingError,
        BundleInvalidError,
        BundleNotCanonicalError,
        DeclarationUnsupportedError,
        DigestMismatchError,
        Fault,
        FaultyBundleError,
        FeatureUnsupportedError,
        HiddenTextError,
        HostValueError,
        LimitExceededError,
        SchemaUnsupportedError,
        SecretValueError,
        UnresolvedReferenceError,
        YoiError,
    )
    from yoi_bundle.limits import (
        DEFAULT_LIMITS,
        Limits,
    )
    from yoi_bundle.manifest import Manifest
    from yoi_bundle.metadata import (
        BundleMetadata,
        Provenance,
    )
    from yoi_bundle.verified import (
        VerifiedBundle,
        verify_manifest,
    )
else:
    __getattr__, __dir__ = build_lazy_names(
        __name__,
        {
            "yoi_bundle.archive": (
                "ArchivedBundle",
                "read_archive",
                "write_archive",
            ),
            "yoi_bundle.authoring.build": (
                "BuildResult",
                "BuiltBundle",
                "build_bundle",
            ),
            "yoi_bundle.authoring.source.provenance": ("describe_provenance",),
            "yoi_bundle.authoring.source.tree": ("SourceTree",),
            "yoi_bundle.authoring.source.walk": ("walk_directory",),
            "yoi_bundle.boundary.default_scanner": ("create_scanner",),
            "yoi_bundle.boundary.scanner": ("SecretScanner",),
            "yoi_bundle.builtin": (
                "BuiltinSet",
                "load_builtin_set",
            ),
            "yoi_bundle.diagnostics": ("Diagnostic",),
            "yoi_bundle.diff": (
                "BundleDiff",
                "Change",
                "ChangeClass",
                "compute_diff",
            ),
            "yoi_bundle.digest": (
                "Digest",
                "compute_digest",
                "verify_digest",
            ),
            "yoi_bundle.errors": (
                "BundleBlobsMissingError",
                "BundleInvalidError",
                "BundleNotCanonicalError",
                "DeclarationUnsupportedError",
                "DigestMismatchError",
                "Fault",
                "FaultyBundleError",
                "FeatureUnsupportedError",
                "HiddenTextError",
                "HostValueError",
                "LimitExceededError",
                "SchemaUnsupportedError",
                "SecretValueError",
                "UnresolvedReferenceError",
                "YoiError",
            ),
            "yoi_bundle.limits": (
                "DEFAULT_LIMITS",
                "Limits",
            ),
            "yoi_bundle.manifest": ("Manifest",),
            "yoi_bundle.metadata": (
                "BundleMetadata",
                "Provenance",
            ),
            "yoi_bundle.verified": (
                "VerifiedBundle",
                "verify_manifest",
            ),
        },
    )

__all__ = [
    "DEFAULT_LIMITS",
    "ArchivedBundle",
    "BuildResult",
    "BuiltBundle",
    "BuiltinSet",
    "BundleBlobsMissingError",
    "BundleDiff",
    "BundleInvalidError",
    "BundleMetadata",
    "BundleNotCanonicalError",
    "Change",
    "ChangeClass",
    "DeclarationUnsupportedError",
    "Diagnostic",
    "Digest",
    "DigestMismatchError",
    "Fault",
    "FaultyBundleError",
    "FeatureUnsupportedError",
    "HiddenTextError",
    "HostValueError",
    "LimitExceededError",
    "Limits",
    "Manifest",
    "Provenance",
    "SchemaUnsupportedError",
    "SecretScanner",
    "SecretValueError",
    "SourceTree",
    "UnresolvedReferenceError",
    "VerifiedBundle",
    "YoiError",
    "build_bundle",
    "compute_diff",
    "compute_digest",
    "create_scanner",
    "describe_provenance",
    "load_builtin_set",
    "read_archive",
    "verify_digest",
    "verify_manifest",
    "walk_directory",
    "write_archive",
]
