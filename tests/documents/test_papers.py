import io
import os
import re
import shutil
import subprocess
import sys
import time
import unicodedata
from datetime import UTC, date, datetime

import pytest
from pydantic import ValidationError
from pypdf import PdfReader

from documents import papers, typeface, wording

PREPARED = datetime(2024, 12, 20, 8, 0, tzinfo=wording.VIETNAM)
UNSIGNED = {"issuer": "Ủy ban nhân dân\nhuyện Phong Thổ", "place": "Phong Thổ", "year": 2024, "prepared_at": PREPARED}
SIGNED = {**UNSIGNED, "number": "5", "dated": date(2024, 2, 5)}
COUNCIL = {
    "superior": "Ủy ban nhân dân\nhuyện Phong Thổ",
    "issuer": "Hội đồng\nThi đua - Khen thưởng",
}
DEPUTY = papers.Signer(name="Trần Văn Mẫu", office="Phó Chủ tịch", capacity="deputy", head_office="Chủ tịch")
# Written here as they come out of some spreadsheets: decomposed.
NAMES = ["Nguyễn Thị Ngự", "Lò Văn Sểnh", "Giàng A Đẩu", "Tẩn Mỹ Phượng"]


def needed(program):
    found = shutil.which(program)
    if found is None:
        if os.environ.get("VINHDANH_REQUIRE") == "all":
            pytest.fail(f"{program} is required and missing")
        pytest.skip(f"{program} is missing")
    return found


def decision(*, awardees=None, **changes):
    if awardees is None:
        awardees = [papers.Awardee(name=name, position="Giáo viên", unit="Trường Tiểu học Mẫu") for name in NAMES]
    return papers.DecisionPaper(
        **{
            **SIGNED,
            "symbol": "QĐ-UBND",
            "about": "Về việc tặng danh hiệu “Lao động tiên tiến” năm 2024",
            "authority": "Chủ tịch Ủy ban nhân dân huyện Phong Thổ",
            "grounds": (
                "Căn cứ Luật Thi đua, khen thưởng ngày 15 tháng 6 năm 2022",
                "Theo đề nghị của Trưởng phòng Nội vụ;",
            ),
            "articles": (
                papers.Article(paragraphs=("Tặng danh hiệu cho các cá nhân có tên trong danh sách.",)),
                papers.Article(paragraphs=("Quyết định này có hiệu lực kể từ ngày ký.",)),
            ),
            "signer": DEPUTY,
            "recipients": ("Như Điều 2", "Lưu: VT, NV"),
            "annexes": (papers.AwardeeList(title="Danh sách cá nhân", awardees=tuple(awardees)),),
            **changes,
        }
    )


def submission_letter(**changes):
    return papers.SubmissionLetterPaper(
        **{
            **UNSIGNED,
            "symbol": "TTr-UBND",
            "about": "Về việc đề nghị tặng Bằng khen",
            "draft": True,
            "addressees": ("Chủ tịch Ủy ban nhân dân tỉnh Lai Châu",),
            "paragraphs": ("Hồ sơ đã được xét đúng quy định.", "Kính đề nghị xem xét, quyết định."),
            "signer": papers.Signer(name="Trần Văn Mẫu", office="Chủ tịch", collective="Ủy ban nhân dân"),
            "recipients": ("Như trên",),
            "annexes": (
                papers.AwardeeList(title="Danh sách cá nhân", awardees=(papers.Awardee(name="Lò Văn Sểnh"),)),
                papers.AwardeeList(
                    title="Danh sách tập thể",
                    name_head="Tên tập thể",
                    awardees=(papers.Awardee(name="Phòng Mẫu", award="Tập thể lao động xuất sắc"),),
                ),
            ),
            **changes,
        }
    )


