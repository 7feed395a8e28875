"""Where things are on this machine. The only module that reads the environment."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

APPLICATION = "yoi"


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """What the environment says; every command gets it by its context and reads nothing itself.

    Attributes:
        data_directory: The local Runtime's store.
        cache_directory: Caches that may be deleted at any time.
        configuration_directory: What the user set up: the host policy, and where they are logged in.
        host_policy_file: What this host's operator allows.
        secrets_directory: A file for each secret value; absent for the folder `secrets` beside the policy.
        notify_socket: Where a service manager wants to be told that a server is ready.
        trace_exporter: Where a server's traces go, by the name that OpenTelemetry has for it; absent for nowhere.
        server: URL of the Backend to ask; absent for the one that the user is logged in to.
        token_file: Holds the token for it.
        server_authority: PEM file of its private CA.
        environment: Where the local Runtime's secret store looks its values up, by prefix.
        colour: Whether output to a terminal is coloured.
    """

    data_directory: Path
    cache_directory: Path
    configuration_directory: Path
    host_policy_file: Path
    environment: Mapping[str, str]
    colour: bool
    secrets_directory: Path | None = None
    notify_socket: str | None = None
    trace_exporter: str | None = None
    server: str | None = None
    token_file: Path | None = None
    server_authority: Path | None = None


def read_configuration(environment: Mapping[str, str] | None = None) -> Configuration:
    """Read the variables that docs/cli.md lists; where there is none, take the platform's convention.

    An empty variable counts as absent, `NO_COLOR` too.
    """
    values = os.environ if environment is None else environment
    return Configuration(
        data_directory=_find_directory(values, "YOI_DATA_DIR", "data"),
        cache_directory=_find_directory(values, "YOI_CACHE_DIR", "cache"),
        configuration_directory=_find_directory(values, "YOI_CONFIG_DIR", "config"),
        host_policy_file=_find_policy_file(values),
        environment=values,
        colour=not values.get("NO_COLOR") and values.get("TERM") != "dumb",
        secrets_directory=_find_path(values, "YOI_SECRETS_DIR"),
        notify_socket=values.get("NOTIFY_SOCKET") or None,
        trace_exporter=_find_trace_exporter(values),
        server=values.get("YOI_SERVER") or None,
        token_file=_find_path(values, "YOI_TOKEN_FILE"),
        server_authority=_find_path(values, "YOI_SERVER_AUTHORITY"),
    )


def _find_path(values: Mapping[str, str], variable: str) -> Path | None:
    given = values.get(variable)
    return Path(given).absolute() if given else None


def _find_directory(values: Mapping[str, str], variable: str, kind: str) -> Path:
    given = _find_path(values, variable)
    if given is not None:
        return given
    import platformdirs

    find = {
        "cache": platformdirs.user_cache_path,
        "config": platformdirs.user_config_path,
        "data": platformdirs.user_data_path,
    }[kind]
    return find(APPLICATION, appauthor=False)


def _find_trace_exporter(values: Mapping[str, str]) -> str | None:
    """OpenTelemetry's own variables; its SDK reads the rest of them."""
    name = values.get("OTEL_TRACES_EXPORTER")
    switched_off = values.get("OTEL_SDK_DISABLED", "").lower() == "true"
    return None if switched_off or not name or name == "none" else name


def _find_policy_file(values: Mapping[str, str]) -> Path:
    given = _find_path(values, "YOI_HOST_POLICY")
    return given or _find_directory(values, "YOI_CONFIG_DIR", "config") / "host-policy.toml"


def prepare_streams() -> None:
    """Let output never fail for a character that the terminal's encoding lacks: it is shown as an escape."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
