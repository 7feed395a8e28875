"""Names of a package's root: loaded when used, listed, and kept for a while when they go."""

import sys
from types import ModuleType

import pytest

from yoi_bundle.lazy_names import build_lazy_names


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A package with one name of `string`, and one of `fractions` that is about to go."""
    module = ModuleType("made_root")
    monkeypatch.setitem(sys.modules, "made_root", module)
    module.__getattr__, module.__dir__ = build_lazy_names(  # type: ignore[method-assign]
        "made_root", {"string": ("digits",)}, deprecated={"Fraction": ("fractions", "use decimals")}
    )
    return module


def test_a_name_is_loaded_once_and_is_an_attribute_from_then_on(root: ModuleType) -> None:
    assert "digits" not in vars(root)
    assert root.digits == "0123456789"
    assert vars(root)["digits"] is root.digits


def test_names_are_listed_before_they_are_loaded(root: ModuleType) -> None:
    assert "digits" in dir(root)
    assert "Fraction" not in dir(root)


def test_an_unknown_name_is_refused_as_for_any_module(root: ModuleType) -> None:
    with pytest.raises(AttributeError, match=r"^module 'made_root' has no attribute 'letters'$"):
        _ = root.letters


def test_a_name_that_goes_is_given_with_a_warning_at_each_use(root: ModuleType) -> None:
    for _ in range(2):
        with pytest.warns(
            DeprecationWarning, match=r"^made_root\.Fraction goes with the next .*: use decimals$"
        ) as caught:
            assert root.Fraction.__name__ == "Fraction"
        assert caught[0].filename == __file__