def minutes(**changes):
    members = [papers.Attendee(name=name, position="Ủy viên") for name in NAMES]
    return papers.MinutesPaper(
        **{
            **UNSIGNED,
            **COUNCIL,
            "symbol": "BB-HĐTĐKT",
            "about": "Họp Hội đồng Thi đua - Khen thưởng",
            "opened_at": datetime(2024, 11, 5, 1, 0, tzinfo=UTC),
            "closed_at": datetime(2024, 11, 5, 4, 30, tzinfo=UTC),
            "venue": "Phòng họp số 2",
            "chair": members[0],
            "secretary": members[1],
            "tellers": tuple(members[2:]),
            "attendees": tuple(members),
            "absentees": (papers.Absentee(name="Phàn Thị Kỳ", reason="đi công tác", written_opinion=True),),
            "quorum": papers.Quorum(members=5, present=4, needed=4, met=True, source="Điều 6 Quy chế số 01/QC-HĐTĐKT"),
            "recusals": (papers.Recusal(member="Giàng A Đẩu", nomination="KT-2", ground="là anh em ruột"),),
            "voting_rules": ("Bỏ phiếu kín",),
            "open_votes": (
                papers.OpenVote(member="Giàng A Đẩu", approve=("KT-1",), disapprove=("KT-3",)),
                papers.OpenVote(member="Lò Văn Ón", abstain=("KT-1", "KT-2", "KT-3")),
            ),
            "results": (
                vote("KT-1", "Lý Thị Sa", "Lao động tiên tiến", approve=4, disapprove=0, passed=True),
                vote("KT-2", "Vàng Văn Hử", "Chiến sĩ thi đua cơ sở", approve=2, disapprove=2, passed=False),
                vote("KT-3", "Hoàng Thị Ỷ", "Lao động tiên tiến", approve=1, disapprove=3, passed=False),
            ),
            "recipients": ("Thành viên Hội đồng",),
            **changes,
        }
    )


def vote(code, name, award, *, approve, disapprove, passed):
    return papers.VoteResult(
        code=code, name=name, award=award, approve=approve, disapprove=disapprove, abstain=0, base=5, needed=4,
        passed=passed,
    )  # fmt: skip


def appraisal_report(**changes):
    return papers.AppraisalReportPaper(
        **{
            **UNSIGNED,
            "superior": "Ủy ban nhân dân\nhuyện Phong Thổ",
            "issuer": "Phòng Nội vụ",
            "symbol": "BC-NV",
            "about": "Kết quả thẩm định hồ sơ khen thưởng năm 2024",
            "addressees": ("Hội đồng Thi đua - Khen thưởng huyện", "Chủ tịch Ủy ban nhân dân huyện"),
            "eligible": (
                papers.EligibleNominee(
                    code="KT-1", name="Lý Thị Sa", award="Lao động tiên tiến", articles=("khoản 1 Điều 24", "Điều 5")
                ),
            ),
            "ineligible": (
                papers.IneligibleNominee(
                    code="KT-2",
                    name="Vàng Văn Hử",
                    award="Chiến sĩ thi đua cơ sở",
                    grounds=(papers.Ground(article="khoản 2 Điều 23", sentence="Không có sáng kiến được công nhận."),),
                ),
            ),
            "proposals": ("Kính đề nghị Hội đồng xem xét.",),
            "signer": papers.Signer(name="Hoàng Mạnh Mẫu", office="Trưởng phòng"),
            "recipients": ("Như trên",),
            **changes,
        }
    )


def invitation(**changes):
    return papers.InvitationPaper(
        **{
            **SIGNED,
            **COUNCIL,
            "symbol": "GM-HĐTĐKT",
            "about": "Họp Hội đồng Thi đua - Khen thưởng",
            "inviter": "Hội đồng Thi đua - Khen thưởng huyện",
            "guests": ("Các thành viên Hội đồng", "Lãnh đạo Phòng Nội vụ"),
            "occasion": "Phiên họp xét khen thưởng năm 2024",
            "chair": "Ông Trần Văn Mẫu",
            "starts_at": datetime(2024, 11, 5, 1, 0, tzinfo=UTC),
            "venue": "Phòng họp số 2",
            "agenda": ("Nghe báo cáo", "Bỏ phiếu"),
            "closing": "Đề nghị đến dự đúng giờ.",
            "signer": papers.Signer(
                name="Hoàng Mạnh Mẫu",
                office="Trưởng phòng Nội vụ",
                capacity="authorised",
                head_office="Chủ tịch Hội đồng",
            ),
            "recipients": ("Như trên",),
            **changes,
        }
    )


EVERY_PAPER = [decision, submission_letter, minutes, appraisal_report, invitation]


