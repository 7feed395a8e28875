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
        host_policy_file: What this host's operator allows.
        environment: Where the local Runtime's secret store looks its values up, by prefix.
        colour: Whether output to a terminal is coloured.
    """

    data_directory: Path
    cache_directory: Path
    host_policy_file: Path
    environment: Mapping[str, str]
    colour: bool


def read_configuration(environment: Mapping[str, str] | None = None) -> Configuration:
    """Read `YOI_DATA_DIR`, `YOI_CACHE_DIR`, `YOI_HOST_POLICY` and `NO_COLOR`; else take the platform's convention.

    An empty variable counts as absent, `NO_COLOR` too.
    """
    values = os.environ if environment is None else environment
    return Configuration(
        data_directory=_find_directory(values, "YOI_DATA_DIR", "data"),
        cache_directory=_find_directory(values, "YOI_CACHE_DIR", "cache"),
        host_policy_file=_find_policy_file(values),
        environment=values,
        colour=not values.get("NO_COLOR") and values.get("TERM") != "dumb",
    )


def _find_directory(values: Mapping[str, str], variable: str, kind: str) -> Path:
    given = values.get(variable)
    if given:
        return Path(given).absolute()
    import platformdirs

    if kind == "cache":
        return platformdirs.user_cache_path(APPLICATION, appauthor=False)
    return platformdirs.user_data_path(APPLICATION, appauthor=False)


def _find_policy_file(values: Mapping[str, str]) -> Path:
    given = values.get("YOI_HOST_POLICY")
    if given:
        return Path(given).absolute()
    import platformdirs

    return platformdirs.user_config_path(APPLICATION, appauthor=False) / "host-policy.toml"


def prepare_streams() -> None:
    """Let output never fail for a character that the terminal's encoding lacks: it is shown as an escape."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
