"""Hosts LLM Workers: stores config bundles, resolves them under host policy, explains every decision.

`__all__` is what programs may use (docs/reference/library.md); a name's module is loaded when the name is first used.
"""

from yoi_bundle.lazy_names import build_lazy_names

# Type checkers take this name for true; `typing` is not loaded for it.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from worker_runtime.contract.api import RuntimeApi
    from worker_runtime.contract.assignments import (
        Assignment,
        AssignmentRequest,
    )
    from worker_runtime.contract.bundles import (
        BundleContent,
        BundleEntry,
        BundleStatus,
        ManifestBody,
        PutOutcome,
        StagedOutcome,
        StoredOutcome,
    )
    from worker_runtime.contract.caller import (
        ALL_SCOPES,
        Caller,
        Scope,
        build_local_caller,
    )
    from worker_runtime.contract.lifecycle import WorkerState
    from worker_runtime.contract.operations import RUNTIME_OPERATIONS
    from worker_runtime.contract.runtime_info import RuntimeInfo
    from worker_runtime.contract.workers import (
        Approval,
        CreateWorkerRequest,
        EventPage,
        PreviewRequest,
        Worker,
        WorkerEvent,
    )
    from worker_runtime.embedded.maintenance import (
        Maintenance,
        StartReport,
        run_maintenance,
    )
    from worker_runtime.embedded.runtime import EmbeddedRuntime
    from worker_runtime.host.facts import (
        CommandProbe,
        HostPorts,
        MountProbe,
        PackageFact,
        PackageNeed,
        PackageVerifier,
    )
    from worker_runtime.host.local_host import LocalHost
    from worker_runtime.host.policy import (
        CommandGrant,
        EndpointGrant,
        HostModelGrant,
        HostPolicy,
        LaunchGrant,
        PluginGrant,
        SecretGrant,
        ServerGrant,
    )
    from worker_runtime.host.policy.file import (
        HostPolicyInvalidError,
        load_host_policy,
    )
    from worker_runtime.host.ports import (
        BareHost,
        Host,
    )
    from worker_runtime.host.secrets import (
        SecretStore,
        SecretUnreadableError,
        SecretValue,
    )
    from worker_runtime.host.secrets.stores import (
        ChainedSecrets,
        DirectorySecrets,
        EnvironmentSecrets,
    )
    from worker_runtime.remote.connection import Connection
    from worker_runtime.remote.credentials import SignedCredentials
    from worker_runtime.remote.runtime import RemoteRuntime
    from worker_runtime.resolution.decision import (
        Decision,
        Step,
    )
    from worker_runtime.resolution.errors import (
        BundleRequiredError,
        InvalidSelectorError,
        ProfileNotFoundError,
        Reason,
        ResolutionRefusedError,
    )
    from worker_runtime.resolution.explain import Explanation
    from worker_runtime.resolution.rules import RULE_SENTENCES
    from worker_runtime.store.retention import Retention
    from worker_runtime.sync.bundle_sync import (
        BundleSource,
        SyncReport,
        sync_bundle,
    )
    from worker_runtime.sync.transfer.pack import write_pack
    from worker_runtime.trust.identity import (
        Identity,
        create_identity,
        load_identity,
    )
    from yoi_bundle.errors import YoiError
    from yoi_wire.client.connection import Credentials
    from yoi_wire.client.deadlines import Deadlines
    from yoi_wire.client.endpoint import Endpoint
    from yoi_wire.client.retry import (
        Backoff,
        Patience,
    )
    from yoi_wire.clock import (
        Clock,
        SystemClock,
        format_instant,
    )
    from yoi_wire.errors import (
        AssignmentConflictError,
        AssignmentStaleError,
        BundleCorruptError,
        BundleInUseError,
        BundleMissingError,
        BundleUnassignedError,
        ForbiddenError,
        LeaseExpiredError,
        RequestInvalidError,
        RuntimeIncompatibleError,
        RuntimeOverloadedError,
        RuntimeUnavailableError,
        StoreCorruptError,
        UnauthenticatedError,
        WorkerConflictError,
        WorkerInvalidStateError,
        WorkerNotFoundError,
    )
    from yoi_wire.event_log import EventLog
    from yoi_wire.paging import (
        Page,
        collect_pages,
        iterate_pages,
    )
    from yoi_wire.worker_requests import (
        ApprovalDecision,
        Intent,
        Narrowing,
        WorkerInput,
        WorkerRequest,
    )
