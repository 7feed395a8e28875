"""The host's secret stores, behind one port (S-04)."""

from worker_runtime.host.secrets.port import SecretStore, SecretUnreadableError, SecretValue

__all__ = ["SecretStore", "SecretUnreadableError", "SecretValue"]
