"""What another workspace holds costs a caller no more work and no less: the same statements, of the same steps (R-07)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw
import pytest

from support.bundles.small_bundles import SmallBundle, build_small_bundle
from support.runtime.runtime_under_test import (
    EmbeddedUnderTest,
    build_caller,
    create_worker,
    put_blobs,
    put_manifest,
    store_bundle,
)
from worker_runtime.contract.bundles import StagedOutcome
from worker_runtime.sync.transfer.manifest_coding import encode_manifest
from yoi_wire.errors import BundleBaseMissingError, BundleMissingError, LeaseExpiredError

pytestmark = pytest.mark.req("R-07")

_CALLER = build_caller(kind="remote")
_OTHER = build_caller("museum", kind="remote")
_TEXTS = {f"p{number}": b"Text %d.\n" % number for number in range(40)}
_OTHER_TEXTS = {f"p{number}": b"Word %d.\n" % number for number in range(40)}

Statement = tuple[str, int, int]
"""SQL, steps of SQLite's machine, steps of scans."""


@contextmanager
def _traced() -> Iterator[list[Statement]]:
    """Record what every connection runs that is opened inside."""
    found: list[Statement] = []

    def note(event: dict[str, Any]) -> None:
        status = event["stmt_status"]
        steps = (status["SQLITE_STMTSTATUS_VM_STEP"], status["SQLITE_STMTSTATUS_FULLSCAN_STEP"])
        found.append((event["sql"], *steps))

    def hook(connection: apsw.Connection) -> None:
        connection.trace_v2(apsw.SQLITE_TRACE_PROFILE, note)

    apsw.connection_hooks.append(hook)
    try:
        yield found
    finally:
        apsw.connection_hooks.remove(hook)


def _get_status(runtime: EmbeddedUnderTest, theirs: SmallBundle) -> None:
    with pytest.raises(BundleMissingError):
        runtime.run(runtime.api.get_bundle_status(_CALLER, theirs.digest))


def _get_bundle(runtime: EmbeddedUnderTest, theirs: SmallBundle) -> None:
    with pytest.raises(BundleMissingError):
        runtime.run(runtime.api.get_bundle(_CALLER, theirs.digest))


def _put_bundle(runtime: EmbeddedUnderTest, theirs: SmallBundle) -> None:
    del theirs
    outcome = put_manifest(runtime, _CALLER, build_small_bundle(prompts=_TEXTS))
    assert isinstance(outcome, StagedOutcome)
    assert len(outcome.missing) == len(_TEXTS)


def _put_pack(runtime: EmbeddedUnderTest, theirs: SmallBundle) -> None:
    del theirs
    store_bundle(runtime, _CALLER, build_small_bundle(prompts=_TEXTS))


def _put_delta(runtime: EmbeddedUnderTest, theirs: SmallBundle) -> None:
    mine = build_small_bundle(prompts={"p": b"mine\n"})
    delta = encode_manifest(mine.manifest, "dcz", base=theirs.manifest)
    with pytest.raises(BundleBaseMissingError):
        runtime.run(runtime.api.put_bundle(_CALLER, mine.digest, mine.metadata, delta))


def _delete_bundle(runtime: EmbeddedUnderTest, theirs: SmallBundle) -> None:
    runtime.run(runtime.api.delete_bundle(_CALLER, theirs.digest))


def _create_worker(runtime: EmbeddedUnderTest, theirs: SmallBundle) -> None:
    mine = build_small_bundle(prompts={"p": b"mine\n"})
    with pytest.raises(BundleMissingError):
        create_worker(
            runtime,
            _CALLER,
            SmallBundle(digest=theirs.digest, manifest=b"", metadata=mine.metadata, blobs={}),
        )


_OPERATIONS: dict[str, Callable[[EmbeddedUnderTest, SmallBundle], None]] = {
    "status": _get_status,
    "get": _get_bundle,
    "put": _put_bundle,
    "put and pack": _put_pack,
    "put a delta": _put_delta,
    "delete": _delete_bundle,
    "create a Worker": _create_worker,
}


def _trace(
    directory: Path, operation: Callable[[EmbeddedUnderTest, SmallBundle], None], *, held: bool
) -> list[Statement]:
    """Run an operation about a bundle that another workspace holds, or that nobody does; else all is the same."""
    theirs = build_small_bundle("museum", prompts=_TEXTS)
    with _traced() as statements:
        runtime = EmbeddedUnderTest(directory)
        try:
            store_bundle(
                runtime, _OTHER, theirs if held else build_small_bundle("museum", prompts=_OTHER_TEXTS)
            )
            del statements[:]
            operation(runtime, theirs)
            return list(statements)
        finally:
            runtime.close()


@pytest.mark.parametrize("name", _OPERATIONS)
def test_what_another_holds_and_what_nobody_holds_is_the_same_work(tmp_path: Path, name: str) -> None:
    held = _trace(tmp_path / "held", _OPERATIONS[name], held=True)
    nowhere = _trace(tmp_path / "nowhere", _OPERATIONS[name], held=False)
    assert held
    assert held == nowhere


def test_a_lease_of_another_is_the_same_work_as_none(tmp_path: Path) -> None:
    theirs = build_small_bundle("museum", prompts=_TEXTS)
    with _traced() as statements:
        runtime = EmbeddedUnderTest(tmp_path / "data")
        try:
            outcome = put_manifest(runtime, _OTHER, theirs)
            assert isinstance(outcome, StagedOutcome)
            traces = []
            for lease in (outcome.lease.id, "0" * len(outcome.lease.id)):
                del statements[:]
                with pytest.raises(LeaseExpiredError):
                    put_blobs(runtime, _CALLER, lease, list(theirs.blobs.items()))
                traces.append(list(statements))
        finally:
            runtime.close()
    assert traces[0]
    # A row is read in one and not in the other; an id is of 128 random bits, and cannot be tried.
    assert [sql for sql, *_ in traces[0]] == [sql for sql, *_ in traces[1]]
