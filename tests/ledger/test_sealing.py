import hashlib
import itertools
import re
import statistics
import time
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import merkle, sealing
from tests.conftest import budget

SESSION = "PH-2024-01"
FROZEN = hashlib.sha256(b"members, rules, agenda").hexdigest()
AGENDA = [f"KT-2024-{number:05d}" for number in range(1, 6)]
PUBLIC, TEXTS = sealing.new_key(session=SESSION, needed=2, tellers=["TV03", "TV05", "TV08"])
SHARES = [sealing.read_share(text) for text in TEXTS.values()]
PLACE = {"session": SESSION, "frozen": FROZEN, "agenda": AGENDA, "public_key": PUBLIC}

choices = st.sampled_from([None, *sealing.CHOICES])  # None: stands aside
rows = st.tuples(*[choices] * len(AGENDA))


def seal(row, **other):
    place = PLACE | other
    written = dict(zip(place["agenda"], row, strict=True))
    return sealing.seal(
        {code: choice for code, choice in written.items() if choice},
        aside={code for code, choice in written.items() if choice is None},
        **place,
    )


def ballot(row, agenda=AGENDA):
    return {code: choice for code, choice in zip(agenda, row, strict=True) if choice}


def opened(envelopes, shares=SHARES[:2], **other):
    return sealing.open_box(envelopes, shares=shares, **(PLACE | other))


def in_order(ballots):
    return sorted(ballots, key=lambda one: sorted(one.items()))


def shut(envelopes, shares=SHARES[:2], **other):
    with pytest.raises(sealing.Unopened) as caught:
        opened(envelopes, shares, **other)
    return type(caught.value), caught.value.reason


def bad(text, **expected):
    with pytest.raises(sealing.BadShare) as caught:
        sealing.read_share(text, **expected)
    return caught.value.reason


ROW = ("approve", "disapprove", "abstain", None, "approve")
ENVELOPE = seal(ROW)


# The key and its shares --------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=budget(25))
@given(st.data())
def test_any_k_tellers_of_n_open_the_box_and_no_fewer(data):
    n = data.draw(st.integers(2, 9))
    k = data.draw(st.integers(2, n))
    tellers = [f"TV{number:02d}" for number in range(1, n + 1)]
    public, texts = sealing.new_key(session=SESSION, needed=k, tellers=tellers)
    shares = [sealing.read_share(texts[teller], session=SESSION, public_key=public) for teller in tellers]
    envelope = seal(ROW, public_key=public)
    chosen = data.draw(st.permutations(shares))[: data.draw(st.integers(k, n))]

    assert [(share.teller, share.index, share.tellers, share.needed) for share in shares] == [
        (teller, index, n, k) for index, teller in enumerate(tellers, start=1)
    ]
    assert opened([envelope], chosen, public_key=public) == [ballot(ROW)]
    below = itertools.chain.from_iterable(itertools.combinations(shares, size) for size in range(k))
    assert {shut([envelope], list(few), public_key=public) for few in below} == {(sealing.TooFewShares, "too_few")}


@settings(deadline=None, max_examples=budget(25))
@given(st.data())
def test_shares_below_k_give_no_key_even_when_they_claim_to_be_enough(data):
    n = data.draw(st.integers(3, 6))
    k = data.draw(st.integers(3, n))
    public, texts = sealing.new_key(session=SESSION, needed=k, tellers=[f"TV{number}" for number in range(n)])
    forged = [replace(sealing.read_share(text), needed=2) for text in texts.values()]
    few = data.draw(st.permutations(forged))[: data.draw(st.integers(2, k - 1))]

    assert shut([seal(ROW, public_key=public)], few, public_key=public) == (sealing.WrongShares, "altered")


def test_too_few_says_how_many():
    with pytest.raises(sealing.TooFewShares) as caught:
        opened([ENVELOPE], SHARES[:1])

    assert (caught.value.brought, caught.value.needed, caught.value.message) == (
        1,
        2,
        "Mới có 1 mảnh khóa, cần 2 mảnh mới mở được hòm phiếu.",
    )


def test_no_share_at_all():
    assert shut([ENVELOPE], []) == (sealing.TooFewShares, "too_few")


@pytest.mark.parametrize(("needed", "count"), [(0, 3), (1, 1), (1, 3), (4, 3), (2, 1), (2, 256)])
def test_a_key_is_split_among_two_to_all(needed, count):
    with pytest.raises(ValueError, match="2 ≤ needed"):
        sealing.new_key(session=SESSION, needed=needed, tellers=[f"TV{number}" for number in range(count)])