def pages(paper):
    """Return the lines of every page, runs of white space as one space."""
    reader = PdfReader(io.BytesIO(papers.render(paper)))
    return [
        [" ".join(line.split()) for line in page.extract_text().splitlines() if line.strip()] for page in reader.pages
    ]


def test_a_decision_reads_as_the_decree_orders_it():
    assert pages(decision()) == [
        [
            "ỦY BAN NHÂN DÂN",
            "HUYỆN PHONG THỔ",
            "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
            "Độc lập - Tự do - Hạnh phúc",
            "Số: 05/QĐ-UBND Phong Thổ, ngày 05 tháng 02 năm 2024",
            "QUYẾT ĐỊNH",
            "Về việc tặng danh hiệu “Lao động tiên tiến” năm 2024",
            "CHỦ TỊCH ỦY BAN NHÂN DÂN HUYỆN PHONG THỔ",
            "Căn cứ Luật Thi đua, khen thưởng ngày 15 tháng 6 năm 2022;",
            "Theo đề nghị của Trưởng phòng Nội vụ.",
            "QUYẾT ĐỊNH:",
            "Điều 1. Tặng danh hiệu cho các cá nhân có tên trong danh sách.",
            "Điều 2. Quyết định này có hiệu lực kể từ ngày ký./.",
            "Nơi nhận:",
            "- Như Điều 2;",
            "- Lưu: VT, NV.",
            "KT. CHỦ TỊCH",
            "PHÓ CHỦ TỊCH",
            "Trần Văn Mẫu",
        ],
        [
            "DANH SÁCH CÁ NHÂN",
            "(Kèm theo Quyết định số 05/QĐ-UBND ngày 05 tháng 02",
            "năm 2024 của Chủ tịch Ủy ban nhân dân huyện Phong Thổ)",
            "STT Họ và tên Chức vụ Đơn vị công tác",
            *(f"{row} {name} Giáo viên Trường Tiểu học Mẫu" for row, name in enumerate(NAMES, start=1)),
        ],
    ]


def test_names_are_extracted_in_nfc_whatever_form_they_came_in():
    decomposed = [papers.Awardee(name=unicodedata.normalize("NFD", name)) for name in NAMES]
    table = pages(decision(awardees=decomposed))[1][3:]
    assert table == ["STT Họ và tên", *(f"{row} {name}" for row, name in enumerate(NAMES, start=1))]


def test_an_unsigned_draft_shows_gaps_and_its_mark_and_numbers_several_annexes():
    letter = pages(submission_letter())
    assert letter[0][4:10] == [
        "Số: /TTr-UBND",
        "DỰ THẢO",
        "Phong Thổ, ngày tháng năm 2024",
        "TỜ TRÌNH",
        "Về việc đề nghị tặng Bằng khen",
        "Kính gửi: Chủ tịch Ủy ban nhân dân tỉnh Lai Châu",
    ]
    assert "TM. ỦY BAN NHÂN DÂN" in letter[0]
    assert [page[:2] for page in letter[1:]] == [
        ["PHỤ LỤC I", "DANH SÁCH CÁ NHÂN"],
        ["PHỤ LỤC II", "DANH SÁCH TẬP THỂ"],
    ]
    assert letter[2][-2:] == ["STT Tên tập thể Danh hiệu, hình thức", "1 Phòng Mẫu Tập thể lao động xuất sắc"]


