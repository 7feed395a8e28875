"""One table of requests that mean harm: case → how it is made → status → code → what the details say.

Each is sent by a caller with a good token for its own workspace; `staged` lacks both of its blobs, and `held` lacks none.
"""

from collections.abc import Callable, Mapping

import zstandard
from msgspec import Struct

from support.bundles.small_bundles import SmallBundle
from worker_runtime.contract.headers import MANIFEST_MEDIA_TYPE, METADATA_HEADER, format_header_json
from worker_runtime.sync.transfer.zstd_stream import DELTA_MAGIC
from yoi_bundle.digest import compute_digest
from yoi_bundle.tar_entry import END_OF_ARCHIVE, compute_padding, encode_entry_header

MEBIBYTE = 1024 * 1024
NOWHERE = f"sha256:{'0' * 64}"


class World(Struct, frozen=True, kw_only=True):
    """What the requests are about.

    Attributes:
        lease: Of the caller, for `staged`.
        foreign_leases: Whose → a lease in force that is not the caller's.
    """

    held: SmallBundle
    staged: SmallBundle
    lease: str
    foreign_leases: Mapping[str, str]


class HostileRequest(Struct, frozen=True, kw_only=True):
    """A request as it goes on the wire; `chunked` goes without a length, `length` says another one than is true."""

    method: str
    path: str
    headers: Mapping[str, str]
    pieces: tuple[bytes, ...] = ()
    chunked: bool = False
    length: int | None = None


class HostileCase(Struct, frozen=True, kw_only=True):
    """A row: `details` are members of the problem's details that have to be just so."""

    make: Callable[[World], HostileRequest]
    status: int
    code: str
    details: Mapping[str, object] = {}


def _put(
    world: World,
    body: bytes,
    *,
    digest: str | None = None,
    encoding: str | None = None,
    metadata: str | None = None,
    chunked: bool = False,
    length: int | None = None,
) -> HostileRequest:
    digest = digest or world.staged.digest
    known = {**_plain(world.staged), "digest": digest}
    headers = {
        "Content-Type": MANIFEST_MEDIA_TYPE,
        METADATA_HEADER: format_header_json(known) if metadata is None else metadata,
    }
    if encoding is not None:
        headers["Content-Encoding"] = encoding
    path = f"/v1/config-bundles/{digest}"
    return HostileRequest(
        method="PUT", path=path, headers=headers, pieces=_cut(body), chunked=chunked, length=length
    )


def _pack(
    world: World, body: bytes, *, encoding: str | None = None, lease: str = "", chunked: bool = False
) -> HostileRequest:
    headers = {"Content-Type": "application/x-tar"}
    if encoding is not None:
        headers["Content-Encoding"] = encoding
    path = f"/v1/leases/{lease or world.lease}/pack"
    return HostileRequest(method="POST", path=path, headers=headers, pieces=_cut(body), chunked=chunked)


def _assign(
    body: bytes, *, chunked: bool = False, length: int | None = None, **headers: str
) -> HostileRequest:
    sent = {"Content-Type": "application/json"}
    sent.update({name.replace("_", "-"): value for name, value in headers.items()})
    path = "/v1/assignments/library"
    return HostileRequest(
        method="PUT", path=path, headers=sent, pieces=_cut(body), chunked=chunked, length=length
    )


def _cut(body: bytes) -> tuple[bytes, ...]:
    return tuple(body[start : start + 65_536] for start in range(0, len(body), 65_536))


def _plain(bundle: SmallBundle) -> dict[str, object]:
    metadata = bundle.metadata
    return {
        "workspace": metadata.workspace,
        "revision": metadata.revision,
        "created_at": metadata.created_at,
        "provenance": {"kind": "api", "builder": "test", "builder_version": "1"},
    }


def _zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=19).compress(data)


def _zstd_wide(data: bytes) -> bytes:
    """Compress with a window that the reader would have to hold, of 128 MiB."""
    parameters = zstandard.ZstdCompressionParameters(window_log=27, write_content_size=False)
    writer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    return writer.compress(data) + writer.flush()