@pytest.mark.parametrize(
    ("session", "tellers"),
    [
        (SESSION, ["TV1", "TV1"]),
        (SESSION, ["TV1", ""]),
        (SESSION, ["TV1", "TV2\nNeeded: 1"]),
        (SESSION, ["TV1", " TV2"]),
        ("Phiên 1", ["TV1", "TV2"]),
        ("", ["TV1", "TV2"]),
    ],
)
def test_names_are_single_printable_words(session, tellers):
    with pytest.raises(ValueError, match="printable ASCII"):
        sealing.new_key(session=session, needed=2, tellers=tellers)


def test_every_key_is_fresh():
    keys = [sealing.new_key(session=SESSION, needed=2, tellers=["TV1", "TV2"]) for _ in range(20)]

    assert len({public for public, _ in keys}) == 20
    assert len({text for _, texts in keys for text in texts.values()}) == 40


# A share as text ---------------------------------------------------------------------------------------------------


def test_a_share_tells_its_holder_what_it_is():
    head, _, block = TEXTS["TV05"].partition("-----BEGIN")

    assert head.split("\n")[:5] == [
        "MẢNH KHÓA HÒM PHIẾU – GIỮ KÍN",
        "",
        "Phiên họp: PH-2024-01",
        "Người kiểm phiếu: TV05 (mảnh 2 trong 3 mảnh)",
        "Cần 2 mảnh mới mở được hòm phiếu; một mình mảnh này không đọc được phiếu nào.",
    ]
    assert sealing.fingerprint(PUBLIC) in head
    assert block.isascii()
    assert max(map(len, TEXTS["TV05"].split("\n"))) < 100


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: "\ufeff" + text.replace("\n", "\r\n"),
        lambda text: text[text.index("-----BEGIN") :],
        lambda text: text.replace("\n", "\n\n   "),
        lambda text: f"Của tôi\n{text}\nĐã nhận ngày 20/12.",
        lambda text: re.sub(
            r"\n\n([A-Z2-7 \n]+)\n\n", lambda m: "\n\n" + m[1].lower().replace(" ", "").replace("o", "0") + "\n\n", text
        ),
    ],
)
def test_reads_a_share_through_what_editors_and_hands_do(spoil):
    assert sealing.read_share(spoil(TEXTS["TV05"]), session=SESSION, public_key=PUBLIC) == SHARES[1]


_BLOCK_START = TEXTS["TV05"].index("Session: ")
_BLOCK_END = TEXTS["TV05"].index("\n-----END")


@given(st.integers(_BLOCK_START, _BLOCK_END - 1), st.characters(min_codepoint=33, max_codepoint=126))
def test_any_other_letter_in_the_block_is_seen(place, letter):
    text = TEXTS["TV05"]
    typed = text[:place] + letter + text[place + 1 :]
    # What is forgiven in base32: letter case, 0 for O, 1 for I, a hyphen for a space.
    forgiven = str.maketrans("01-\n", "OI  ")
    same = text[place].upper().translate(forgiven) == letter.upper().translate(forgiven)

    assert read_or_none(typed) in ([None, SHARES[1]] if same else [None])


def read_or_none(text):
    try:
        return sealing.read_share(text)
    except sealing.BadShare:
        return None


@given(st.integers(0, 51), st.integers(0, 51))
def test_two_letters_of_the_value_swapped_are_seen(one, other):
    text = TEXTS["TV03"]
    start = text.index("\n\n", text.index("Key: ")) + 2
    end = text.index("\n\n", start)
    places = [place for place in range(start, end) if not text[place].isspace()]
    letters = list(text)
    first, second = places[one], places[other]
    letters[first], letters[second] = letters[second], letters[first]

    assert len(places) == 52
    assert read_or_none("".join(letters)) == (SHARES[0] if text[first] == text[second] else None)


