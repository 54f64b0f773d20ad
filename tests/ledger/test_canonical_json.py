import json

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from ledger import canonical

LARGEST = 2**53 - 1

texts = st.text(st.characters(exclude_categories=["Cs"]))
# Keys on both sides of the surrogate range: there code point order and UTF-16 order disagree.
keys = texts | st.text(st.sampled_from("aé\ue000\uffff\U00010000\U0001f600"), max_size=3)
scalars = st.none() | st.booleans() | st.integers(-LARGEST, LARGEST) | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
)


@given(values)
def test_writes_what_the_reference_implementation_writes(value):
    assert canonical.dumps(value) == rfc8785.dumps(value)


@given(values)
def test_reads_back_to_the_same_value(value):
    assert json.loads(canonical.dumps(value)) == value


def test_the_key_order_of_rfc_8785_section_3_2_3():
    value = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7}

    assert list(json.loads(canonical.dumps(value)).values()) == [2, 4, 6, 7, 1, 5, 3]


def test_vietnamese_and_controls():
    assert canonical.dumps({"tên": "Lò Thị Đẹp\n\x1f\x7f/", "b": [True, None, -1]}) == (
        '{"b":[true,null,-1],"tên":"Lò Thị Đẹp\\n\\u001f\x7f/"}'.encode()
    )


def deep() -> list:
    value: list = []
    for _ in range(200_000):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        {"a": [1.5]},
        float("nan"),
        [LARGEST + 1],
        -LARGEST - 1,
        "\ud800",
        {"\udfff": 1},
        {"\udfff": 1, "\U0001f600": 1},
        ["\ud83d"],
        {1: "a"},
        {None: 1},
        {True: 1},
        {"a": {1, 2}},
        b"bytes",
        {"\U0001f600": 1, "b": 0.5},
        [{"\U0001f600": 1}, 0.5],
    ],
)
def test_refuses_what_has_no_exact_form(value):
    with pytest.raises(ValueError):
        canonical.dumps(value)


def test_refuses_what_is_nested_too_deep():
    with pytest.raises(ValueError, match="nested"):
        canonical.dumps(deep())