else:
    __getattr__, __dir__ = build_lazy_names(
        __name__,
        {
            "worker_runtime.contract.api": ("RuntimeApi",),
            "worker_runtime.contract.assignments": (
                "Assignment",
                "AssignmentRequest",
            ),
            "worker_runtime.contract.bundles": (
                "BundleContent",
                "BundleEntry",
                "BundleStatus",
                "ManifestBody",
                "PutOutcome",
                "StagedOutcome",
                "StoredOutcome",
            ),
            "worker_runtime.contract.caller": (
                "ALL_SCOPES",
                "Caller",
                "Scope",
                "build_local_caller",
            ),
            "worker_runtime.contract.lifecycle": ("WorkerState",),
            "worker_runtime.contract.operations": ("RUNTIME_OPERATIONS",),
            "worker_runtime.contract.runtime_info": ("RuntimeInfo",),
            "worker_runtime.contract.workers": (
                "Approval",
                "CreateWorkerRequest",
                "EventPage",
                "PreviewRequest",
                "Worker",
                "WorkerEvent",
            ),
            "worker_runtime.embedded.maintenance": (
                "Maintenance",
                "StartReport",
                "run_maintenance",
            ),
            "worker_runtime.embedded.runtime": ("EmbeddedRuntime",),
            "worker_runtime.host.facts": (
                "CommandProbe",
                "HostPorts",
                "MountProbe",
                "PackageFact",
                "PackageNeed",
                "PackageVerifier",
            ),
            "worker_runtime.host.local_host": ("LocalHost",),
            "worker_runtime.host.policy": (
                "CommandGrant",
                "EndpointGrant",
                "HostModelGrant",
                "HostPolicy",
                "LaunchGrant",
                "PluginGrant",
                "SecretGrant",
                "ServerGrant",
            ),
            "worker_runtime.host.policy.file": (
                "HostPolicyInvalidError",
                "load_host_policy",
            ),
            "worker_runtime.host.ports": (
                "BareHost",
                "Host",
            ),
            "worker_runtime.host.secrets": (
                "SecretStore",
                "SecretUnreadableError",
                "SecretValue",
            ),
            "worker_runtime.host.secrets.stores": (
                "ChainedSecrets",
                "DirectorySecrets",
                "EnvironmentSecrets",
            ),
            "worker_runtime.remote.connection": ("Connection",),
            "worker_runtime.remote.credentials": ("SignedCredentials",),
            "yoi_wire.client.connection": ("Credentials",),
            "yoi_wire.client.deadlines": ("Deadlines",),
            "yoi_wire.client.endpoint": ("Endpoint",),
            "worker_runtime.remote.runtime": ("RemoteRuntime",),
            "worker_runtime.resolution.decision": (
                "Decision",
                "Step",
            ),
            "worker_runtime.resolution.errors": (
                "BundleRequiredError",
                "InvalidSelectorError",
                "ProfileNotFoundError",
                "Reason",
                "ResolutionRefusedError",
            ),
            "worker_runtime.resolution.explain": ("Explanation",),
            "worker_runtime.resolution.rules": ("RULE_SENTENCES",),
            "worker_runtime.store.retention": ("Retention",),
            "worker_runtime.sync.bundle_sync": (
                "BundleSource",
                "SyncReport",
                "sync_bundle",
            ),
            "yoi_wire.client.retry": (
                "Backoff",
                "Patience",
            ),
            "worker_runtime.sync.transfer.pack": ("write_pack",),
            "worker_runtime.trust.identity": (
                "Identity",
                "create_identity",
                "load_identity",
            ),
            "yoi_bundle.errors": ("YoiError",),
            "yoi_wire.clock": (
                "Clock",
                "SystemClock",
                "format_instant",
            ),
            "yoi_wire.errors": (
                "AssignmentConflictError",
                "AssignmentStaleError",
                "BundleCorruptError",
                "BundleInUseError",
                "BundleMissingError",
                "BundleUnassignedError",
                "ForbiddenError",
                "LeaseExpiredError",
                "RequestInvalidError",
                "RuntimeIncompatibleError",
                "RuntimeOverloadedError",
                "RuntimeUnavailableError",
                "StoreCorruptError",
                "UnauthenticatedError",
                "WorkerConflictError",
                "WorkerInvalidStateError",
                "WorkerNotFoundError",
            ),
            "yoi_wire.event_log": ("EventLog",),
            "yoi_wire.paging": (
                "Page",
                "collect_pages",
                "iterate_pages",
            ),
            "yoi_wire.worker_requests": (
                "ApprovalDecision",
                "Intent",
                "Narrowing",
                "WorkerInput",
                "WorkerRequest",
            ),
        },
    )

