"""The built-in profiles: a small set that every Runtime has, usable without a bundle or copied into one (S-07)."""

from yoi_bundle.builtin.builtin_set import (
    BUILTIN_WORKSPACE,
    NO_BUILTINS,
    BuiltinSet,
    load_builtin_set,
    make_builtin_set,
)

__all__ = ["BUILTIN_WORKSPACE", "NO_BUILTINS", "BuiltinSet", "load_builtin_set", "make_builtin_set"]
