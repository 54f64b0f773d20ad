"""RFC 6962 §2.1, against the published vectors of Certificate Transparency and against the RFC's own recursion."""

import hashlib
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import merkle

# The reference leaves, roots and proofs of the certificate-transparency test suite.
CT_LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
CT_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
CT_HASHES = [merkle.leaf_hash(leaf) for leaf in CT_LEAVES]

MOST = 130
HASHES = [merkle.leaf_hash(b"%d" % number) for number in range(MOST)]
TREE = merkle.Tree(HASHES)


@cache
def mth(start, end):
    """RFC 6962 §2.1, word for word."""
    if end - start == 0:
        return hashlib.sha256(b"").digest()
    if end - start == 1:
        return HASHES[start]
    middle = start + power_below(end - start)
    return hashlib.sha256(b"\x01" + mth(start, middle) + mth(middle, end)).digest()


def power_below(length):
    power = 1
    while power * 2 < length:
        power *= 2
    return power


def path(index, start, end):
    if end - start == 1:
        return []
    middle = start + power_below(end - start)
    if index < middle:
        return [*path(index, start, middle), mth(middle, end)]
    return [*path(index, middle, end), mth(start, middle)]


def subproof(old, start, end, known):
    if old == end:
        return [] if known else [mth(start, end)]
    middle = start + power_below(end - start)
    if old <= middle:
        return [*subproof(old, start, middle, known), mth(middle, end)]
    return [*subproof(old, middle, end, False), mth(start, middle)]


@pytest.mark.parametrize("size", range(9))
def test_the_published_roots(size):
    expected = bytes.fromhex(CT_ROOTS[size])

    assert merkle.root(CT_HASHES[:size]) == expected
    assert merkle.Tree(CT_HASHES).root(size) == expected