def test_minutes_tell_quorum_totals_by_award_and_every_count():
    text = [line for page in pages(minutes()) for line in page]
    joined = " ".join(text)
    assert "Thời gian bắt đầu: 08 giờ 00 phút, Thứ Ba, ngày 05 tháng 11 năm 2024." in joined
    assert (
        "Có mặt 04/05 thành viên Hội đồng; số thành viên cần có mặt để họp theo Điều 6 Quy chế số 01/QC-HĐTĐKT: 04. "
        "Phiên họp đủ điều kiện tiến hành."
    ) in joined
    assert "- Phàn Thị Kỳ, đi công tác, có ý kiến bằng văn bản." in text
    assert "- Giàng A Đẩu không tham gia biểu quyết đối với KT-2: là anh em ruột." in joined
    assert "- Giàng A Đẩu: đồng ý 1 hồ sơ; không đồng ý 1 hồ sơ (KT-3);" in joined
    assert "- Lò Văn Ón: đồng ý 0 hồ sơ; không ý kiến 3 hồ sơ (KT-1, KT-2, KT-3)." in joined
    start = text.index("Lao động tiên tiến 2 1 1")
    assert text[start : start + 3] == ["Lao động tiên tiến 2 1 1", "Chiến sĩ thi đua cơ sở 1 0 1", "Tổng cộng 3 1 2"]
    assert text[-3:] == [
        "1 KT-1 Lý Thị Sa Lao động tiên tiến 4 0 0 5 4 Đạt",
        "2 KT-2 Vàng Văn Hử Chiến sĩ thi đua cơ sở 2 2 0 5 4 Không đạt",
        "3 KT-3 Hoàng Thị Ỷ Lao động tiên tiến 1 3 0 5 4 Không đạt",
    ]


def test_an_appraisal_report_names_the_articles_of_both_lists():
    report = pages(appraisal_report())
    assert report[0][-5:] == [
        "Kính đề nghị Hội đồng xem xét./.",
        "Nơi nhận:",
        "- Như trên.",
        "TRƯỞNG PHÒNG",
        "Hoàng Mạnh Mẫu",
    ]
    assert "Tổng cộng 2 1 1" in report[0]
    assert report[1][-1] == "1 KT-1 Lý Thị Sa Lao động tiên tiến khoản 1 Điều 24; Điều 5"
    assert " ".join(report[2][-2:]).endswith("Không có sáng kiến được công nhận (khoản 2 Điều 23).")


def test_an_invitation_says_when_in_vietnamese_time():
    (page,) = pages(invitation())
    assert page[9:22] == [
        "Hội đồng Thi đua - Khen thưởng huyện trân trọng kính mời:",
        "- Các thành viên Hội đồng;",
        "- Lãnh đạo Phòng Nội vụ.",
        "Tới dự: Phiên họp xét khen thưởng năm 2024.",
        "Chủ trì: Ông Trần Văn Mẫu.",
        "Thời gian: 08 giờ 00 phút, Thứ Ba, ngày 05 tháng 11 năm 2024.",
        "Địa điểm: Phòng họp số 2.",
        "Nội dung:",
        "1. Nghe báo cáo;",
        "2. Bỏ phiếu.",
        "Đề nghị đến dự đúng giờ./.",
        "Nơi nhận:",
        "- Như trên.",
    ]
    assert page[-3:] == ["TUQ. CHỦ TỊCH HỘI ĐỒNG", "TRƯỞNG PHÒNG NỘI VỤ", "Hoàng Mạnh Mẫu"]


@pytest.mark.parametrize("paper", EVERY_PAPER)
def test_equal_papers_give_equal_bytes_and_another_time_gives_others(paper):
    later = PREPARED.replace(minute=1)
    assert papers.render(paper()) == papers.render(paper())
    assert papers.render(paper()) != papers.render(paper(prepared_at=later))


@pytest.mark.parametrize("paper", EVERY_PAPER)
def test_every_paper_is_archivable_tagged_a4_and_carries_its_title(paper):
    reader = PdfReader(io.BytesIO(papers.render(paper())))
    xmp = reader.trailer["/Root"]["/Metadata"].get_data().decode()
    fonts = {
        font.get_object()["/BaseFont"].partition("+")[2]
        for page in reader.pages
        for font in page["/Resources"]["/Font"].values()
    }
    sizes = {tuple(sorted(round(float(side)) for side in page.mediabox[2:])) for page in reader.pages}
    assert (
        reader.metadata.title,
        reader.metadata.author,
        reader.metadata.creation_date,
        re.findall(r"<pdfaid:(?:part|conformance)>(\w+)<", xmp),
        reader.trailer["/Root"]["/MarkInfo"]["/Marked"],
        sizes,
        {name.partition("-")[0] for name in fonts},
    ) == (paper().title(), " ".join(paper().issuer.split()), PREPARED, ["2", "A"], True, {(595, 842)}, {
        "LiberationSerif"
    })  # fmt: skip