def test_the_last_letter_of_the_value_has_one_spelling_though_four_of_its_bits_say_nothing():
    text = TEXTS["TV03"]
    last = text.index("\n\nCheck: ") - 1
    spelt = [text[:last] + letter + text[last + 1 :] for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"]

    assert [one for one in spelt if read_or_none(one)] == [text]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not_a_share"),
        ("Lò Văn Páo", "not_a_share"),
        (TEXTS["TV03"] + TEXTS["TV05"], "not_a_share"),
        (TEXTS["TV03"].replace("-----END", "----END"), "not_a_share"),
        (TEXTS["TV03"] + " " * 20_000, "not_a_share"),
        ("-----END VINH DANH TELLER SHARE-----\n-----BEGIN VINH DANH TELLER SHARE-----", "altered"),
        ("-----BEGIN VINH DANH TELLER SHARE-----\n-----END VINH DANH TELLER SHARE-----", "altered"),
        (TEXTS["TV03"].replace("Needed: 2", "Needed: 1"), "altered"),
        (TEXTS["TV03"].replace("Index: 1", "Index: 0"), "altered"),
        (TEXTS["TV03"].replace("Index: 1", "Index: 1\nIndex: 1"), "altered"),
        (TEXTS["TV03"].replace("Index: 1", "Index: ١"), "altered"),
        (TEXTS["TV03"].replace("Teller: TV03", "Teller: TV05"), "altered"),
        (TEXTS["TV03"].replace("Teller: TV03", "Teller: \ud800"), "altered"),
        (TEXTS["TV03"].replace("Session: ", "Session: X"), "altered"),
    ],
)
def test_what_is_no_share(text, reason):
    assert bad(text) == reason


@pytest.mark.parametrize("words", [{"index": 0}, {"index": 4}, {"needed": 1}, {"needed": 4}, {"value": bytes(16)}])
def test_a_share_nobody_deals_is_refused_even_with_a_right_check(words):
    assert bad(sealing._write_share(replace(SHARES[0], **words))) == "altered"


def test_a_share_of_another_session_or_key():
    _, others = sealing.new_key(session="PH-2024-02", needed=2, tellers=["TV03", "TV05"])
    _, again = sealing.new_key(session=SESSION, needed=2, tellers=["TV03", "TV05"])

    assert bad(others["TV03"], session=SESSION) == "other_session"
    assert bad(again["TV03"], session=SESSION, public_key=PUBLIC) == "other_key"


@pytest.mark.parametrize("relabel", [{}, {"session": SESSION}, {"session": SESSION, "key": SHARES[0].key}])
def test_shares_of_another_session_open_nothing_however_they_are_labelled(relabel):
    _, texts = sealing.new_key(session="PH-2024-02", needed=2, tellers=["TV03", "TV05", "TV08"])
    foreign = [replace(sealing.read_share(text), **relabel) for text in texts.values()]
    reason = ("other_session", "other_key", "altered")[len(relabel)]

    assert shut([ENVELOPE], foreign) == (sealing.WrongShares, reason)
    assert shut([ENVELOPE], [SHARES[0], foreign[1]]) == (sealing.WrongShares, reason)
    assert shut([ENVELOPE], [*SHARES[:2], foreign[2]]) == (sealing.WrongShares, reason)


@given(st.integers(0, 2), st.integers(0, 255), st.booleans())
def test_one_bit_of_one_share_altered_is_seen_even_in_a_spare_share(which, bit, spare):
    shares = SHARES if spare else [SHARES[which], SHARES[which - 1]]
    wrong = (int.from_bytes(SHARES[which].value) ^ 1 << bit).to_bytes(32)
    brought = [replace(share, value=wrong) if share is SHARES[which] else share for share in shares]

    assert shut([ENVELOPE], brought) == (sealing.WrongShares, "altered")


def test_one_share_twice():
    assert shut([ENVELOPE], [SHARES[0], SHARES[0]]) == (sealing.WrongShares, "doubled")
    assert shut([ENVELOPE], [SHARES[0], replace(SHARES[0], teller="TV05")]) == (sealing.WrongShares, "doubled")


def test_shares_that_disagree_on_how_many_are_needed():
    assert shut([ENVELOPE], [SHARES[0], replace(SHARES[1], needed=3)]) == (sealing.WrongShares, "disagree")


def test_another_public_key_is_no_key_of_these_shares():
    other, _ = sealing.new_key(session=SESSION, needed=2, tellers=["TV03", "TV05"])

    assert shut([ENVELOPE], public_key=other) == (sealing.WrongShares, "other_key")


# Envelopes ---------------------------------------------------------------------------------------------------------


