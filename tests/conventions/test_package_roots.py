"""Roots of the packages: what they offer, and that importing them loads none of it (L-01)."""

import ast
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from support.documents.library_reference import ROOTS, find_declaration

pytestmark = pytest.mark.req("L-01")

_LIST_LOADED = """
import sys
before = set(sys.modules)
__import__(sys.argv[1])
loaded = sorted(set(sys.modules) - before)
import json
print(json.dumps(loaded))
"""


@pytest.fixture(params=ROOTS, ids=lambda root: root.__name__)
def root(request: pytest.FixtureRequest) -> ModuleType:
    found: ModuleType = request.param
    return found


def _parse(root: ModuleType) -> ast.Module:
    assert root.__file__ is not None
    return ast.parse(Path(root.__file__).read_text(encoding="utf-8"))


def _read_typed_names(root: ModuleType) -> dict[str, str]:
    """Return what a type checker takes each name from."""
    (choice,) = [one for one in _parse(root).body if isinstance(one, ast.If)]
    return {
        alias.name: str(one.module)
        for one in choice.body
        if isinstance(one, ast.ImportFrom)
        for alias in one.names
    }


def _read_loaded_names(root: ModuleType) -> dict[str, str]:
    """Return what Python takes each name from."""
    (choice,) = [one for one in _parse(root).body if isinstance(one, ast.If)]
    (table,) = [one for one in ast.walk(choice) if isinstance(one, ast.Dict)]
    modules: dict[str, tuple[str, ...]] = ast.literal_eval(table)
    return {name: module for module, names in modules.items() for name in names}


def test_importing_a_root_loads_only_roots_and_the_mechanism(root: ModuleType) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LIST_LOADED, root.__name__], check=True, capture_output=True, text=True
    )
    assert set(json.loads(done.stdout)) == {root.__name__, "yoi_bundle", "yoi_bundle.lazy_names"}


def test_type_checkers_and_python_take_the_same_names_from_the_same_modules(root: ModuleType) -> None:
    assert _read_typed_names(root) == _read_loaded_names(root)
    assert sorted(_read_typed_names(root)) == sorted(root.__all__)


def test_every_name_is_the_one_of_its_module_and_no_name_of_a_module(root: ModuleType) -> None:
    for name, module in _read_loaded_names(root).items():
        assert getattr(root, name) is getattr(import_module(module), name)
        assert not isinstance(getattr(root, name), ModuleType)
    assert set(root.__all__) <= set(dir(root))


def test_every_name_says_what_it_is(root: ModuleType) -> None:
    silent = [name for name in root.__all__ if not find_declaration(root, name)[2]]
    assert silent == []


def test_an_unknown_name_cannot_be_imported(root: ModuleType) -> None:
    with pytest.raises(ImportError, match="cannot import name 'nothing'"):
        exec(f"from {root.__name__} import nothing")