HOSTILE = [
    '#import "@preview/x:1.0.0": *',
    "$x^2$",
    "*đậm* _nghiêng_ `thô`",
    "] #panic() [",
    "<nhãn> @ref \\ \\u{41} // chú thích",
    "- mục",
    "= Tiêu đề",
    "a~b -- c --- d ... 'q' \"q\"",
    "{{ jinja }} %s {0}",
]


def test_markup_in_values_comes_out_literally_everywhere():
    for text in HOSTILE:
        paper = decision(
            about=text,
            recipients=(text,),
            articles=(papers.Article(paragraphs=(text,)),),
            awardees=[papers.Awardee(name=text)],
        )
        first, second = pages(paper)
        assert first[6] == text
        assert f"Điều 1. {wording.ended(text)}" in first
        assert f"- {text}." in first
        assert second[-1] == f"1 {text}"


def test_what_the_typeface_lacks_is_shown_as_its_code_point():
    paper = decision(awardees=[papers.Awardee(name="Lò 😀 Thị\u202eMẫu\x07")])
    assert pages(paper)[1][-1] == "1 Lò [U+1F600] Thị[U+202E]Mẫu[U+0007]"


@pytest.mark.parametrize("name", ["ễ" * 2000, " ".join(["Hoàng"] * 333)])
def test_a_name_of_2000_characters_stays_whole_and_inside_the_page(name):
    paper = decision(awardees=[papers.Awardee(name=name, unit="Trường Mẫu")])
    kept = [
        "".join(line.split())
        for page in pages(paper)[1:]
        for line in page
        if not re.match(r"\d+$|STT |DANH SÁCH|\(Kèm|năm 2024", line)
    ]
    assert re.sub(r"1|TrườngMẫu", "", "".join(kept)) == "".join(name.split())
    # A line that ran over its cell would be extracted in one piece.
    assert max(len(line) for page in pages(paper) for line in page) < 90


def test_1780_awardees_take_at_most_two_seconds_and_every_page_repeats_the_head():
    awardees = [
        papers.Awardee(name=f"{NAMES[row % 4]} {row}", position="Giáo viên", unit="Trường PTDTBT THCS Mẫu Sang")
        for row in range(1780)
    ]
    paper = decision(awardees=awardees)
    began = time.process_time()
    content = papers.render(paper)
    assert time.process_time() - began <= 2

    _paper, first, *rest = [page.extract_text().splitlines() for page in PdfReader(io.BytesIO(content)).pages]
    assert {lines.count("STT Họ và tên Chức vụ Đơn vị công tác") for lines in [first, *rest]} == {1}
    # The annex counts its own pages: none on the first, then from 2.
    assert [lines[0] for lines in rest] == [str(number) for number in range(2, len(rest) + 2)]
    text = "\n".join(line for lines in [first, *rest] for line in lines)
    assert re.findall(r"^(\d+) [^\d\n]+ (\d+) Giáo viên", text, re.MULTILINE) == [
        (str(row + 1), str(row)) for row in range(1780)
    ]


RENDER_OFTEN = """
import pathlib, re, sys
from documents import papers
paper = papers.DecisionPaper.model_validate_json(sys.stdin.buffer.read())
for number in range(1, 7):
    papers.render(paper.model_copy(update={"number": str(number)}))
# Not ru_maxrss: that one remembers the process that started this one.
print(int(re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1]) // 1024)
"""


def test_papers_rendered_one_after_another_do_not_pile_up_in_memory():
    awardees = [papers.Awardee(name=f"Lò Văn Mẫu {row}", unit="Trường Mẫu") for row in range(1780)]
    content = decision(awardees=awardees).model_dump_json().encode()
    ran = subprocess.run([sys.executable, "-c", RENDER_OFTEN], input=content, capture_output=True, check=True)
    assert int(ran.stdout) < 260


def placed_words(paper, folder):
    """Return page by page (left, top, right, bottom, word) in millimetres from the top left corner."""
    pdftotext = needed("pdftotext")
    target = folder / "paper.pdf"
    target.write_bytes(papers.render(paper))
    listing = subprocess.run([pdftotext, "-bbox", target, "-"], capture_output=True, text=True, check=True).stdout
    return [
        [
            (*(float(edge) / 72 * 25.4 for edge in box), word)
            for *box, word in re.findall(
                r'<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">(.*)</word>', page
            )
        ]
        for page in listing.split("<page ")[1:]
    ]


