"""The one typeface of the official papers and the characters that all of its four faces can show."""

import struct
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "fonts"


@cache
def coverage() -> frozenset[int]:
    """The code points that regular, bold, italic and bold italic all map to a glyph.

    Read from the vendored files themselves (OpenType `cmap`, formats 4 and 12), so it cannot go stale when the
    fonts are replaced. PDF/A forbids a character without a glyph, and Typst refuses to write one.
    """
    faces = [_mapped(path.read_bytes()) for path in sorted(FOLDER.glob("*.ttf"))]
    return frozenset.intersection(*faces)


def _mapped(face: bytes) -> frozenset[int]:
    (table_count,) = struct.unpack_from(">H", face, 4)
    tables = {}
    for index in range(table_count):
        tag, _checksum, offset, _length = struct.unpack_from(">4sLLL", face, 12 + 16 * index)
        tables[tag] = offset
    cmap = tables[b"cmap"]
    (subtable_count,) = struct.unpack_from(">H", face, cmap + 2)
    mapped: set[int] = set()
    for index in range(subtable_count):
        platform, encoding, offset = struct.unpack_from(">HHL", face, cmap + 4 + 8 * index)
        start = cmap + offset
        (kind,) = struct.unpack_from(">H", face, start)
        # Only Unicode subtables: platform 0, or platform 3 with the BMP (1) or full (10) repertoire.
        if platform != 0 and (platform, encoding) not in {(3, 1), (3, 10)}:
            continue
        if kind == 4:
            mapped |= _segments(face, start)
        elif kind == 12:
            mapped |= _groups(face, start)
    return frozenset(mapped)


def _segments(face: bytes, start: int) -> set[int]:
    """Format 4: parallel arrays of segment ends, starts, deltas and offsets into the glyph array."""
    (doubled,) = struct.unpack_from(">H", face, start + 6)
    count = doubled // 2
    ends_at = start + 14
    starts_at = ends_at + doubled + 2
    deltas_at = starts_at + doubled
    ranges_at = deltas_at + doubled
    mapped = set()
    for index in range(count):
        (last,) = struct.unpack_from(">H", face, ends_at + 2 * index)
        (first,) = struct.unpack_from(">H", face, starts_at + 2 * index)
        (delta,) = struct.unpack_from(">H", face, deltas_at + 2 * index)
        (range_offset,) = struct.unpack_from(">H", face, ranges_at + 2 * index)
        for code in range(first, min(last, 0xFFFE) + 1):
            if range_offset == 0:
                glyph = (code + delta) & 0xFFFF
            else:
                (glyph,) = struct.unpack_from(">H", face, ranges_at + 2 * index + range_offset + 2 * (code - first))
            if glyph:
                mapped.add(code)
    return mapped


def _groups(face: bytes, start: int) -> set[int]:
    """Format 12: groups of consecutive code points; glyph 0 is "no glyph"."""
    (count,) = struct.unpack_from(">L", face, start + 12)
    mapped: set[int] = set()
    for index in range(count):
        first, last, glyph = struct.unpack_from(">LLL", face, start + 16 + 12 * index)
        mapped.update(code for code in range(first, last + 1) if glyph + code - first)
    return mapped
