"""Packs from outside: what is taken, and what is refused with which error."""

import asyncio
import hashlib
import io
import itertools
import random
import tarfile
import tracemalloc
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest

from support.hostile.byte_streams import collect, cut_evenly, stream_pieces
from worker_runtime.sync.transfer.pack import PackEncoding, decode_pack, write_pack
from worker_runtime.sync.transfer.pack_reader import SPOOL_BYTES, PackedBlob, read_pack
from worker_runtime.sync.transfer.zstd_stream import encode_zstd
from yoi_bundle.digest import compute_digest
from yoi_bundle.errors import DigestMismatchError, LimitExceededError
from yoi_bundle.limits import Limits
from yoi_bundle.tar_entry import BLOCK_BYTES, END_OF_ARCHIVE, compute_padding, encode_entry_header
from yoi_wire.errors import RequestInvalidError

BLOBS = {compute_digest(data): data for data in (b"", b"one\n", b"x" * 512, b"y" * 5000)}
SIZES = {digest: len(data) for digest, data in BLOBS.items()}


def pack(blobs: Mapping[str, bytes] = BLOBS, encoding: PackEncoding = "identity") -> bytes:
    return b"".join(collect(write_pack(blobs.items(), encoding=encoding)))


def entry(name: str, data: bytes) -> bytes:
    return encode_entry_header(name, len(data)) + data + bytes(compute_padding(len(data)))