@pytest.mark.parametrize(
    ("index", "size", "expected"),
    [
        (0, 1, []),
        (
            0,
            8,
            [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            5,
            8,
            [
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
        (
            1,
            5,
            [
                "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ],
)
def test_the_published_inclusion_proofs(index, size, expected):
    assert [digest.hex() for digest in merkle.inclusion_proof(index, size, CT_HASHES)] == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (1, 1, []),
        (
            1,
            8,
            [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            6,
            8,
            [
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (
            2,
            5,
            [
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ],
)
def test_the_published_consistency_proofs(old, new, expected):
    assert [digest.hex() for digest in merkle.consistency_proof(old, new, CT_HASHES)] == expected


def test_every_root_up_to_130_by_tree_and_by_frontier():
    frontier = merkle.Frontier()
    for size in range(MOST + 1):
        assert (TREE.root(size), frontier.root(), frontier.size) == (mth(0, size), mth(0, size), size)
        assert merkle.Frontier.from_text(frontier.to_text()) == frontier
        frontier = frontier.extend(HASHES[size : size + 1])


@pytest.mark.parametrize("size", range(1, MOST + 1))
def test_every_inclusion_proof_up_to_130(size):
    for index in range(size):
        proof = TREE.inclusion_proof(index, size)

        assert proof == path(index, 0, size)
        assert merkle.verify_inclusion(index=index, size=size, leaf=HASHES[index], proof=proof, root=mth(0, size))


@pytest.mark.parametrize("new", range(1, MOST + 1))
def test_every_consistency_proof_up_to_130(new):
    for old in range(1, new + 1):
        proof = TREE.consistency_proof(old, new)

        assert proof == subproof(old, 0, new, True)
        assert merkle.verify_consistency(
            old_size=old, old_root=mth(0, old), new_size=new, new_root=mth(0, new), proof=proof
        )


@given(st.lists(st.integers(0, 40), max_size=8))
def test_growing_in_any_steps_is_the_same_tree(steps):
    tree, frontier, size = merkle.Tree(), merkle.Frontier(), 0
    for step in steps:
        grown = HASHES[size : size + step]
        tree.extend(grown)
        frontier = frontier.extend(grown)
        size += len(grown)

    assert (tree.size, tree.root(), frontier.root()) == (size, mth(0, size), mth(0, size))
    assert [tree.inclusion_proof(index) for index in range(size)] == [path(index, 0, size) for index in range(size)]


@given(st.data())
def test_an_altered_inclusion_is_refused(data):
    size = data.draw(st.integers(1, MOST))
    index = data.draw(st.integers(0, size - 1))
    told = {
        "index": index,
        "size": size,
        "leaf": HASHES[index],
        "proof": TREE.inclusion_proof(index, size),
        "root": mth(0, size),
    }

    def flip(digest):
        at = data.draw(st.integers(0, 31))
        return digest[:at] + bytes([digest[at] ^ (1 << data.draw(st.integers(0, 7)))]) + digest[at + 1 :]

    proof = told["proof"]
    changes = [
        {"leaf": flip(told["leaf"])},
        {"root": flip(told["root"])},
        {"index": data.draw(st.integers(0, size - 1).filter(lambda other: other != index))}
        if size > 1
        else {"size": 0},
        {"index": size},
        {"index": -1},
        {"proof": [*proof, mth(0, 1)]},
        {"leaf": told["leaf"][:-1]},
    ]
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        changes += [
            {"proof": [*proof[:at], flip(proof[at]), *proof[at + 1 :]]},
            {"proof": [*proof[:at], *proof[at + 1 :]]},
            {"proof": [*proof[:at], proof[at][:-1], *proof[at + 1 :]]},
        ]

    assert [change for change in changes if merkle.verify_inclusion(**{**told, **change})] == []


@given(st.data())
def test_an_altered_history_is_refused(data):
    new = data.draw(st.integers(2, MOST))
    old = data.draw(st.integers(1, new - 1))
    told = {
        "old_size": old,
        "old_root": mth(0, old),
        "new_size": new,
        "new_root": mth(0, new),
        "proof": TREE.consistency_proof(old, new),
    }

    def flip(digest):
        at = data.draw(st.integers(0, 31))
        return digest[:at] + bytes([digest[at] ^ (1 << data.draw(st.integers(0, 7)))]) + digest[at + 1 :]

    proof = told["proof"]
    at = data.draw(st.integers(0, len(proof) - 1))
    changes = [
        {"old_root": flip(told["old_root"])},
        {"new_root": flip(told["new_root"])},
        {"proof": [*proof[:at], flip(proof[at]), *proof[at + 1 :]]},
        {"proof": [*proof[:at], *proof[at + 1 :]]},
        {"proof": [*proof, mth(0, 1)]},
        {"proof": []},
        {"old_size": new, "new_size": old},
        {"old_size": 0},
    ]

    assert [change for change in changes if merkle.verify_consistency(**{**told, **change})] == []


def test_a_proof_too_short_for_the_size_told_is_refused_though_it_leads_to_the_root():
    told = {"index": 0, "leaf": HASHES[0], "proof": HASHES[1:2], "root": mth(0, 2)}

    assert [merkle.verify_inclusion(size=size, **told) for size in (1, 2, 3, 4)] == [False, True, False, False]


def test_consistency_of_the_empty_and_of_the_equal_tree():
    empty, three = merkle.EMPTY_ROOT, mth(0, 3)
    asked = [
        (0, empty, 3, three, []),
        (3, three, 3, three, []),
        (0, empty, 0, empty, []),
        (0, three, 3, three, []),
        (3, empty, 3, three, []),
        (3, three, 3, three, [three]),
        (0, empty, 3, three, [three]),
    ]

    assert [
        merkle.verify_consistency(old_size=old, old_root=old_root, new_size=new, new_root=new_root, proof=proof)
        for old, old_root, new, new_root, proof in asked
    ] == [True, True, True, False, False, False, False]


def test_proofs_over_a_part_rebuild_only_that_part():
    assert merkle.inclusion_proof(3, 7, HASHES) == path(3, 0, 7)
    assert merkle.consistency_proof(0, 7, HASHES) == []


@pytest.mark.parametrize(
    "ask",
    [
        lambda: TREE.root(MOST + 1),
        lambda: TREE.inclusion_proof(5, 5),
        lambda: TREE.inclusion_proof(-1),
        lambda: TREE.consistency_proof(6, 5),
        lambda: TREE.subtrees(1, 64, 66),
        lambda: merkle.Tree([b"short"]),
        lambda: merkle.Frontier(3, (HASHES[0],)),
        lambda: merkle.Frontier(1, (b"short",)),
    ],
)
def test_what_is_not_there_is_a_value_error(ask):
    with pytest.raises(ValueError):
        ask()


@pytest.mark.parametrize("text", ["", "0", "01:", "1:", "-1:", "0:AAAA", "1:" + "A" * 44, "1:\u0660", "1_0:", "x:"])
def test_another_spelling_of_a_frontier_is_refused(text):
    with pytest.raises(ValueError):
        merkle.Frontier.from_text(text)


def test_an_empty_frontier_is_written_too():
    assert (merkle.Frontier().to_text(), merkle.Frontier.from_text("0:")) == ("0:", merkle.Frontier())
