"""The office's regulation: read exactly, nothing assumed, what is missing is named with the document to supply."""

from datetime import date

import pytest

from rules import regulation
from rules.refusal import Refusal, Unreadable

HEAD = 'document = "Quy chế"\nnumber = "01/QC-HĐTĐKT"\ndate = 2024-02-15\n'
CONTRACT = (
    HEAD
    + """
[vote.default]
ballot = "secret"
threshold = [7, 10]
base = "all_members"
quorum = [2, 3]
absent = "written_opinion"
recusal = "leaves_base"
tellers = 3
shares_needed = 2

[time]
home_affairs_review = 8
council_vote = 7
chairman_signature = 3
public_disclosure = 2

[quota]
cstdcs_percent_of_ldtt = 20

[[confirmed]]
rule = "gk_huyen.cash"
by = "Nguyễn Thị Mẫu"
document = "Công văn 1"
"""
)
DEFAULT = regulation.VoteRule(
    "secret", (7, 10), "all_members", (2, 3), "written_opinion", "leaves_base", tellers=3, shares_needed=2
)


def test_the_contract_s_file_reads_as_written():
    read = regulation.parse(CONTRACT)
    assert (
        read.document, read.number, read.date, read.sample,
        read.vote_rule("CSTDCS"),
        [read.time(stage) for stage in regulation.STAGES],
        read.quota_percent_of_ldtt("CSTDCS"), read.quota_percent_of_ldtt("TTLDTT"),
        read.confirmed_rules,
    ) == (
        "Quy chế", "01/QC-HĐTĐKT", date(2024, 2, 15), False,
        DEFAULT,
        [None, 8, 7, 3, 2],
        20, None,
        frozenset({"gk_huyen.cash"}),
    )  # fmt: skip


def test_the_sample_has_the_contract_s_numbers_and_says_it_is_a_sample():
    sample, contract = regulation.sample(), regulation.parse(CONTRACT)
    assert (sample.vote, sample.times, sample.quota, sample.confirmed_rules) == (
        contract.vote, contract.times, contract.quota, contract.confirmed_rules,
    )  # fmt: skip
    assert (sample.sample, "không có giá trị pháp lý" in sample.document) == (True, True)
    assert regulation.SAMPLE_PATH.read_text("utf-8").startswith("# BẢN MẪU - KHÔNG CÓ GIÁ TRỊ PHÁP LÝ")


def test_an_award_s_own_vote_overrides_the_general_one_field_by_field():
    read = regulation.parse(CONTRACT + "\n[vote.CSTD_TINH]\nthreshold = [9, 10]\n")
    strict = read.vote_rule("CSTD_TINH")
    assert (strict.threshold, strict.quorum, read.vote_rule("LDTT")) == ((9, 10), (2, 3), DEFAULT)


def test_an_open_ballot_has_no_key_to_share():
    text = CONTRACT.replace('"secret"', '"open"').replace("tellers = 3\nshares_needed = 2\n", "")
    rule = regulation.parse(text).vote_rule("LDTT")
    assert (rule.ballot, rule.tellers, rule.shares_needed) == ("open", None, None)


@pytest.mark.parametrize("name", regulation.NAMES)
def test_each_unset_parameter_of_the_vote_refuses_it_and_names_itself_and_the_document(name):
    text = "\n".join(line for line in CONTRACT.splitlines() if not line.startswith(f"{name} ="))
    with pytest.raises(Refusal) as refused:
        regulation.parse(text).vote_rule("LDTT")
    assert (refused.value.code, refused.value.details) == (
        "missing_parameter",
        {"missing": [f"vote.LDTT.{name}"], "document": "Quy chế làm việc của Hội đồng Thi đua - Khen thưởng"},
    )


def test_without_any_vote_everything_needed_is_named():
    with pytest.raises(Refusal) as refused:
        regulation.parse(HEAD).vote_rule("LDTT")
    assert refused.value.details["missing"] == [f"vote.LDTT.{name}" for name in regulation.NAMES]


@pytest.mark.parametrize(
    ("kind", "missing"),
    [
        ("DOT_XUAT", ["time.home_affairs_review", "time.chairman_signature", "time.public_disclosure"]),
        (
            "CONG_TRANG",
            [
                *(f"time.{stage}" for stage in regulation.STAGES[1:]),
                *(f"vote.default.{name}" for name in regulation.NAMES),
            ],
        ),
    ],
)
def test_a_round_needs_its_stages_and_a_vote_only_where_there_is_one(kind, missing):
    with pytest.raises(Refusal) as refused:
        regulation.parse(HEAD).require_for_round(kind)
    assert refused.value.details["missing"] == missing
    regulation.sample().require_for_round(kind)


@pytest.mark.parametrize(
    ("text", "code", "key"),
    [
        (CONTRACT + "\n[votes]\n", "unknown_key", "votes"),
        (CONTRACT + "\n[vote.CSTDXS]\n", "unknown_key", "vote.CSTDXS"),
        (CONTRACT.replace("ballot =", "balot ="), "unknown_key", "vote.default.balot"),
        (CONTRACT.replace("council_vote = 7", "vote = 7"), "unknown_key", "time.vote"),
        (CONTRACT.replace("cstdcs_percent", "cstd_percent"), "unknown_key", "quota.cstd_percent_of_ldtt"),
        (HEAD + 'sha256 = "x"', "unknown_key", "sha256"),
        (HEAD.replace('number = "01/QC-HĐTĐKT"\n', ""), "missing_key", "number"),
        (CONTRACT.replace("[7, 10]", "0.7"), "bad_value", "vote.default.threshold"),
        (CONTRACT.replace("[7, 10]", "[11, 10]"), "bad_value", "vote.default"),
        (CONTRACT.replace("[7, 10]", "[0, 10]"), "bad_value", "vote.default.threshold.0"),
        (CONTRACT.replace('by = "Nguyễn Thị Mẫu"', 'by = " "'), "bad_value", "confirmed.0.by"),
        (CONTRACT.replace('by = "Nguyễn Thị Mẫu"\n', ""), "missing_key", "confirmed.0.by"),
        (CONTRACT.replace("shares_needed = 2", "shares_needed = 4"), "impossible_facts", "vote.default.shares_needed"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_key_named(text, code, key):
    with pytest.raises(Unreadable) as refused:
        regulation.parse(text)
    assert (refused.value.code, refused.value.where) == (code, {"key": key})


def test_broken_toml_says_where():
    with pytest.raises(Unreadable) as refused:
        regulation.parse(HEAD + "[vote\n")
    assert (refused.value.code, "line 4" in refused.value.where["toml"]) == ("bad_toml", True)


def test_the_hash_pins_the_text_but_not_the_line_ends():
    one, other, third = (regulation.parse(text) for text in (CONTRACT, CONTRACT.replace("\n", "\r\n"), HEAD))
    assert (one.sha256 == other.sha256, one.sha256 == third.sha256) == (True, False)


def test_closing_dates_copies_and_composition_are_optional_and_kept():
    read = regulation.parse(
        HEAD + "[closing]\nCONG_TRANG = 2024-12-10\n[copies]\ndefault = 1\nBK_TINH = 2\n[composition]\nmembers = 15\n"
    )
    assert (read.closing, read.copies_of("LDTT"), read.copies_of("BK_TINH"), read.composition.members) == (
        {"CONG_TRANG": date(2024, 12, 10)}, 1, 2, 15,
    )  # fmt: skip
    assert regulation.parse(HEAD).copies_of("LDTT") is None