def name_entry(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


class Intake:
    """Takes a pack in, and keeps what came before an error."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.taken: dict[str, bytes] = {}

    def read(
        self,
        data: bytes,
        *,
        expected: Mapping[str, int] = SIZES,
        piece: int = 700,
        encoding: PackEncoding = "identity",
        limits: Limits = Limits(),  # noqa: B008
    ) -> dict[str, bytes]:
        async def run() -> None:
            plain = decode_pack(stream_pieces(cut_evenly(data, piece)), encoding, limits=limits)
            stream = read_pack(plain, expected, spool_directory=self.directory, limits=limits)
            async for blobs in stream:
                for blob in blobs:
                    self._keep(blob)

        asyncio.run(run())
        return self.taken

    def _keep(self, blob: PackedBlob) -> None:
        content = blob.content
        if not isinstance(content, bytes):
            with content:
                content = content.read()
        assert len(content) == blob.size
        self.taken[blob.digest] = content


@pytest.fixture
def intake(tmp_path: Path) -> Intake:
    return Intake(tmp_path)


@pytest.mark.req("R-04")
@pytest.mark.parametrize("encoding", ["identity", "zstd"])
@pytest.mark.parametrize("piece", [1, 511, 512, 513, 100_000])
def test_blobs_come_out_as_they_went_in_however_the_stream_is_cut(
    intake: Intake, encoding: PackEncoding, piece: int
) -> None:
    assert intake.read(pack(encoding=encoding), piece=piece, encoding=encoding) == BLOBS


def test_an_asynchronous_source_gives_the_same_pack() -> None:
    async def give() -> AsyncIterator[tuple[str, bytes]]:
        for blob in BLOBS.items():
            yield blob

    assert b"".join(collect(write_pack(give()))) == pack()


@pytest.mark.req("R-04")
def test_blobs_may_come_in_any_order_and_in_part(intake: Intake) -> None:
    part = dict(reversed(list(BLOBS.items())[1:3]))
    assert list(intake.read(pack(part))) == list(part)


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.PAX_FORMAT])
def test_a_pack_that_a_tar_library_wrote_is_taken(intake: Intake, form: int) -> None:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=form) as archive:
        for digest, data in BLOBS.items():
            info = tarfile.TarInfo(name_entry(digest))
            info.size, info.mtime, info.mode, info.uid = len(data), 1_700_000_000, 0o600, 1000
            archive.addfile(info, io.BytesIO(data))
    assert intake.read(written.getvalue()) == BLOBS


def test_a_tar_library_reads_a_pack() -> None:
    with tarfile.open(fileobj=io.BytesIO(pack())) as archive:
        assert archive.getnames() == [name_entry(digest) for digest in BLOBS]


def _other(data: bytes = b"one\n") -> str:
    return compute_digest(data + b"!")


HEADER = encode_entry_header(name_entry(compute_digest(b"one\n")), 4)
REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing at all": (lambda: b"", "cut"),
    "no end mark": (lambda: pack()[:-1024], "cut"),
    "half an end mark": (lambda: pack()[:-512], "cut"),
    "cut in a blob": (lambda: pack()[: 3 * BLOCK_BYTES + 100], "cut"),
    "cut in a header": (lambda: pack()[:100], "cut"),
    "not asked for": (lambda: pack({_other(): b"one\n!"}), "asked for"),
    "the same twice": (lambda: pack()[:-1024] + pack(), "asked for"),
    "another size": (lambda: entry(name_entry(compute_digest(b"one\n")), b"one\n2"), "another size"),
    "a path": (lambda: entry("../../etc/cron.d/x", b"one\n"), "named after"),
    "an absolute path": (lambda: entry("/blobs/sha256/" + "0" * 64, b""), "named after"),
    "a path before the name": (lambda: entry("./" + name_entry(compute_digest(b"")), b""), "named after"),
    "a path after the name": (lambda: entry(name_entry(compute_digest(b"")) + "/x", b""), "named after"),
    "upper case": (lambda: entry("blobs/sha256/" + "A" * 64, b""), "named after"),
    "another algorithm": (lambda: entry("blobs/sha512/" + "0" * 64, b""), "named after"),
    "a newline": (lambda: entry(name_entry(compute_digest(b"")) + "\n", b""), "named after"),
    "a manifest": (lambda: entry("manifest.json", b"{}"), "named after"),
    "no zeros between": (lambda: HEADER + b"one\n" + b"\1" * 508, "not zeros"),
    "an entry after zeros": (lambda: bytes(512) + pack(), "after a block"),
    "something after the end": (lambda: pack() + b"\0\0x", "follows the end"),
    "not a tar": (lambda: b"PK\3\4" + bytes(600), "ustar"),
}


@pytest.mark.req("R-04")
@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("piece", [3, 100_000])
def test_what_is_no_pack_is_refused(intake: Intake, case: str, piece: int) -> None:
    build, message = REFUSED[case]
    with pytest.raises(RequestInvalidError, match=message) as caught:
        intake.read(build(), piece=piece)
    assert caught.value.field == "pack"
    assert intake.taken.items() <= BLOBS.items()


@pytest.mark.req("R-04")
def test_what_came_whole_before_a_cut_has_been_handed_on(intake: Intake) -> None:
    data = pack()
    with pytest.raises(RequestInvalidError):
        intake.read(data[: data.index(b"y" * 5000) + 4000])
    assert list(intake.taken) == list(BLOBS)[:3]
    rest = {digest: data for digest, data in BLOBS.items() if digest not in intake.taken}
    assert intake.read(pack(rest), expected={digest: SIZES[digest] for digest in rest}) == BLOBS


@pytest.mark.req("R-04")
def test_what_came_whole_before_the_stream_failed_has_been_handed_on(tmp_path: Path) -> None:
    whole = b"".join(entry(name_entry(digest), data) for digest, data in BLOBS.items())
    taken: list[str] = []

    async def give() -> AsyncIterator[bytes]:
        yield whole[:-1000]
        raise ConnectionError

    async def run() -> None:
        async for blobs in read_pack(give(), SIZES, spool_directory=tmp_path):
            taken.extend(blob.digest for blob in blobs)

    with pytest.raises(ConnectionError):
        asyncio.run(run())
    assert taken == list(BLOBS)[:-1]


@pytest.mark.req("R-09")
def test_a_fault_is_found_soon_however_small_the_pieces_are(tmp_path: Path) -> None:
    given = 0

    async def give() -> AsyncIterator[bytes]:
        nonlocal given
        while True:
            given += 1
            yield b"x"

    with pytest.raises(RequestInvalidError, match="ustar"):
        collect(read_pack(give(), SIZES, spool_directory=tmp_path))
    assert given < 2 * BLOCK_BYTES


@pytest.mark.req("B-02")
def test_bytes_of_another_digest_are_refused(intake: Intake) -> None:
    wrong = pack().replace(b"one\n", b"two\n")
    with pytest.raises(DigestMismatchError) as caught:
        intake.read(wrong)
    assert caught.value.claimed == compute_digest(b"one\n")
    assert caught.value.computed == compute_digest(b"two\n")
    assert list(intake.taken) == [compute_digest(b"")]


def test_an_empty_blob_is_hashed_too(intake: Intake) -> None:
    digest = "sha256:" + "0" * 64
    with pytest.raises(DigestMismatchError):
        intake.read(entry(name_entry(digest), b""), expected={digest: 0})


@pytest.mark.req("R-09")
def test_a_blob_above_the_limit_is_refused_by_its_header(intake: Intake) -> None:
    digest = compute_digest(b"y" * 5000)
    with pytest.raises(LimitExceededError) as caught:
        intake.read(pack(), limits=Limits(blob_bytes=4999))
    assert caught.value.details() == {
        "limit": "blob_bytes",
        "value": 5000,
        "allowed": 4999,
        "place": digest,
    }


@pytest.mark.req("R-09")
def test_zeros_after_the_end_come_to_an_end(intake: Intake) -> None:
    assert intake.read(pack() + bytes(10_240)) == BLOBS
    with pytest.raises(LimitExceededError) as caught:
        Intake(intake.directory).read(pack() + bytes(10_241))
    assert caught.value.limit == "trailing_bytes"


@pytest.mark.req("R-09")
def test_a_compressed_pack_that_grows_without_bound_is_cut_off(intake: Intake) -> None:
    bomb = b"".join(collect_zstd(pack() + bytes(50_000_000)))
    assert len(bomb) < 20_000
    with pytest.raises(LimitExceededError) as caught:
        intake.read(bomb, encoding="zstd")
    assert caught.value.limit == "trailing_bytes"
    assert intake.taken == BLOBS


@pytest.mark.req("R-09")
def test_a_compressed_pack_is_not_longer_than_that_of_the_largest_bundle(intake: Intake) -> None:
    small = Limits(bundle_bytes=5000, blobs=1)
    with pytest.raises(LimitExceededError) as caught:
        intake.read(b"".join(collect_zstd(pack() + bytes(50_000))), encoding="zstd", limits=small)
    assert caught.value.limit == "pack_bytes"
    noise = random.Random(1).randbytes(50_000)
    with pytest.raises(LimitExceededError) as caught:
        collect(
            decode_pack(stream_pieces(cut_evenly(b"\x50\x2a\x4d\x18" + noise, 100)), "zstd", limits=small)
        )
    assert caught.value.limit == "encoded_bytes"


def collect_zstd(data: bytes) -> list[bytes]:
    return collect(encode_zstd(stream_pieces(cut_evenly(data, 1 << 20))))


def test_a_pack_that_is_said_to_be_compressed_and_is_not_is_refused(intake: Intake) -> None:
    with pytest.raises(RequestInvalidError, match="zstd"):
        intake.read(pack(), encoding="zstd")


def test_a_large_blob_goes_through_a_file_and_a_small_one_does_not(tmp_path: Path) -> None:
    large, small = b"z" * (SPOOL_BYTES + 1), b"z" * SPOOL_BYTES
    blobs = {compute_digest(large): large, compute_digest(small): small}
    stream = read_pack(
        stream_pieces(cut_evenly(pack(blobs), 65_536)),
        {digest: len(data) for digest, data in blobs.items()},
        spool_directory=tmp_path,
    )
    first, second = itertools.chain.from_iterable(collect(stream))
    assert not isinstance(first.content, bytes)
    assert second.content == small
    with first.content as file:
        assert file.read() == large
    assert list(tmp_path.iterdir()) == []


@pytest.mark.req("R-09")
def test_a_pack_of_large_blobs_is_read_in_flat_memory(tmp_path: Path) -> None:
    size, piece = 48 * 1024 * 1024, bytes(65_536)
    digest = f"sha256:{hashlib.sha256(bytes(size)).hexdigest()}"

    async def give() -> AsyncIterator[bytes]:
        yield encode_entry_header(name_entry(digest), size)
        for _ in range(size // len(piece)):
            yield piece
        yield END_OF_ARCHIVE

    async def run() -> None:
        async for blobs in read_pack(give(), {digest: size}, spool_directory=tmp_path):
            for blob in blobs:
                assert not isinstance(blob.content, bytes)
                blob.content.close()

    tracemalloc.start()
    try:
        asyncio.run(run())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2 * 1024 * 1024
