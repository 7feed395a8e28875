"""This host for the local Runtime: its policy file, its directories and programs, its secret stores."""

import os
import secrets
from pathlib import Path

from worker_runtime.facts import HostPorts
from worker_runtime.host import ReadPackage
from worker_runtime.plugins import PluginPackages
from worker_runtime.policy import HostPolicy
from worker_runtime.policy.bindings import NO_DOCUMENT, HostPolicyDocument
from worker_runtime.policy.file import load_host_policy
from worker_runtime.policy.generation import compute_policy_generation
from worker_runtime.probes import DirectoryProbe, PathProbe
from worker_runtime.secrets.chain import ChainedSecrets
from worker_runtime.secrets.directory import DirectorySecrets
from worker_runtime.secrets.environment import EnvironmentSecrets
from worker_runtime.secrets.port import SecretStore
from yoi.configuration import Configuration

_KEY_NAME = "policy-generation.key"
_KEY_BYTES = 32
PACKAGES_FOLDER = "packages"
SECRETS_FOLDER = "secrets"


class LocalHost:
    """Implements `Host`. Without a policy file it grants nothing; with a faulty one nothing works (S-10)."""

    def __init__(self, configuration: Configuration) -> None:
        """Read the policy once; a Runtime that is opened later sees a later policy.

        Raises:
            HostPolicyInvalidError: The file is no host policy.
        """
        self._configuration = configuration
        self._document = read_policy_document(configuration.host_policy_file)

    @property
    def policy_generation(self) -> str:
        return compute_policy_generation(self._document, _read_key(self._configuration.data_directory))

    def get_policy(self, issuer: str, workspace: str) -> HostPolicy:
        return self._document.get_policy(issuer, workspace)

    def build_ports(self, issuer: str, workspace: str, read_package: ReadPackage) -> HostPorts:
        beside_policy = self._configuration.host_policy_file.parent
        stores: list[SecretStore] = [EnvironmentSecrets(self._configuration.environment)]
        stores.append(DirectorySecrets(beside_policy / SECRETS_FOLDER))
        return HostPorts(
            secrets=ChainedSecrets(stores),
            mounts=DirectoryProbe(self._document.get_bindings(issuer, workspace).mounts),
            commands=PathProbe(),
            packages=PluginPackages(beside_policy / PACKAGES_FOLDER, read_package),
        )


def read_policy_document(path: Path) -> HostPolicyDocument:
    """Read the policy file; none grants nothing."""
    try:
        return load_host_policy(path)
    except FileNotFoundError:
        return NO_DOCUMENT


def _read_key(data_directory: Path) -> bytes:
    """Return this Runtime's own key, making it at the first call."""
    path = data_directory / _KEY_NAME
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return path.read_bytes()
    key = secrets.token_bytes(_KEY_BYTES)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)
    return key