__all__ = [
    "ALL_SCOPES",
    "RULE_SENTENCES",
    "RUNTIME_OPERATIONS",
    "Approval",
    "ApprovalDecision",
    "Assignment",
    "AssignmentConflictError",
    "AssignmentRequest",
    "AssignmentStaleError",
    "Backoff",
    "BareHost",
    "BundleContent",
    "BundleCorruptError",
    "BundleEntry",
    "BundleInUseError",
    "BundleMissingError",
    "BundleRequiredError",
    "BundleSource",
    "BundleStatus",
    "BundleUnassignedError",
    "Caller",
    "ChainedSecrets",
    "Clock",
    "CommandGrant",
    "CommandProbe",
    "Connection",
    "CreateWorkerRequest",
    "Credentials",
    "Deadlines",
    "Decision",
    "DirectorySecrets",
    "EmbeddedRuntime",
    "Endpoint",
    "EndpointGrant",
    "EnvironmentSecrets",
    "EventLog",
    "EventPage",
    "Explanation",
    "ForbiddenError",
    "Host",
    "HostModelGrant",
    "HostPolicy",
    "HostPolicyInvalidError",
    "HostPorts",
    "Identity",
    "Intent",
    "InvalidSelectorError",
    "LaunchGrant",
    "LeaseExpiredError",
    "LocalHost",
    "Maintenance",
    "ManifestBody",
    "MountProbe",
    "Narrowing",
    "PackageFact",
    "PackageNeed",
    "PackageVerifier",
    "Page",
    "Patience",
    "PluginGrant",
    "PreviewRequest",
    "ProfileNotFoundError",
    "PutOutcome",
    "Reason",
    "RemoteRuntime",
    "RequestInvalidError",
    "ResolutionRefusedError",
    "Retention",
    "RuntimeApi",
    "RuntimeIncompatibleError",
    "RuntimeInfo",
    "RuntimeOverloadedError",
    "RuntimeUnavailableError",
    "Scope",
    "SecretGrant",
    "SecretStore",
    "SecretUnreadableError",
    "SecretValue",
    "ServerGrant",
    "SignedCredentials",
    "StagedOutcome",
    "StartReport",
    "Step",
    "StoreCorruptError",
    "StoredOutcome",
    "SyncReport",
    "SystemClock",
    "UnauthenticatedError",
    "Worker",
    "WorkerConflictError",
    "WorkerEvent",
    "WorkerInput",
    "WorkerInvalidStateError",
    "WorkerNotFoundError",
    "WorkerRequest",
    "WorkerState",
    "YoiError",
    "build_local_caller",
    "collect_pages",
    "create_identity",
    "format_instant",
    "iterate_pages",
    "load_host_policy",
    "load_identity",
    "run_maintenance",
    "sync_bundle",
    "write_pack",
]