def _delta(world: World, decoded: bytes, *, base: str | None = None) -> bytes:
    digest = base or world.held.digest
    dictionary = zstandard.ZstdCompressionDict(world.held.manifest, zstandard.DICT_TYPE_RAWCONTENT)
    body = zstandard.ZstdCompressor(level=3, dict_data=dictionary).compress(decoded)
    return DELTA_MAGIC + bytes.fromhex(digest.removeprefix("sha256:")) + body


def _entry(name: str, data: bytes, *, size: int | None = None) -> bytes:
    header = encode_entry_header(name, len(data) if size is None else size)
    return header + data + bytes(compute_padding(len(data)))


def _blob(data: bytes) -> bytes:
    return _entry(f"blobs/{compute_digest(data).replace(':', '/')}", data)


def _first(world: World) -> bytes:
    return next(iter(world.staged.blobs.values()))


def _relabel(entry: bytes, kind: bytes, *, link: bytes = b"") -> bytes:
    """Change an entry's type and link, with the checksum that belongs to it."""
    header = entry[:148] + b" " * 8 + kind + link.ljust(100, b"\0") + entry[257:512]
    return header[:148] + b"%06o\0 " % sum(header) + header[156:] + entry[512:]


def _row(make: Callable[[World], HostileRequest], status: int, code: str, **details: object) -> HostileCase:
    return HostileCase(make=make, status=status, code=code, details=details)


def _invalid(make: Callable[[World], HostileRequest], field: str, status: int = 400) -> HostileCase:
    return _row(make, status, "request.invalid", field=field)


def _too_long(make: Callable[[World], HostileRequest], limit: str, **details: object) -> HostileCase:
    return _row(make, 413, "limit.exceeded", limit=limit, **details)


_LONG = bytes(8 * MEBIBYTE + 1)
_NESTED = b"[" * 100_000

