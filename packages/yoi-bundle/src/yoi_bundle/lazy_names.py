"""Lazy import of the names that a package's root offers (PEP 562): a module is loaded when one of its names is first used."""

import sys

# As in the roots: `typing` alone would cost more than all else that importing a root does.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def build_lazy_names(
    package: str,
    modules: "Mapping[str, tuple[str, ...]]",
    *,
    deprecated: "Mapping[str, tuple[str, str]] | None" = None,
) -> "tuple[Callable[[str], object], Callable[[], list[str]]]":
    """Return `__getattr__` and `__dir__` for a package's root (L-01).

    A name that was used once is an attribute of the root from then on.

    Args:
        package: Name of the package, which is being imported.
        modules: The names by the module that declares them.
        deprecated: Names that go with the next minor version, each with the module that has it and what to use instead. They
            are given with a `DeprecationWarning`, and not listed.
    """
    namespace = vars(sys.modules[package])
    places = {name: module for module, names in modules.items() for name in names}
    leaving = deprecated or {}

    def load(name: str) -> object:
        from importlib import import_module

        if name in leaving:
            from warnings import warn

            module, instead = leaving[name]
            message = f"{package}.{name} goes with the next minor version: {instead}"
            warn(message, DeprecationWarning, stacklevel=2)
            return getattr(import_module(module), name)
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(places[name]), name)
        namespace[name] = value
        return value

    def list_names() -> list[str]:
        return sorted({*namespace, *places})

    return load, list_names
