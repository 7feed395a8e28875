"""Which workspace a directory is."""

import tomllib
from pathlib import Path

from yoi.runtime.where_to_change import WORKSPACE_FILE
from yoi_wire.errors import RequestInvalidError

DEFAULT_WORKSPACE = "local"


def find_workspace_id(directory: Path, asked: str | None) -> str:
    """Return the id that the directory says, else the one that was asked for, else `local`.

    Raises:
        RequestInvalidError: `workspace.toml` cannot be read, or says another one than was asked for.
    """
    said = _read_id(directory / WORKSPACE_FILE)
    if said is not None and asked is not None and said != asked:
        raise RequestInvalidError(f"{WORKSPACE_FILE} says that it is {said}", field="--workspace")
    return said or asked or DEFAULT_WORKSPACE


def _read_id(path: Path) -> str | None:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RequestInvalidError(error.strerror or "cannot be read", field=WORKSPACE_FILE) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RequestInvalidError(f"no TOML: {error}", field=WORKSPACE_FILE) from error
    name = found.get("id")
    return name if isinstance(name, str) else None
