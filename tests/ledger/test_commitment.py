import base64
import hashlib

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from ledger import commitment

values = st.text(st.characters(exclude_categories=["Cs"])) | st.integers(-(2**53) + 1, 2**53 - 1) | st.booleans()


@given(values, st.binary(min_size=16, max_size=16))
def test_is_the_hash_of_the_contract(value, salt):
    digest = hashlib.sha256(salt + b"\x00" + rfc8785.dumps(value)).digest()

    assert commitment.commit(value, salt) == base64.urlsafe_b64encode(digest).decode().rstrip("=")


@given(st.dictionaries(st.text(max_size=5), values, max_size=5))
def test_every_field_is_opened_by_its_own_opening_only(fields):
    commitments, openings = commitment.commit_fields(fields)

    assert list(commitments) == list(openings) == list(fields)
    assert {field: opening[1] for field, opening in openings.items()} == fields
    salts = {field: commitment.salt_from_text(opening[0]) for field, opening in openings.items()}
    assert len(set(salts.values())) == len(fields)
    assert [
        (field, other)
        for field in fields
        for other in fields
        if commitment.opens(commitments[field], salts[other], fields[other])
    ] == [(field, field) for field in fields]


def test_the_same_value_twice_has_two_commitments():
    first, _ = commitment.commit_fields({"name": "Lò Văn Páo", "again": "Lò Văn Páo"})

    assert first["name"] != first["again"]


def test_a_true_is_not_a_one():
    assert not commitment.opens(commitment.commit(1, bytes(16)), bytes(16), value=True)


def test_a_value_without_form_opens_nothing():
    assert not commitment.opens(commitment.commit(1, bytes(16)), bytes(16), 1.0)


@pytest.mark.parametrize("length", [0, 15, 17])
def test_a_salt_has_sixteen_bytes(length):
    with pytest.raises(ValueError, match="16 bytes"):
        commitment.commit("x", bytes(length))


@given(st.binary(min_size=16, max_size=16))
def test_a_salt_is_written_one_way(salt):
    text = commitment.salt_to_text(salt)

    assert (len(text), commitment.salt_from_text(text)) == (22, salt)


@pytest.mark.parametrize(
    "text", ["", "A" * 21, "A" * 23, "A" * 22 + "==", "A" * 21 + "B", "A" * 21 + "/", "A" * 21 + "é"]
)
def test_another_spelling_of_a_salt_is_refused(text):
    with pytest.raises(ValueError):
        commitment.salt_from_text(text)
