"""Every default that is a text or a struct is left out, whichever equal object holds it."""

import inspect

import msgspec
import pytest
from msgspec import NODEFAULT, Struct
from msgspec.structs import FieldInfo, fields

from yoi_bundle import manifest as manifest_types


def list_defaults() -> list[tuple[type[Struct], FieldInfo]]:
    found = []
    for name in manifest_types.__all__:
        one = getattr(manifest_types, name)
        if inspect.isclass(one) and issubclass(one, Struct):
            found += [(one, field) for field in fields(one) if isinstance(field.default, str | Struct)]
    return found


@pytest.mark.req("B-01")
@pytest.mark.parametrize(
    ("owner", "field"), list_defaults(), ids=lambda value: getattr(value, "__name__", "")
)
def test_an_equal_value_is_replaced_by_the_shared_default(owner: type[Struct], field: FieldInfo) -> None:
    assert field.default is not NODEFAULT
    equal = (
        "".join(field.default) if isinstance(field.default, str) else msgspec.convert({}, type(field.default))
    )
    assert equal == field.default
    required = {one.name: None for one in fields(owner) if one.required}
    assert getattr(owner(**required, **{field.name: equal}), field.name) is field.default
