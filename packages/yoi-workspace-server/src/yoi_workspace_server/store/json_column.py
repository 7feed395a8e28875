"""JSON column: one typed value as text, the same on every database."""

from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import Dialect, Text
from sqlalchemy.types import TypeDecorator

from yoi_wire.errors import StoreCorruptError

Value = TypeVar("Value")


class JsonValue(TypeDecorator[Value], Generic[Value]):
    """Writes with sorted keys and reads strictly typed; NULL is None."""

    impl = Text
    cache_ok = True

    def __init__(self, value_type: Any) -> None:
        super().__init__()
        self.value_type = value_type
        self._decoder = msgspec.json.Decoder(value_type)

    def process_bind_param(self, value: Value | None, dialect: Dialect) -> str | None:
        return None if value is None else msgspec.json.encode(value, order="sorted").decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Value | None:
        """Decode a row's text.

        Raises:
            StoreCorruptError: It is not of the type.
        """
        if value is None:
            return None
        try:
            decoded: Value = self._decoder.decode(value)
        except (msgspec.DecodeError, UnicodeError) as error:
            raise StoreCorruptError("record") from error
        return decoded
