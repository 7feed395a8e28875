"""What SQLite says, as typed errors (R-01, R-03)."""

from collections.abc import Iterator
from contextlib import contextmanager

import apsw

from yoi_wire.errors import RuntimeOverloadedError, RuntimeUnavailableError, StoreCorruptError

# Text that is not UTF-8 was never written by us: its bytes have changed on the disk.
_DAMAGE = (apsw.CorruptError, apsw.NotADBError, apsw.FormatError, UnicodeDecodeError)
_READ_ONLY = (apsw.ReadOnlyError, apsw.PermissionsError, apsw.AuthError)


@contextmanager
def typed_failures() -> Iterator[None]:
    """Turn an error of SQLite into one of ours.

    Raises:
        StoreCorruptError: The file is damaged.
        RuntimeUnavailableError: The disk is full, read-only or failing.
        RuntimeOverloadedError: Another writer held the database for longer than the busy timeout.
    """
    try:
        yield
    except _DAMAGE as error:
        raise StoreCorruptError("database") from error
    except apsw.FullError as error:
        raise RuntimeUnavailableError("storage_full") from error
    except _READ_ONLY as error:
        raise RuntimeUnavailableError("storage_read_only") from error
    except (apsw.BusyError, apsw.LockedError) as error:
        raise RuntimeOverloadedError("busy") from error
    except (apsw.IOError, apsw.CantOpenError, apsw.NoLFSError) as error:
        raise RuntimeUnavailableError("storage_failed") from error
