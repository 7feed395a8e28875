"""Install each wheel of `dist/` alone, in an environment of its own, and use it; run by `make build`.

Dependencies come as `requirements/runtime.txt` pins them. What a package does not depend on must not be there.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DISTRIBUTIONS = {
    "yoi-bundle": "yoi_bundle",
    "yoi-wire": "yoi_wire",
    "worker-runtime": "worker_runtime",
    "yoi-workspace-server": "yoi_workspace_server",
    "yoi": "yoi",
}
BELOW = {
    "yoi-bundle": {"yoi_bundle"},
    "yoi-wire": {"yoi_bundle", "yoi_wire"},
    "worker-runtime": {"yoi_bundle", "yoi_wire", "worker_runtime"},
    "yoi-workspace-server": {"yoi_bundle", "yoi_wire", "worker_runtime", "yoi_workspace_server"},
    "yoi": {"yoi_bundle", "yoi_wire", "worker_runtime", "yoi"},
}
_UV = Path(sys.executable).with_name("uv")

_IMPORT_ALL = """
import importlib, pkgutil, sys
# They need the extra `otel`, which is not installed here; nothing else may.
OF_AN_EXTRA = {"yoi_wire.tracing", "yoi_wire.server.tracing"}
for name in sys.argv[1].split(","):
    package = importlib.import_module(name)
    assert "site-packages" in package.__file__, package.__file__
    assert (importlib.resources.files(name) / "py.typed").is_file(), f"{name} carries no types"
    for module in pkgutil.walk_packages(package.__path__, name + "."):
        if module.name.rpartition(".")[2] not in {"__main__", "env"} and module.name not in OF_AN_EXTRA:
            importlib.import_module(module.name)
for name in filter(None, sys.argv[2].split(",")):
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        continue
    sys.exit(f"{name} came along and is no dependency")
"""


def check_wheel(distribution: str, directory: Path) -> None:
    """Install one wheel, import all of it, and run its smoke test.

    Raises:
        subprocess.CalledProcessError: One of them failed.
    """
    python = directory / distribution / "bin" / "python"
    _run(_UV, "venv", "--quiet", "--python", sys.executable, directory / distribution)
    _run(
        _UV,
        *("pip", "install", "--quiet", "--python", python, "--find-links", ROOT / "dist"),
        # Of the same name and version uv would take the wheel of an earlier build from its cache.
        *(f"--refresh-package={name}" for name in DISTRIBUTIONS),
        *("--constraint", ROOT / "requirements" / "runtime.txt", distribution),
    )
    present = sorted(BELOW[distribution])
    absent = sorted(set(DISTRIBUTIONS.values()) - set(present))
    _run(
        python, "-I", "-c", "import importlib.resources\n" + _IMPORT_ALL, ",".join(present), ",".join(absent)
    )
    smoke = Path(__file__).with_name(f"smoke_{DISTRIBUTIONS[distribution]}.py")
    _run(python, "-I", smoke, ROOT / "examples" / "library")
    sys.stdout.write(f"{distribution}: installed alone, imported, used\n")


def _run(*arguments: object) -> None:
    with tempfile.TemporaryDirectory() as elsewhere:
        subprocess.run([str(argument) for argument in arguments], check=True, cwd=elsewhere)


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        for distribution in DISTRIBUTIONS:
            check_wheel(distribution, Path(directory))


if __name__ == "__main__":
    main()