def test_every_combination_of_choices_and_recusals_has_the_same_length_and_opens_to_itself():
    agenda = AGENDA[:4]
    every = list(itertools.product([None, *sealing.CHOICES], repeat=4))
    envelopes = [seal(row, agenda=agenda) for row in every]

    assert {len(envelope) for envelope in envelopes} == {48 + 4}
    assert in_order(opened(envelopes, agenda=agenda)) == in_order(ballot(row, agenda) for row in every)


@settings(deadline=None, max_examples=budget(50))
@given(st.lists(rows, min_size=0, max_size=15))
def test_the_box_gives_back_what_was_cast(cast):
    envelopes = [seal(row) for row in cast]

    assert in_order(opened(envelopes)) == in_order(map(ballot, cast))
    assert len({sealing.receipt(envelope) for envelope in envelopes}) == len(cast)


@settings(deadline=None, max_examples=budget(50))
@given(rows)
def test_two_seals_of_one_ballot_share_nothing(row):
    one, other = seal(row), seal(row)

    # Chance alone: three bytes in a row agree somewhere in 51 places once in 300,000 pairs; four once in 80 million.
    assert [place for place in range(len(one) - 3) if one[place : place + 4] == other[place : place + 4]] == []
    assert sealing.receipt(one) != sealing.receipt(other)


@pytest.mark.parametrize("choice", [*sealing.CHOICES, None])
def test_a_unanimous_ballot_leaves_no_pattern_in_the_envelope(choice):
    agenda = [f"KT-{number}" for number in range(2_000)]
    sealed = seal([choice] * 2_000, agenda=agenda)[32:-16]

    # 2,000 even bytes: about 7.8 of each value, and none of the 256 above 40 but once in 10^14.
    assert max(map(sealed.count, range(256))) <= 40
    assert not re.search(rb"(.)\1\1\1\1", sealed, re.DOTALL)


def test_the_places_of_an_opened_box_do_not_follow_the_order_of_the_envelopes():
    # Ten different ballots: they come back in the order of the envelopes by chance once in 3.6 million.
    different = list(itertools.islice(itertools.product(sealing.CHOICES, repeat=5), 10))
    envelopes = [seal(row) for row in different]

    assert [ballot(row) for row in different] not in [opened(envelopes) for _ in range(3)]
    assert len({str(opened(envelopes)) for _ in range(3)}) == 3


@pytest.mark.parametrize(
    "other",
    [
        {"session": "PH-2024-02"},
        {"frozen": hashlib.sha256(b"one member more").hexdigest()},
        {"agenda": [*AGENDA[1:], AGENDA[0]]},
        {"agenda": [*AGENDA[:4], "KT-2024-99999"]},
    ],
)
def test_an_envelope_opens_only_where_it_was_sealed_for(other):
    foreign = seal(ROW, **other)
    place = {name: value for name, value in other.items() if name != "session"}

    assert shut([ENVELOPE, foreign]) == (sealing.BadEnvelope, "sealed_otherwise")
    # The other way round: our box under the other's members, rules or agenda; another session stops at the shares.
    relabelled = [replace(share, session=other.get("session", SESSION)) for share in SHARES]
    assert shut([ENVELOPE], relabelled, **other) == (sealing.BadEnvelope, "sealed_otherwise")
    assert opened([foreign], relabelled, **other) == [ballot(ROW, place.get("agenda", AGENDA))]


def test_an_envelope_for_another_key():
    other, _ = sealing.new_key(session=SESSION, needed=2, tellers=["TV03", "TV05"])

    assert shut([ENVELOPE, seal(ROW, public_key=other)]) == (sealing.BadEnvelope, "sealed_otherwise")


def test_every_single_byte_is_guarded():
    private = sealing._join(SHARES, PUBLIC)
    info = sealing._info(session=SESSION, frozen=FROZEN, agenda=AGENDA)
    tampered = [
        ENVELOPE[:place] + bytes([ENVELOPE[place] ^ mask]) + ENVELOPE[place + 1 :]
        for place in range(len(ENVELOPE))
        for mask in (0x01, 0x80, 0xFF)
    ]

    assert sealing._open(ENVELOPE, private, info=info, agenda=AGENDA) == ballot(ROW)
    assert {
        sealing._open(envelope, private, info=info, agenda=AGENDA).reason  # a ballot has no reason: that would fail
        for envelope in tampered
    } == {"sealed_otherwise"}


