"""Bindings of a Worker at start: paths, parameter values, host servers; never in a spec, digest or answer (S-05)."""

import hashlib
import hmac
from typing import Annotated

from msgspec import Meta, Struct

from worker_runtime.host.policy.host_policy import NO_POLICY, HostPolicy
from yoi_bundle.canonical import encode_canonical
from yoi_bundle.identifiers import (
    EnvironmentName,
    HeaderName,
    McpToolName,
    MountName,
    ParameterName,
    WorkspaceId,
)
from yoi_bundle.manifest import Effect

IssuerName = Annotated[str, Meta(min_length=1, max_length=256)]


class ServerLaunch(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """How the host provides an MCP server: a command, or a URL.

    Attributes:
        env: Values, in which `${secret:NAME}` stands for a secret of the host's store; like `headers`.
    """

    command: str = ""
    args: tuple[str, ...] = ()
    env: dict[EnvironmentName, str] = {}
    url: str = ""
    headers: dict[HeaderName, str] = {}


class HostBindings(Struct, frozen=True, kw_only=True):
    """What one workspace is bound to on this host.

    Attributes:
        mounts: Absolute paths on this host.
    """

    mounts: dict[MountName, str] = {}
    parameters: dict[ParameterName, str] = {}
    servers: dict[McpToolName, ServerLaunch] = {}


NO_BINDINGS = HostBindings()


class Expectation(Struct, frozen=True, kw_only=True):
    """A call, as it is written, and the verdict on it that the host's layer is to give."""

    call: str
    verdict: Effect
    line: int = 0


class WorkspaceGrant(Struct, frozen=True, kw_only=True):
    """What one workspace of one issuer gets, and what its Workers are bound to.

    Attributes:
        pointer: The workspace's table in the file.
        expectations: Calls with the verdicts that the operator expects; tests, which change nothing.
    """

    issuer: IssuerName
    workspace: WorkspaceId
    policy: HostPolicy
    bindings: HostBindings = NO_BINDINGS
    pointer: str = ""
    expectations: tuple[Expectation, ...] = ()


class HostPolicyDocument(Struct, frozen=True, kw_only=True):
    """A host's whole policy; a workspace that it does not name gets nothing (S-10)."""

    grants: tuple[WorkspaceGrant, ...] = ()

    def find_grant(self, issuer: str, workspace: str) -> WorkspaceGrant | None:
        """Return the grant of just this workspace of just this issuer."""
        return next((one for one in self.grants if (one.issuer, one.workspace) == (issuer, workspace)), None)

    def get_policy(self, issuer: str, workspace: str) -> HostPolicy:
        """Return the workspace's policy; one that grants nothing when the file does not name it."""
        grant = self.find_grant(issuer, workspace)
        return NO_POLICY if grant is None else grant.policy

    def get_bindings(self, issuer: str, workspace: str) -> HostBindings:
        """Return what the workspace's Workers are bound to at start."""
        grant = self.find_grant(issuer, workspace)
        return NO_BINDINGS if grant is None else grant.bindings


NO_DOCUMENT = HostPolicyDocument()


def compute_policy_generation(document: HostPolicyDocument, key: bytes) -> str:
    """Return 32 hexadecimal digits of a keyed hash; without the key nobody can guess a path or a grant from it.

    Args:
        document: Policy and bindings.
        key: A secret of this Runtime's own, at least 16 bytes.
    """
    return hmac.new(key, encode_canonical(document), hashlib.sha256).hexdigest()[:32]
