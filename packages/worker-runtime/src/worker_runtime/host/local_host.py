"""Local host of a Runtime: its policy file, its directories and programs, its secret stores."""

import logging
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from worker_runtime.host.dedicated_threads import DedicatedThreads
from worker_runtime.host.facts import HostPorts
from worker_runtime.host.plugin_packages import PluginPackages
from worker_runtime.host.policy import HostPolicy
from worker_runtime.host.policy.bindings import NO_DOCUMENT, HostPolicyDocument, compute_policy_generation
from worker_runtime.host.policy.file import HostPolicyInvalidError, load_host_policy
from worker_runtime.host.ports import ReadPackage
from worker_runtime.host.probes import DirectoryProbe, PathProbe
from worker_runtime.host.secrets.port import SecretStore
from worker_runtime.host.secrets.stores import ChainedSecrets, DirectorySecrets, EnvironmentSecrets
from worker_runtime.trust.private_file import create_private_file
from yoi_wire.errors import RequestInvalidError, RuntimeUnavailableError

PACKAGES_FOLDER = "packages"
SECRETS_FOLDER = "secrets"
_KEY_NAME = "policy-generation.key"
_KEY_BYTES = 32
_LEAST_KEY_BYTES = 16
"""With fewer, others could try all keys and so learn the policy from its generation."""

_PROBING_THREADS = 8
"""Directories that hang keep a thread each, until they answer."""

_LOGGER = logging.getLogger("worker_runtime.host.local_host")
_Version: TypeAlias = tuple[int, int, int, int] | None


class LocalHost:
    """Implements `Host`. Without a policy file it grants nothing; with a faulty one nothing works (S-10).

    A change of the file counts from the next request on. One that is faulty refuses every request until it is put
    right: the former version may have granted what the operator has just taken away.
    """

    def __init__(
        self,
        policy_file: Path,
        *,
        data_directory: Path,
        environment: Mapping[str, str],
        secrets_directory: Path | None = None,
    ) -> None:
        """Read the policy.

        Args:
            policy_file: What this host's operator allows.
            data_directory: Where the key of the policy generation lies.
            environment: Where secret values are looked up, by prefix.
            secrets_directory: Where they are looked up then; absent for the folder beside the policy.

        Raises:
            HostPolicyInvalidError: The file is no host policy.
        """
        self._policy_file = policy_file
        self._data_directory = data_directory
        self._secrets = EnvironmentSecrets(environment)
        self._threads = DedicatedThreads("yoi-probe", most=_PROBING_THREADS)
        self._commands = PathProbe(self._threads)
        self._secrets_directory = secrets_directory or policy_file.parent / SECRETS_FOLDER
        self._version = _find_version(policy_file)
        self._document: HostPolicyDocument | None = read_policy_document(policy_file)

    @property
    def policy_generation(self) -> str:
        return compute_policy_generation(self._read_document(), _read_key(self._data_directory))

    @property
    def rechecks_text(self) -> bool:
        return any(grant.policy.recheck_text for grant in self._read_document().grants)

    def get_policy(self, issuer: str, workspace: str) -> HostPolicy:
        return self._read_document().get_policy(issuer, workspace)

    def has_grant(self, issuer: str, workspace: str) -> bool:
        """Tell whether the policy file has a table for just this workspace of just this issuer."""
        return self._read_document().find_grant(issuer, workspace) is not None

    def build_ports(self, issuer: str, workspace: str, read_package: ReadPackage) -> HostPorts:
        beside_policy = self._policy_file.parent
        bindings = self._read_document().get_bindings(issuer, workspace)
        stores: list[SecretStore] = [self._secrets]
        stores.append(DirectorySecrets(self._secrets_directory))
        return HostPorts(
            secrets=ChainedSecrets(stores),
            mounts=DirectoryProbe(bindings.mounts, self._threads),
            commands=self._commands,
            packages=PluginPackages(beside_policy / PACKAGES_FOLDER, read_package),
        )

    def _read_document(self) -> HostPolicyDocument:
        version = _find_version(self._policy_file)
        if version != self._version:
            self._document = self._read_anew()
            self._version = version
        if self._document is None:
            raise RuntimeUnavailableError("policy_invalid")
        return self._document

    def _read_anew(self) -> HostPolicyDocument | None:
        try:
            document = read_policy_document(self._policy_file)
        except HostPolicyInvalidError as error:
            _LOGGER.warning("policy_invalid", extra={"facts": {"fault": str(error)}})
            return None
        except OSError as error:
            _LOGGER.warning("policy_unreadable", extra={"facts": {"fault": error.strerror}})
            return None
        _LOGGER.info("policy_read")
        return document


def read_policy_document(path: Path) -> HostPolicyDocument:
    """Read the policy file; none grants nothing."""
    try:
        return load_host_policy(path)
    except FileNotFoundError:
        return NO_DOCUMENT


def _find_version(path: Path) -> _Version:
    """Return what differs when another file, or another content, is there; None when there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _read_key(data_directory: Path) -> bytes:
    """Return this Runtime's own key, making it whole at the first call.

    Raises:
        RequestInvalidError: The file holds none.
    """
    path = data_directory / _KEY_NAME
    if not path.exists():
        create_private_file(path, secrets.token_bytes(_KEY_BYTES))
    key = path.read_bytes()
    if len(key) < _LEAST_KEY_BYTES:
        raise RequestInvalidError(
            "the key is cut off; delete the file, and a new one is made", field=_KEY_NAME
        )
    return key