MANIFESTS: dict[str, HostileCase] = {
    "too long, with its length": _too_long(lambda w: _put(w, _LONG), "manifest_bytes"),
    "too long, without a length": _too_long(lambda w: _put(w, _LONG, chunked=True), "manifest_bytes"),
    "shorter than it says": _invalid(lambda w: _put(w, b"{}", length=100), "body", 408),
    "a zstd bomb": _too_long(
        lambda w: _put(w, _zstd(bytes(512 * MEBIBYTE)), encoding="zstd"), "manifest_bytes"
    ),
    "a dcz bomb": _too_long(
        lambda w: _put(w, _delta(w, bytes(512 * MEBIBYTE)), encoding="dcz"), "manifest_bytes"
    ),
    "a zstd window of 128 MiB": _too_long(
        lambda w: _put(w, _zstd_wide(_LONG), encoding="zstd"), "window_bytes"
    ),
    "encoded, and longer than any honest one": _too_long(
        lambda w: _put(w, bytes(8 * MEBIBYTE + 128 * 1024), encoding="zstd"), "encoded_bytes"
    ),
    "two frames": _invalid(lambda w: _put(w, _zstd(w.staged.manifest) * 2, encoding="zstd"), "body"),
    "half a frame": _invalid(lambda w: _put(w, _zstd(w.staged.manifest)[:-4], encoding="zstd"), "body"),
    "no zstd at all": _invalid(lambda w: _put(w, w.staged.manifest, encoding="zstd"), "body"),
    "an unknown encoding": _invalid(lambda w: _put(w, b"{}", encoding="gzip"), "Content-Encoding"),
    "encoded twice": _invalid(lambda w: _put(w, b"{}", encoding="zstd, zstd"), "Content-Encoding"),
    "a delta that is none": _invalid(lambda w: _put(w, _zstd(w.staged.manifest), encoding="dcz"), "body"),
    "a delta against what is not held": _row(
        lambda w: _put(w, _delta(w, w.staged.manifest, base=NOWHERE), encoding="dcz"),
        409,
        "bundle.base_missing",
        base=NOWHERE,
    ),
    "other bytes": _row(
        lambda w: _put(w, w.held.manifest),
        422,
        "bundle.digest_mismatch",
    ),
    "other bytes in a delta": _row(
        lambda w: _put(w, _delta(w, w.held.manifest), encoding="dcz"), 422, "bundle.digest_mismatch"
    ),
    "not canonical": _row(
        lambda w: _put(w, w.staged.manifest + b"\n", digest=compute_digest(w.staged.manifest + b"\n")),
        422,
        "bundle.not_canonical",
    ),
    "nested without end": _too_long(lambda w: _put(w, _NESTED, digest=compute_digest(_NESTED)), "depth"),
    "not UTF-8": _row(
        lambda w: _put(w, b'"\xff"', digest=compute_digest(b'"\xff"')), 422, "bundle.not_canonical"
    ),
    "a key twice": _row(
        lambda w: _put(w, b'{"a":1,"a":2}', digest=compute_digest(b'{"a":1,"a":2}')),
        422,
        "bundle.not_canonical",
    ),
    "an unknown field": _row(
        lambda w: _put(w, b'{"a":1}', digest=compute_digest(b'{"a":1}')), 422, "bundle.invalid"
    ),
    "a digest that is a path": _invalid(
        lambda w: _put(w, b"{}", digest="..%2f..%2fetc%2fpasswd"), "path", 404
    ),
    "empty metadata": _row(lambda w: _put(w, b"{}", metadata=""), 422, "bundle.invalid"),
    "metadata of 5 KB": _row(lambda w: _put(w, b"{}", metadata="x" * 5000), 422, "bundle.invalid"),
    "metadata of another digest": _invalid(
        lambda w: _put(w, b"{}", metadata=format_header_json({**_plain(w.held), "digest": w.held.digest})),
        "metadata/digest",
    ),
    "metadata of a workspace that the token does not name": _row(
        lambda w: _put(
            w,
            w.staged.manifest,
            metadata=format_header_json(
                {**_plain(w.staged), "digest": w.staged.digest, "workspace": "museum"}
            ),
        ),
        403,
        "auth.forbidden",
        workspace="museum",
    ),
}

