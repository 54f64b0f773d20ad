import hashlib
import json
import struct
from base64 import b64decode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import commitment, merkle, note, tiles, unproven
from tests.conftest import budget

LEAVES = [b"leaf %d" % number for number in range(700)]


def checkpoint_of(signer, leaves):
    return note.checkpoint(signer, len(leaves), merkle.root(map(merkle.leaf_hash, leaves)))


def export(folder, signer, leaves, openings=()):
    tiles.export(folder, iter(leaves), checkpoint_of(signer, leaves), signer.vkey, openings)


def files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def mth(hashes):
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    middle = 1
    while middle * 2 < len(hashes):
        middle *= 2
    return hashlib.sha256(b"\x01" + mth(hashes[:middle]) + mth(hashes[middle:])).digest()


def read_by_the_specification(folder, size):
    """A reader of its own, from the text of C2SP tlog-tiles: (leaves, the hashes that each tile must hold)."""

    def place(number):
        digits = f"{number:0{3 * max(1, -(-len(str(number)) // 3))}d}"
        parts = [digits[at : at + 3] for at in range(0, len(digits), 3)]
        return "/".join(["x" + part for part in parts[:-1]] + parts[-1:])

    leaves = []
    for number in range(-(-size // 256)):
        width = min(256, size - 256 * number)
        data = (folder / f"tile/entries/{place(number)}{f'.p/{width}' if width < 256 else ''}").read_bytes()
        while data:
            (length,) = struct.unpack(">H", data[:2])
            leaves.append(data[2 : 2 + length])
            data = data[2 + length :]
    hashes = [hashlib.sha256(b"\x00" + leaf).digest() for leaf in leaves]
    level, due = 0, {}
    while size // 256**level:
        step = 256**level
        whole = [mth(hashes[at * step : (at + 1) * step]) for at in range(size // step)]
        for number in range(-(-len(whole) // 256)):
            part = whole[256 * number : 256 * (number + 1)]
            due[f"tile/{level}/{place(number)}{f'.p/{len(part)}' if len(part) < 256 else ''}"] = b"".join(part)
        level += 1
    return leaves, mth(hashes), due


def test_paths_are_those_of_the_specification():
    assert [tiles.tile_path(0, 1_234_067), tiles.tile_path(2, 0, 1), tiles.tile_path("entries", 1000, 255)] == [
        "tile/0/x001/x234/067",
        "tile/2/000.p/1",
        "tile/entries/x001/000.p/255",
    ]


def test_the_layouts_of_the_specification():
    def told(size):
        return [
            (level, sum(w == 256 for lv, _, w in tiles.layout(size) if lv == level), width)
            for level, _, width in tiles.layout(size)
            if width < 256
        ]

    assert told(70_000) == [(0, 273, 112), (1, 1, 17), (2, 0, 1)]
    assert list(tiles.layout(256)) == [(0, 0, 256), (1, 0, 1)]
    assert list(tiles.layout(0)) == []


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 513, 700])
def test_another_reader_finds_the_leaves_the_root_and_the_tiles(tmp_path, signer, size):
    export(tmp_path, signer, LEAVES[:size])

    origin, count, root = (tmp_path / "checkpoint").read_text().split("\n")[:3]
    leaves, computed, due = read_by_the_specification(tmp_path, int(count))
    assert (origin, leaves, b64decode(root)) == (signer.origin, LEAVES[:size], computed)
    assert {
        path: data for path, data in files(tmp_path).items() if path.startswith("tile/") and "entries" not in path
    } == due
    assert (tmp_path / "vkey").read_text() == signer.vkey + "\n"
    assert tiles.read(tmp_path, signer.vkey) == LEAVES[:size]


def test_three_levels(tmp_path, signer):
    leaves = [b"%d" % number for number in range(65_537)]
    export(tmp_path, signer, leaves)

    found, root, due = read_by_the_specification(tmp_path, len(leaves))
    assert (found, tiles.read(tmp_path, signer.vkey)) == (leaves, leaves)
    held = files(tmp_path)
    assert [path for path, data in due.items() if held[path] != data] == []
    assert [path for path in due if not path.startswith("tile/0/")] == ["tile/1/000", "tile/2/000.p/1"]
    assert note.open_checkpoint((tmp_path / "checkpoint").read_text(), signer.vkey).root == root


@settings(deadline=None, max_examples=budget(15))
@given(sizes=st.lists(st.integers(0, 700), min_size=2, max_size=4).map(sorted))
def test_an_export_grows_and_forgets_nothing(tmp_path_factory, signer, sizes):
    folder = tmp_path_factory.mktemp("export")
    earlier: dict[str, bytes] = {}
    for size in sizes:
        export(folder, signer, LEAVES[:size])
        now = files(folder)
        kept = {path for path in earlier if path.startswith("tile/")}

        assert {path: now[path] for path in kept} == {path: earlier[path] for path in kept}
        assert tiles.read(folder, signer.vkey) == LEAVES[:size]
        earlier = now
    # Each older checkpoint can still be read from the folder.
    for size in sizes:
        (folder / "checkpoint").write_text(checkpoint_of(signer, LEAVES[:size]))
        assert tiles.read(folder, signer.vkey) == LEAVES[:size]


def test_a_partial_tile_may_be_gone_once_the_full_one_is_there(tmp_path, signer):
    export(tmp_path, signer, LEAVES[:300])
    export(tmp_path, signer, LEAVES[:600])
    (tmp_path / "tile/0/001.p/44").unlink()
    (tmp_path / "tile/entries/001.p/44").unlink()
    (tmp_path / "checkpoint").write_text(checkpoint_of(signer, LEAVES[:300]))

    assert tiles.read(tmp_path, signer.vkey) == LEAVES[:300]


def test_the_partial_tiles_of_the_earlier_checkpoint_are_put_back(tmp_path, signer):
    export(tmp_path, signer, LEAVES[:300])
    expected = files(tmp_path)
    (tmp_path / "tile/0/001.p/44").unlink()
    (tmp_path / "tile/entries/001.p/44").unlink()
    export(tmp_path, signer, LEAVES[:300])

    assert files(tmp_path) == expected


def test_openings_are_lines_and_are_replaced(tmp_path, signer):
    opening = {"index": 0, "field": "award", "salt": commitment.salt_to_text(bytes(16)), "value": "LĐTT"}
    export(tmp_path, signer, LEAVES[:2], [opening, {**opening, "index": 1}])
    first = (tmp_path / "openings.jsonl").read_text()
    export(tmp_path, signer, LEAVES[:3], [{**opening, "index": 1}])

    assert [json.loads(line) for line in first.splitlines()] == [opening, {**opening, "index": 1}]
    assert (tmp_path / "openings.jsonl").read_text() == first.splitlines(keepends=True)[1]


def test_an_opening_of_another_form_changes_nothing(tmp_path, signer):
    export(tmp_path, signer, LEAVES[:2])
    before = files(tmp_path)
    with pytest.raises(ValueError, match="exactly the keys"):
        export(tmp_path, signer, LEAVES[:3], [{"index": 0}])

    assert files(tmp_path) == before


@pytest.mark.parametrize(
    ("leaves", "part"),
    [
        (LEAVES[:299], "checkpoint"),  # the log went back
        ([b"other", *LEAVES[1:600]], "tile/entries/000"),  # history was rewritten
        ([*LEAVES[:290], b"other", *LEAVES[291:600]], "tile/entries/001.p/44"),  # in what was partial
        ([*LEAVES[:290], b"other", *LEAVES[291:300]], "tile/entries/001.p/44"),
    ],
)
def test_another_history_is_refused_and_changes_nothing(tmp_path, signer, leaves, part):
    export(tmp_path, signer, LEAVES[:300])
    before = files(tmp_path)
    with pytest.raises(tiles.TamperedExport) as caught:
        export(tmp_path, signer, leaves)

    assert (caught.value.part, files(tmp_path)) == (part, before)


def test_a_checkpoint_of_another_history_is_refused_though_its_tiles_are_gone(tmp_path, signer):
    (tmp_path / "checkpoint").write_text(checkpoint_of(signer, [b"other", *LEAVES[1:300]]))
    before = files(tmp_path)
    with pytest.raises(tiles.TamperedExport) as caught:
        export(tmp_path, signer, LEAVES[:600])

    assert (caught.value.part, files(tmp_path)) == ("checkpoint", before)


def test_another_key_is_refused_in_a_folder(tmp_path, signer):
    export(tmp_path, signer, LEAVES[:3])
    before = files(tmp_path)
    with pytest.raises(tiles.TamperedExport) as caught:
        export(tmp_path, note.Signer(signer.origin, bytes(32)), LEAVES[:4])

    assert (caught.value.part, files(tmp_path)) == ("checkpoint", before)


def test_leaves_that_are_not_the_checkpoints_are_refused(tmp_path, signer):
    with pytest.raises(tiles.TamperedExport) as caught:
        tiles.export(tmp_path, LEAVES[:3], checkpoint_of(signer, LEAVES[:4]), signer.vkey, [])
    with pytest.raises(unproven.Unproven) as unsigned:
        tiles.export(tmp_path, LEAVES[:3], "3\n\n— a AAAAAAAA\n", signer.vkey, [])

    assert (caught.value.part, unsigned.value.part, files(tmp_path)) == ("checkpoint", "signature", {})


def test_a_leaf_too_long_for_its_length_is_refused(tmp_path, signer):
    export(tmp_path, signer, [b"x" * 65_535])
    assert tiles.read(tmp_path, signer.vkey) == [b"x" * 65_535]

    with pytest.raises(ValueError, match="65536"):
        export(tmp_path, signer, [b"x" * 65_535, b"x" * 65_536])


def test_what_a_killed_export_left_is_cleared(tmp_path, signer):
    (tmp_path / ".export/tile").mkdir(parents=True)
    (tmp_path / ".export/tile/half").write_bytes(b"half")
    export(tmp_path, signer, LEAVES[:3])

    assert sorted(files(tmp_path)) == [
        "checkpoint",
        "openings.jsonl",
        "tile/0/000.p/3",
        "tile/entries/000.p/3",
        "vkey",
    ]


def test_every_altered_file_is_named_by_read_and_by_export(tmp_path, signer):
    export(tmp_path, signer, LEAVES[:300])
    named = {}
    for path, content in files(tmp_path).items():
        if not path.startswith("tile/"):
            continue
        (tmp_path / path).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        with pytest.raises(tiles.TamperedExport) as by_read:
            tiles.read(tmp_path, signer.vkey)
        with pytest.raises(tiles.TamperedExport) as by_export:
            export(tmp_path, signer, LEAVES[:600])
        named[path] = (by_read.value.part, by_export.value.part)
        (tmp_path / path).write_bytes(content)

    assert named == {
        path: (path, path)
        for path in ("tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/000", "tile/entries/001.p/44")
    }


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("tile/0/001.p/44", b""),
        ("tile/0/001.p/44", None),
        ("tile/entries/000", None),
        ("tile/entries/001.p/44", b"\x00"),
        ("tile/entries/001.p/44", b"\x00\x05abc"),
        ("checkpoint", None),
        ("checkpoint", b"\xff"),
    ],
)
def test_a_missing_or_broken_file_is_named(tmp_path, signer, path, content):
    export(tmp_path, signer, LEAVES[:300])
    (tmp_path / path).unlink()
    if content is not None:
        (tmp_path / path).write_bytes(content)
    with pytest.raises(tiles.TamperedExport) as caught:
        tiles.read(tmp_path, signer.vkey)

    assert caught.value.part == path


def test_a_partial_tile_holds_no_more_than_its_width(tmp_path, signer):
    export(tmp_path, signer, LEAVES[:300])
    path = "tile/0/001.p/44"
    (tmp_path / path).write_bytes((tmp_path / path).read_bytes() + bytes(32))
    with pytest.raises(tiles.TamperedExport) as caught:
        tiles.read(tmp_path, signer.vkey)

    assert caught.value.part == path


def test_bundle_and_tiles_altered_together_do_not_lead_to_the_signed_root(tmp_path, signer):
    export(tmp_path, signer, LEAVES[:3])
    true = (tmp_path / "checkpoint").read_bytes()
    other = tmp_path / "other"
    export(other, signer, [b"other", *LEAVES[1:3]])
    (other / "checkpoint").write_bytes(true)
    with pytest.raises(tiles.TamperedExport) as caught:
        tiles.read(other, signer.vkey)

    assert caught.value.part == "tile/entries"
