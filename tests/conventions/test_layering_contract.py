"""Every module of the bundle, the Runtime and the Backend has its place in `.importlinter`: pure core or edge."""

import configparser

from repository import PACKAGES, ROOT

_CONTRACT = configparser.ConfigParser()
_CONTRACT.read(ROOT / ".importlinter", encoding="utf-8")


def _list(section: str, option: str) -> set[str]:
    return set(_CONTRACT.get(section, option).split())


def _list_top_modules(package: str) -> set[str]:
    name = package.replace("-", "_")
    root = ROOT / "packages" / package / "src" / name
    modules = {path.stem for path in root.glob("*.py")} - {"__init__"}
    folders = {path.parent.name for path in root.glob("*/__init__.py")}
    return {f"{name}.{module}" for module in modules | folders}


def test_the_contract_covers_every_package() -> None:
    assert _list("importlinter", "root_packages") == {package.replace("-", "_") for package in PACKAGES}


def test_every_module_is_placed_once() -> None:
    pure = _list("importlinter:contract:pure", "source_modules")
    edges = _list("edges", "modules")
    present = {
        module
        for package in ("yoi-bundle", "worker-runtime", "yoi-workspace-server")
        for module in _list_top_modules(package)
    }
    assert present - pure - edges == set(), "give them their place in .importlinter"
    assert (pure | edges) - present == set(), "no such module"
    assert pure & edges == set()