@pytest.mark.parametrize("point", [bytes(32), bytes([1, *bytes(31)]), b"\xff" * 32])
def test_an_ephemeral_key_that_forces_the_shared_secret_is_refused(point):
    assert shut([point + ENVELOPE[32:]]) == (sealing.BadEnvelope, "sealed_otherwise")


@pytest.mark.parametrize(
    "wrong", [b"", ENVELOPE[:-1], ENVELOPE + b"\x00", seal(ROW[:4], agenda=AGENDA[:4])], ids=range(4)
)
def test_an_envelope_of_another_length(wrong):
    assert shut([ENVELOPE, wrong]) == (sealing.BadEnvelope, "wrong_length")


def test_one_bad_envelope_opens_none_and_is_named():
    bad_one = ENVELOPE[:-1] + bytes([ENVELOPE[-1] ^ 1])
    with pytest.raises(sealing.BadEnvelope) as caught:
        opened([*(seal(ROW) for _ in range(10)), bad_one])

    assert caught.value.receipt == sealing.receipt(bad_one)
    assert caught.value.message == (
        "Có phong bì đã bị sửa hoặc được niêm phong cho phiên, thành phần, quy chế hay chương trình khác "
        f"(biên nhận {sealing.receipt(bad_one)}). Không phiếu nào được mở."
    )


def test_an_envelope_twice():
    assert shut([seal(ROW), ENVELOPE, seal(ROW), ENVELOPE]) == (sealing.BadEnvelope, "duplicate")


@pytest.mark.parametrize("byte", [4, 0x31, 0xFF])
def test_a_rightly_sealed_ballot_of_another_form(byte):
    info = sealing._info(session=SESSION, frozen=FROZEN, agenda=AGENDA)
    odd = sealing._SUITE.encrypt(bytes([1, 1, 1, 1, byte]), X25519PublicKey.from_public_bytes(PUBLIC), info)

    assert shut([ENVELOPE, odd]) == (sealing.BadEnvelope, "unlawful")


@pytest.mark.parametrize(
    ("written", "aside"),
    [
        ({}, set()),
        (dict.fromkeys(AGENDA[:4], "approve"), set()),
        (dict.fromkeys(AGENDA, "approve"), {AGENDA[0]}),
        (dict.fromkeys([*AGENDA, "KT-2024-99999"], "approve"), set()),
        (dict.fromkeys(AGENDA, "approve") | {AGENDA[2]: "đồng ý, vì là em tôi"}, set()),
        (dict.fromkeys(AGENDA, ""), set()),
    ],
)
def test_a_ballot_that_is_none_is_not_sealed_and_not_quoted(written, aside):
    with pytest.raises(ValueError, match=r"a ballot has one choice|a choice is one of") as caught:
        sealing.seal(written, aside=aside, **PLACE)

    assert "em tôi" not in str(caught.value)


def test_who_stands_aside_from_what_is_not_on_the_agenda_votes_on_everything():
    envelope = sealing.seal(dict.fromkeys(AGENDA, "approve"), aside={"KT-2024-99999"}, **PLACE)

    assert opened([envelope]) == [dict.fromkeys(AGENDA, "approve")]


@pytest.mark.parametrize("agenda", [[], [AGENDA[0], AGENDA[0]]])
def test_an_agenda_has_items_and_none_twice(agenda):
    with pytest.raises(ValueError, match="an agenda has"):
        sealing.seal({}, aside=agenda, **(PLACE | {"agenda": agenda}))


@pytest.mark.parametrize("public_key", [b"", bytes(31), bytes(32)])
def test_no_ballot_is_sealed_with_what_is_no_key(public_key):
    with pytest.raises(ValueError, match="key"):
        seal(ROW, public_key=public_key)


# Receipts ----------------------------------------------------------------------------------------------------------


def test_a_receipt_can_be_written_down():
    written = sealing.receipt(ENVELOPE)

    assert re.fullmatch(r"([A-Z2-7]{4}-){7}[A-Z2-7]{4}", written)
    assert written != sealing.receipt(seal(ROW))


@pytest.mark.parametrize(
    "hand",
    [
        str,
        str.lower,
        lambda one: one.replace("-", ""),
        lambda one: f" {one.replace('-', ' ')}\n",
        lambda one: one.replace("O", "0").replace("I", "1"),
    ],
)
def test_a_receipt_is_found_however_it_is_written(hand):
    envelopes = [seal(ROW) for _ in range(20)]
    receipts = [sealing.receipt(envelope) for envelope in envelopes]

    assert [sealing.includes(hand(one), receipts) for one in receipts] == [True] * 20


