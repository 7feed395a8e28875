"""Credentials of a client on the Runtime's own host: the local token (K-09)."""

from collections.abc import Mapping

from worker_runtime.contract.caller import Caller


class LocalCredentials:
    """The local token; it names no workspaces, so each request does."""

    def __init__(self, token: str) -> None:
        self._token = token

    def build_headers(self, caller: Caller) -> Mapping[str, str]:
        return {
            "Authorization": f"Bearer {self._token}",
            "Yoi-Workspaces": ",".join(sorted(caller.workspaces)),
        }

    def forget(self, caller: Caller) -> bool:
        del caller
        return False