def test_the_page_keeps_the_margins_of_the_decree(tmp_path):
    sentence = "Ủy ban nhân dân huyện Phong Thổ đã tổ chức xét duyệt hồ sơ theo đúng quy định của pháp luật. " * 4
    words = placed_words(submission_letter(paragraphs=(sentence,) * 20, annexes=()), tmp_path)
    (number, *second) = words[1]
    assert number[4] == "2"
    assert number[3] < 20
    # Centred between the margins of 30 and 20 mm.
    assert abs((number[0] + number[2]) / 2 - 110) < 0.5
    body = [*words[0], *second]
    assert abs(min(word[0] for word in body) - 30) < 0.5
    assert abs(max(word[2] for word in body) - 190) < 0.5
    # Boxes reach from ascender to descender, a little beyond the letters.
    assert min(word[1] for word in body) > 17
    assert max(word[3] for word in body) < 279


def test_the_place_of_a_signature_lies_between_office_and_name(tmp_path):
    (place,) = papers.signature_places(decision())
    words = placed_words(decision(), tmp_path)[place.page - 1]
    left, bottom = place.left / 72 * 25.4, 297 - place.bottom / 72 * 25.4
    right, top = left + place.width / 72 * 25.4, bottom - place.height / 72 * 25.4
    column = [((word[1] + word[3]) / 2, word[4]) for word in words if word[0] > left and word[2] < right]
    assert place.name == "Trần Văn Mẫu"
    assert [word for middle, word in column if middle < top][-6:] == ["KT.", "CHỦ", "TỊCH", "PHÓ", "CHỦ", "TỊCH"]
    assert [word for middle, word in column if top < middle < bottom] == []
    assert [word for middle, word in column if middle > bottom] == ["Trần", "Văn", "Mẫu"]


def test_minutes_have_a_place_for_secretary_chair_and_each_teller():
    assert [place.name for place in papers.signature_places(minutes())] == [NAMES[1], NAMES[0], NAMES[2], NAMES[3]]


@pytest.mark.parametrize(
    ("capacity", "head_office", "lines"),
    [
        ("head", "", ["CHỦ TỊCH"]),
        ("deputy", "Trưởng ban", ["KT. TRƯỞNG BAN", "CHỦ TỊCH"]),
        ("authorised", "Trưởng ban", ["TUQ. TRƯỞNG BAN", "CHỦ TỊCH"]),
        ("by_order", "Trưởng ban", ["TL. TRƯỞNG BAN", "CHỦ TỊCH"]),
    ],
)
def test_the_signer_says_in_what_right(capacity, head_office, lines):
    signer = papers.Signer(name="Trần Văn Mẫu", office="Chủ tịch", capacity=capacity, head_office=head_office)
    assert signer.lines() == lines


@pytest.mark.parametrize(
    "changes",
    [
        {"dated": None},
        {"draft": True},
        {"year": 2023},
        {"signer": {"name": "A", "office": "Phó Chủ tịch", "capacity": "deputy"}},
        {"signer": {"name": "A", "office": "Chủ tịch", "head_office": "Chủ tịch"}},
        {"prepared_at": datetime(2024, 12, 20, 8, 0)},  # noqa: DTZ001 -- a time without a zone is what is refused
        {"surprise": 1},
        {"about": "   "},
    ],
)
def test_a_paper_that_contradicts_itself_is_refused(changes):
    with pytest.raises(ValidationError) as refused:
        decision(**changes)
    assert refused.value.error_count() == 1


def test_the_typeface_has_all_134_vietnamese_letters():
    vowels = [
        unicodedata.normalize("NFC", vowel + tone)
        for vowel in "aăâeêioôơuưy"
        for tone in ("", *"\u0300\u0301\u0303\u0309\u0323")
    ]
    small = [letter for letter in vowels if letter not in "aeiouy"] + ["đ"]
    letters = {ord(letter) for letter in [*small, *map(str.upper, small)]}
    assert (len(letters), letters - typeface.coverage()) == (134, set())
