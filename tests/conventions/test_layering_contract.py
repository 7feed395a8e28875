"""Every module has its place in `.importlinter`: the pure core or an edge, by itself or by its folder."""

import configparser

from support.repository import PACKAGES, ROOT, list_sources, name_module

_CONTRACT = configparser.ConfigParser()
_CONTRACT.read(ROOT / ".importlinter", encoding="utf-8")
_PLACED = ("yoi_bundle", "yoi_wire", "worker_runtime", "yoi_workspace_server")


def _list(section: str, option: str) -> set[str]:
    return set(_CONTRACT.get(section, option).split())


def _is_within(module: str, folders: set[str]) -> bool:
    return any(module == folder or module.startswith(folder + ".") for folder in folders)


def test_the_contract_covers_every_package() -> None:
    assert _list("importlinter", "root_packages") == {package.replace("-", "_") for package in PACKAGES}


def test_every_module_is_placed_once() -> None:
    pure = _list("importlinter:contract:pure", "source_modules")
    edges = _list("edges", "modules")
    present = {
        name_module(path)
        for path in list_sources()
        if path.name != "__init__.py" and name_module(path).partition(".")[0] in _PLACED
    }
    unplaced = {module for module in present if not _is_within(module, pure | edges)}
    assert unplaced == set(), "give them their place in .importlinter"
    assert {module for module in present if _is_within(module, pure) and _is_within(module, edges)} == set()
    empty = {folder for folder in pure | edges if not any(_is_within(module, {folder}) for module in present)}
    assert empty == set(), "no such module"