PACKS: dict[str, HostileCase] = {
    "zeros without end, with a length": _too_long(
        lambda w: _pack(w, END_OF_ARCHIVE + bytes(4 * MEBIBYTE)), "trailing_bytes"
    ),
    "zeros without end, without a length": _too_long(
        lambda w: _pack(w, END_OF_ARCHIVE + bytes(4 * MEBIBYTE), chunked=True), "trailing_bytes"
    ),
    "a zstd bomb": _too_long(
        lambda w: _pack(w, _zstd(END_OF_ARCHIVE + bytes(512 * MEBIBYTE)), encoding="zstd"), "trailing_bytes"
    ),
    "a zstd window of 128 MiB": _too_long(
        lambda w: _pack(w, _zstd_wide(bytes(9 * MEBIBYTE)), encoding="zstd"), "window_bytes"
    ),
    "a blob above the limit": _too_long(
        lambda w: _pack(w, _entry(f"blobs/sha256/{'0' * 64}", b"", size=64 * MEBIBYTE + 1)),
        "blob_bytes",
        value=64 * MEBIBYTE + 1,
    ),
    "a path upwards": _invalid(lambda w: _pack(w, _entry("../../etc/cron.d/x", b"x")), "pack"),
    "a path from the root": _invalid(lambda w: _pack(w, _entry("/etc/passwd", b"x")), "pack"),
    "a path that goes on": _invalid(
        lambda w: _pack(w, _entry(f"blobs/sha256/{'0' * 64}/../../x", b"x")), "pack"
    ),
    "a drive": _invalid(lambda w: _pack(w, _entry("C:\\windows\\x", b"x")), "pack"),
    "upper case": _invalid(lambda w: _pack(w, _entry(f"blobs/sha256/{'A' * 64}", b"x")), "pack"),
    "a symbolic link": _invalid(
        lambda w: _pack(w, _relabel(_blob(_first(w)), b"2", link=b"/etc/passwd")), "pack"
    ),
    "a hard link": _invalid(
        lambda w: _pack(w, _relabel(_blob(_first(w)), b"1", link=b"/etc/passwd")), "pack"
    ),
    "a device": _invalid(lambda w: _pack(w, _relabel(_blob(_first(w)), b"3")), "pack"),
    "a directory": _invalid(lambda w: _pack(w, _relabel(_blob(_first(w)), b"5")), "pack"),
    "a pax header": _invalid(lambda w: _pack(w, _relabel(_blob(_first(w)), b"x")), "pack"),
    "a GNU long name": _invalid(lambda w: _pack(w, _relabel(_blob(_first(w)), b"L")), "pack"),
    "a checksum that is wrong": _invalid(lambda w: _pack(w, b"c" + _blob(_first(w))[1:]), "pack"),
    "the same twice": _invalid(
        lambda w: _pack(w, _blob(_first(w)) * 2 + END_OF_ARCHIVE),
        "pack",
    ),
    "nobody asked for it": _invalid(lambda w: _pack(w, _blob(b"Be loud.\n") + END_OF_ARCHIVE), "pack"),
    "of another bundle that is held": _invalid(
        lambda w: _pack(w, _blob(next(iter(w.held.blobs.values()))) + END_OF_ARCHIVE), "pack"
    ),
    "other bytes": _row(
        lambda w: _pack(
            w,
            _entry(f"blobs/{compute_digest(_first(w)).replace(':', '/')}", b"#" * len(_first(w)))
            + END_OF_ARCHIVE,
        ),
        422,
        "bundle.digest_mismatch",
    ),
    "another size": _invalid(
        lambda w: _pack(w, _entry(f"blobs/{compute_digest(_first(w)).replace(':', '/')}", b"x")), "pack"
    ),
    "something after the end": _invalid(
        lambda w: _pack(w, _blob(_first(w)) + END_OF_ARCHIVE + b"x" * 512), "pack"
    ),
    "cut": _invalid(lambda w: _pack(w, _blob(_first(w)), chunked=True), "pack"),
    "not a tar": _invalid(lambda w: _pack(w, b"PK\3\4" + bytes(600)), "pack"),
    "a delta": _invalid(lambda w: _pack(w, b"x", encoding="dcz"), "Content-Encoding"),
    "nothing": _invalid(lambda w: _pack(w, b""), "pack"),
}

DOCUMENTS: dict[str, HostileCase] = {
    "too long, with its length": _too_long(
        lambda _: _assign(b" " * (4 * MEBIBYTE + 1)), "document_bytes", value=4 * MEBIBYTE + 1
    ),
    "too long, without a length": _too_long(
        lambda _: _assign(b" " * (4 * MEBIBYTE + 1), chunked=True), "document_bytes"
    ),
    "too long by its length alone": _too_long(
        lambda _: _assign(b"{", length=10**12), "document_bytes", value=10**12
    ),
    "nested without end": _invalid(lambda _: _assign(_NESTED), "body"),
    "not UTF-8": _invalid(lambda _: _assign(b'{"digest":"\xff"}'), "body"),
    "not a number": _invalid(lambda _: _assign(b'{"generation":NaN}'), "body"),
    "a number beyond all": _invalid(
        lambda _: _assign(b'{"digest":"%s","revision":1,"generation":9007199254740993}' % NOWHERE.encode()),
        "generation",
    ),
    "a number of a million digits": _invalid(
        lambda _: _assign(b'{"generation":1%s}' % (b"0" * MEBIBYTE)), "generation"
    ),
    "compressed": _invalid(lambda _: _assign(b"{}", Content_Encoding="zstd"), "Content-Encoding"),
    "of another type": _invalid(lambda _: _assign(b"{}", Content_Type="text/plain"), "Content-Type"),
}