@pytest.mark.parametrize("written", ["", "không có", "ABCD", sealing.receipt(ENVELOPE)[:-1], "=" * 32], ids=range(5))
def test_what_is_no_receipt_is_in_no_box(written):
    assert not sealing.includes(written, [sealing.receipt(ENVELOPE)])


def test_a_receipt_of_another_box():
    assert not sealing.includes(sealing.receipt(seal(ROW)), [sealing.receipt(ENVELOPE)])


@settings(deadline=None, max_examples=budget(30))
@given(st.data())
def test_the_digest_of_a_box_knows_its_envelopes_and_not_their_order(data):
    envelopes = data.draw(st.lists(st.binary(min_size=53, max_size=53), min_size=1, max_size=9, unique=True))
    mixed = data.draw(st.permutations(envelopes))
    digest = sealing.box_digest(envelopes)

    assert digest == sealing.box_digest(mixed) == sealing.receipts_digest(map(sealing.receipt, mixed))
    others = (envelopes[1:], [*envelopes, b"x"], [*envelopes, envelopes[0]], [b"x", *envelopes[1:]])
    assert [sealing.box_digest(other) == digest for other in others] == [False] * 4


def test_the_digest_is_a_tree_over_sorted_receipts():
    receipts = ["BBBB", "AAAA"]

    assert (
        sealing.receipts_digest(receipts)
        == merkle.node_hash(merkle.leaf_hash(b"AAAA"), merkle.leaf_hash(b"BBBB")).hex()
    )
    assert sealing.box_digest([]) == hashlib.sha256(b"").hexdigest()


# What is shown -----------------------------------------------------------------------------------------------------


def test_no_repr_shows_a_secret():
    assert [repr(share) for share in SHARES[:1]] == [
        f"Share(session='PH-2024-01', teller='TV03', index=1, tellers=3, needed=2, key='{sealing.fingerprint(PUBLIC)}')"
    ]


def test_no_refusal_shows_a_secret_or_a_choice():
    spoilt = TEXTS["TV03"].replace("Index: 1", "Index: 2")
    value = re.search(r"\n\n([A-Z2-7 ]+)\n", spoilt)[1]
    tampered = ENVELOPE[:-1] + bytes([ENVELOPE[-1] ^ 1])
    caught = []
    for attempt in (
        lambda: sealing.read_share(spoilt),
        lambda: opened([tampered, *(seal(ROW) for _ in range(30))]),
        lambda: opened([ENVELOPE], [SHARES[0], replace(SHARES[1], value=bytes(32))]),
        lambda: opened([ENVELOPE], [SHARES[0]]),
    ):
        with pytest.raises(sealing.Unopened) as one:
            attempt()
        caught.append(one)
    shown = "".join(f"{one.value!r} {one.value.__dict__} {one.value.__cause__}" for one in caught)

    assert [secret for secret in (*value.split(), *sealing.CHOICES, repr(SHARES[0].value)) if secret in shown] == []
    # Loggers that print the variables of a traceback: those of this module hold no opened ballot and no bare key.
    secret = sealing._join(SHARES, PUBLIC).private_bytes_raw()
    variables = [str(entry.locals) for one in caught[1:] for entry in one.traceback if entry.path.name == "sealing.py"]
    assert len(variables) >= 3
    hidden = (repr(secret), repr(secret[:16]), *map(repr, sealing.CHOICES))
    assert [one for one in hidden if one in "".join(variables)] == []


# Speed -------------------------------------------------------------------------------------------------------------


def test_sealing_and_opening_are_quick():
    agenda = [f"KT-2024-{number:05d}" for number in range(300)]
    row = [sealing.CHOICES[number % 3] for number in range(300)]
    sealed, unsealed = [], []
    envelopes = []
    for _ in range(15):
        begun = time.perf_counter()
        envelopes.append(seal(row, agenda=agenda))
        sealed.append(time.perf_counter() - begun)
    for _ in range(5):
        begun = time.perf_counter()
        opened(envelopes, agenda=agenda)
        unsealed.append(time.perf_counter() - begun)

    # The best of a few: the machine has other work.
    assert (statistics.median(sealed) <= 0.001, min(unsealed) <= 0.05) == (True, True), (sealed, unsealed)
