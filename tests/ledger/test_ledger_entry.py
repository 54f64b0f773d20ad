from datetime import UTC, datetime, timedelta, timezone

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from ledger import commitment, entry

AT = datetime(2024, 12, 20, 1, tzinfo=UTC)
MADE = commitment.commit("x", bytes(16))

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
arguments = st.fixed_dictionaries(
    {
        "index": st.integers(0, 2**53 - 1),
        "at": st.datetimes(timezones=st.just(UTC)),
        "kind": st.from_regex(r"[a-z][a-z0-9_]{0,9}:[a-z][a-z0-9_]{0,9}", fullmatch=True),
        "subject": texts,
        "commitments": st.dictionaries(texts, st.just(MADE), max_size=3),
    }
)


@given(arguments)
def test_is_the_rfc_8785_json_of_the_contract(given_entry):
    when = given_entry["at"].strftime("%m-%dT%H:%M:%S.%fZ")

    assert entry.encode(**given_entry) == rfc8785.dumps(
        {**given_entry, "v": 1, "at": f"{given_entry['at'].year:04d}-{when}"}
    )


@given(arguments)
def test_decodes_to_what_was_encoded(given_entry):
    assert entry.decode(entry.encode(**given_entry)) == entry.Entry(**given_entry)


def test_the_time_is_written_in_utc_with_six_digits():
    hanoi = timezone(timedelta(hours=7))
    leaf = entry.encode(0, datetime(2024, 12, 20, 8, tzinfo=hanoi), "nomination:submitted", "KT-1", {})

    assert leaf == (
        b'{"at":"2024-12-20T01:00:00.000000Z","commitments":{},"index":0,"kind":"nomination:submitted",'
        b'"subject":"KT-1","v":1}'
    )


def test_the_longest_entry_has_65535_bytes():
    room = 65_535 - len(entry.encode(0, AT, "a:b", "x", {})) + 1

    assert len(entry.encode(0, AT, "a:b", "x" * room, {})) == 65_535
    with pytest.raises(ValueError, match="65536"):
        entry.encode(0, AT, "a:b", "x" * (room + 1), {})


@pytest.mark.parametrize(
    "change",
    [
        {"index": -1},
        {"index": True},
        {"index": 2**53},
        {"at": datetime(2024, 12, 20)},  # noqa: DTZ001 -- the naive time is what is refused
        {"kind": "submitted"},
        {"kind": "Nomination:submitted"},
        {"kind": "a:b\n"},
        {"subject": ""},
        {"commitments": {"name": "Lò Văn Páo"}},
        {"commitments": {"name": MADE[:-1] + "B"}},
    ],
)
def test_encode_refuses(change):
    arguments = {"index": 0, "at": AT, "kind": "a:b", "subject": "x", "commitments": {}}

    with pytest.raises(ValueError):
        entry.encode(**{**arguments, **change})


GOOD = entry.encode(7, AT, "nomination:submitted", "KT-1", {"award": MADE})


@pytest.mark.parametrize(
    ("part", "other"),
    [
        (b'"v":1', b'"v":2'),
        (b'"v":1', b'"v":true'),
        (b'"v":1', b'"v":1,"w":1'),
        (b'"v":1', b'"v":1,"v":1'),
        (b',"v":1', b""),
        (b'"index":7', b'"index":7.0'),
        (b'"index":7', b'"index":-7'),
        (b'"index":7', b'"index":"7"'),
        (b'"index":7', b'"index": 7'),
        (b'"KT-1"', b'"K\\u0054-1"'),
        (b'"KT-1"', b"null"),
        (b'"KT-1"', b'"\\ud800"'),
        (b".000000Z", b".00000Z"),
        (b".000000Z", b".000000+00:00"),
        (b"2024-12-20", b"2024-13-20"),
        (b"T01:", b"T24:"),
        (b'"nomination:submitted"', b'"nomination"'),
        (MADE.encode(), b"short"),
        (b'{"award":"' + MADE.encode() + b'"}', b"[]"),
        (b'{"award":"' + MADE.encode() + b'"}', b'{"award":1}'),
        (GOOD, b"[" * 60_000),
        (GOOD, b"{}"),
        (GOOD, b"\xff"),
        (GOOD, GOOD + b"\n"),
        (GOOD, b" " * 70_000 + GOOD),
    ],
)
def test_decode_takes_nothing_but_the_exact_bytes(part, other):
    assert part in GOOD

    with pytest.raises(ValueError):
        entry.decode(GOOD.replace(part, other))
