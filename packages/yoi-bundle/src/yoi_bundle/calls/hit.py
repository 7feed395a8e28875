"""How sure it is that a rule takes a call."""

from enum import IntEnum


class Hit(IntEnum):
    """MAYBE: it depends on what only the shell will know, such as a variable."""

    NO = 0
    MAYBE = 1
    YES = 2
