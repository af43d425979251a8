"""A look at the bytes of a text file before it is read: encoding, NULs, broken or absurd gzip."""

from __future__ import annotations

import codecs
import contextlib
import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from orchestration.ingest.incoming import FileRejected

_CHUNK = 1 << 20
# A text export compresses 5 to 30 fold; gzip's limit, reached by a bomb, is about 1,030.
_BOMB_RATIO = 300
_BOMB_BYTES = 256 << 20
_SPACED_QUOTES = re.compile(rb'[,;\t|] +"|" +[,;\t|\r\n]')
_NUL_ESCAPE = b"\\u0000"
# Characters for private use: one that the file does not contain can mark places in its text.
MARKERS = ("\ue0f1", "\uf1a7", "\ue55b")


@dataclass(frozen=True)
class Survey:
    """Facts about the (decompressed) bytes of one file."""

    path: Path
    gzipped: bool
    bytes: int
    lines: int
    is_utf8: bool
    has_bom: bool
    has_nul: bool
    has_spaced_quotes: bool
    marker: str | None


def open_bytes(path: Path, gzipped: bool) -> BinaryIO:
    """The bytes of a file, decompressed."""
    return cast(BinaryIO, gzip.open(path, "rb")) if gzipped else path.open("rb")


def chunks(path: Path, gzipped: bool) -> Iterator[bytes]:
    """The bytes of a file in pieces. Raises FileRejected for gzip that is broken or a bomb."""
    packed = path.stat().st_size
    total = 0
    try:
        with open_bytes(path, gzipped) as stream:
            while chunk := stream.read(_CHUNK):
                total += len(chunk)
                if gzipped and total > _BOMB_BYTES and total > packed * _BOMB_RATIO:
                    raise FileRejected(
                        f"The file unpacks to more than {_BOMB_RATIO} times its size.",
                        "No export does that. Unpack and look at it; deliver the plain file.",
                        records=0,
                    )
                yield chunk
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FileRejected(
            f"The gzip file is broken or cut off: {error}.",
            "Transfer the file again, completely.",
            records=0,
            broken_off=True,
        ) from error


def survey(path: Path, gzipped: bool, workspace: Path, find_markers: bool = False) -> Survey:
    """Survey a text file; UTF-16 is rewritten as UTF-8 in `workspace` first.

    `find_markers` looks for a marker that the file does not contain.
    Raises FileRejected when the file is empty, or is no text at all.
    """
    try:
        return _survey(path, gzipped, workspace, find_markers)
    except FileRejected as rejected:
        if rejected.broken_off:
            rejected.records = _lines_before_the_break(path)
        raise


def _lines_before_the_break(path: Path) -> int:
    """Lines below the first that can be unpacked of a broken gzip file, the last one in part."""
    count, last = 0, b""
    with contextlib.suppress(EOFError, zlib.error, gzip.BadGzipFile), gzip.open(path) as stream:
        while chunk := stream.read1(_CHUNK):
            count += chunk.count(b"\n")
            last = chunk[-1:]
    return max(count - (last in (b"\n", b"")), 0)


def _survey(path: Path, gzipped: bool, workspace: Path, find_markers: bool) -> Survey:
    head = next(chunks(path, gzipped), b"")
    if not head:
        raise FileRejected(
            "The file is empty: it has no header and no record.",
            "If there was nothing to export, deliver a file with the header line (JSON: []).",
            records=0,
        )
    _refuse_other_formats(head)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        path, gzipped = _from_utf16(path, gzipped, workspace), False
    elif head[:200].count(0) * 4 > len(head[:200]):
        raise FileRejected(
            "The file is not text: it is full of NUL bytes (UTF-16 without a byte order mark?).",
            "Export the file again as UTF-8.",
            records=0,
        )
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_utf8, has_nul, spaced = True, False, False
    size = lines = 0
    last = b"\n"
    tail = b""
    seen: set[str] = set()
    spellings = {
        marker: (
            marker.encode(),
            f"\\u{ord(marker):04x}".encode(),
            f"\\u{ord(marker):04X}".encode(),
        )
        for marker in MARKERS
    }
    for chunk in chunks(path, gzipped):
        if is_utf8:
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                is_utf8 = False
        joined = tail + chunk  # what is looked for may lie across two pieces
        has_nul = has_nul or b"\0" in chunk or _NUL_ESCAPE in joined
        if not spaced and (b' "' in joined or b'" ' in joined):
            spaced = _SPACED_QUOTES.search(joined) is not None
        for marker, forms in spellings.items() if find_markers else ():
            if marker not in seen and any(form in joined for form in forms):
                seen.add(marker)
        size += len(chunk)
        lines += chunk.count(b"\n") or chunk.count(b"\r")
        last = chunk[-1:]
        tail = chunk[-64:]
    if is_utf8:
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            is_utf8 = False
    return Survey(
        path=path,
        gzipped=gzipped,
        bytes=size,
        lines=lines + (last not in (b"\n", b"\r")),
        is_utf8=is_utf8,
        has_bom=head.startswith(codecs.BOM_UTF8),
        has_nul=has_nul,
        has_spaced_quotes=spaced,
        marker=next((m for m in MARKERS if m not in seen), None),
    )


def _refuse_other_formats(head: bytes) -> None:
    text = head[:1000].removeprefix(codecs.BOM_UTF8).lstrip().lower()
    formats = (
        (b"PAR1", "a Parquet file", "name it .parquet"),
        (b"\x1f\x8b", "a gzip file", "add .gz to its name, or unpack it"),
        (b"PK\x03\x04", "a zip archive or an Excel workbook", "export it as CSV in UTF-8"),
        (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "export it as CSV in UTF-8"),
        (b"%PDF", "a PDF", "export the data as CSV in UTF-8"),
        (b"<!doctype", "a web page", "look whether the export asked for a login"),
        (b"<html", "a web page", "look whether the export asked for a login"),
        (b"<?xml", "XML", "export the data as CSV or JSON"),
    )
    for magic, what, remedy in formats:
        if head.startswith(magic) or text.startswith(magic):
            raise FileRejected(
                f"The file's ending says text, but its content is {what}.",
                f"{remedy[0].upper()}{remedy[1:]}, and deliver again.",
                records=0,
            )


def _from_utf16(path: Path, gzipped: bool, workspace: Path) -> Path:
    target = workspace / "utf8.txt"
    decoder = codecs.getincrementaldecoder("utf-16")()
    try:
        with target.open("w", encoding="utf-8", newline="") as out:
            for chunk in chunks(path, gzipped):
                out.write(decoder.decode(chunk))
            out.write(decoder.decode(b"", final=True))
    except UnicodeError as error:
        raise FileRejected(
            f"The file begins as UTF-16 but is not valid UTF-16: {error}.",
            "Export the file again as UTF-8.",
            records=0,
        ) from error
    return target
