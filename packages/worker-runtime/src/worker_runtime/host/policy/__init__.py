"""Host policy: what this host's operator allows, per issuer and workspace; absent means nothing granted (S-10)."""

from worker_runtime.host.policy.host_policy import (
    NO_POLICY,
    CommandGrant,
    EndpointGrant,
    HostModelGrant,
    HostPolicy,
    LaunchGrant,
    PluginGrant,
    SecretGrant,
    ServerGrant,
)

__all__ = [
    "NO_POLICY",
    "CommandGrant",
    "EndpointGrant",
    "HostModelGrant",
    "HostPolicy",
    "LaunchGrant",
    "PluginGrant",
    "SecretGrant",
    "ServerGrant",
]
