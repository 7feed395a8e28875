"""Modules: each importable alone, package roots light."""

import json
import subprocess
import sys

from support.repository import PACKAGES, list_sources, name_module

_HEAVY = {
    "apsw",
    "asyncio",
    "betterleaks",
    "click",
    "kingfisher_sdk",
    "rich",
    "sqlite3",
    "tree_sitter",
    "yaml12",
    "zstandard",
}

# Other people's packages, loaded once: what is asked is whether our modules need one another in a certain order.
_FOREIGN = [
    "aiohttp",
    "alembic",
    "apsw",
    "click",
    "cryptography.x509",
    "granian",
    "joserfc.jwt",
    "starlette.requests",
    "msgspec",
    "prometheus_client",
    "rich.console",
    "sqlalchemy.ext.asyncio",
    "tree_sitter",
    "watchfiles",
    "yaml12",
    "zstandard",
]

# A module is imported in a fork of a process that has the layers below its package: packages need one another in one
# direction only (`.importlinter`), so what is left to ask is about the modules of one package.
_LAYERS = (("yoi_bundle",), ("yoi_wire",), ("worker_runtime",), ("yoi_workspace_server", "yoi"))

_FORK_AND_IMPORT = """
import gc, importlib, json, os, sys, traceback
failures = []
asked = json.load(sys.stdin)
for name in asked["present"]:
    importlib.import_module(name)
for layer in asked["layers"]:
    gc.disable()
    gc.freeze()
    for name in layer:
        child = os.fork()
        if child == 0:
            try:
                importlib.import_module(name)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        if os.waitpid(child, 0)[1] != 0:
            failures.append(name)
    if layer is not asked["layers"][-1]:
        for name in layer:
            if name not in failures:
                importlib.import_module(name)
print(json.dumps(failures))
"""

_LIST_MODULES = """
import importlib, json, sys
before = set(sys.modules)
importlib.import_module(sys.argv[1])
print(json.dumps(sorted({name.partition('.')[0] for name in set(sys.modules) - before})))
"""


def _list_modules_imported_by(name: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", _LIST_MODULES, name], check=True, capture_output=True, text=True
    )
    return set(json.loads(done.stdout))


def test_every_module_imports_alone() -> None:
    names = [name_module(path) for path in list_sources()]
    layers = [[name for name in names if name.partition(".")[0] in layer] for layer in _LAYERS]
    assert sorted(name for layer in layers for name in layer) == sorted(names)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _FORK_AND_IMPORT],
        input=json.dumps({"present": _FOREIGN, "layers": layers}),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == [], done.stderr


def test_no_package_root_imports_anything_heavy() -> None:
    for package in PACKAGES:
        name = package.replace("-", "_")
        heavy = _list_modules_imported_by(name) & _HEAVY
        assert heavy == set(), f"{name} imports {sorted(heavy)}"


def test_no_module_bears_a_name_that_says_nothing() -> None:
    empty_words = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}
    assert [name_module(path) for path in list_sources() if path.stem in empty_words] == []
