"""A whole round by its own people in a real browser, from the opening to a citizen's check; with JavaScript and without."""

from pathlib import Path

import openpyxl
import pytest

from operations.council_vote import vote
from operations.home_affairs_review import review
from operations.unit_proposal.workbook import facts, heads, writing
from tests.browser.conftest import Person, Town
from tests.conftest import MEMBERS
from tests.web.conftest import PASSWORD

pytestmark = pytest.mark.browser

NAMES = ("Giàng Thị Mỷ", "Lò Văn Pản", "Vàng A Dế")
BY_BROWSER = ("tv05", "tv06")


def workbook(path: Path, **awards: str) -> Path:
    """The unit's list; `awards` says who is put down for something else than LĐTT."""
    common = {
        heads.KIND: "Khen thưởng cá nhân",
        heads.RATING: "Hoàn thành tốt nhiệm vụ",
        "Phân loại đối tượng": "Công chức",
        "Thành tích": "tham mưu sắp xếp các thôn, bản",
        heads.FACTS: facts.write({"employed_months": 12}),
    }
    writing.write(
        path, [{**common, heads.NAME: name, heads.AWARD: awards.get(name, "Lao động tiên tiến")} for name in NAMES]
    )
    return path


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_whole_round(town: Town, tmp_path: Path, javascript: bool) -> None:
    office = town.site.office

    def comes(username: str) -> Person:
        person = town.person(javascript=javascript)
        person.sign_in(username)
        return person

    secretary = comes("thuky")
    round_ = opens_a_round(secretary)
    officer = comes("canbo.xa01")
    imports(officer, round_, tmp_path)
    codes = {
        name: office.one(
            "SELECT n.code FROM nomination n JOIN nominee p ON p.id = n.nominee_id WHERE p.name = :n", n=name
        )
        for name in NAMES
    }
    mine = list(codes.values())
    assert office.states(mine) == ["submitted"] * 3
    office.act(review.evaluate, now=office.now)  # the engine's work

    reviewer = comes("chuyenvien1")
    returned, *others = NAMES
    returns(reviewer, returned, codes[returned])
    passes_in_bulk(reviewer, others)
    assert office.states(mine) == ["returned", "eligible", "eligible"]
    mends(officer, returned, codes[returned])
    office.act(review.evaluate, now=office.now)
    passes_one(reviewer, returned, codes[returned])
    assert office.states(mine) == ["eligible"] * 3

    session = convenes(secretary, round_)
    people = {username: comes(username) for username in BY_BROWSER}
    stands_aside(people["tv05"], session, codes[returned])
    opens_the_ballot(secretary, session)
    shares = [takes_the_share(comes(teller), session, tmp_path) for teller in ("tv04", "tv10", "tv11")]
    votes_one_by_one(people["tv05"], session, aside=codes[returned], others=[codes[name] for name in others])
    receipt = votes_for_all(people["tv06"], session)
    for username in MEMBERS:
        if username not in BY_BROWSER:
            office.act(vote.cast, session, choices=dict.fromkeys(mine, "approve"), actor=office.actor(username))
    secretary.go(f"/council/{session}")
    secretary.press("Đóng phiếu", password=PASSWORD)
    assert secretary.receipt == f"Đã đóng phiếu phiên {session}"
    finds_the_slip(people["tv06"], session, receipt)
    counts(comes("tv04"), session, shares[1:])
    assert office.states(mine) == ["recommended"] * 3
    assert office.rows(
        "SELECT n.code, i.approve, i.base FROM agenda_item i JOIN nomination n ON n.id = i.nomination_id"
        " JOIN council_session s ON s.id = i.session_id WHERE s.code = :s ORDER BY n.code", s=session,
    ) == [(code, 10 if code == codes[returned] else 11, 10 if code == codes[returned] else 11) for code in sorted(mine)]  # fmt: skip

    signs(comes("chutich"), round_)
    assert office.states(mine) == ["signed"] * 3
    secretary.go(f"/rounds/{round_}")
    decision = office.decision_of(mine[0])
    symbol = office.one("SELECT symbol FROM decision WHERE code = :c", c=decision)
    secretary.follow(f"Công khai… {symbol}")
    secretary.press(f"Công khai {symbol}", password=PASSWORD)
    assert secretary.receipt == f"Đã công khai {symbol} ngày 01/11/2024: 3 hồ sơ"
    office.seal()  # the engine's work, every few minutes
    finds_and_checks(town.person(javascript=javascript), symbol)

    assert office.states(mine) == ["disclosed"] * 3
    assert office.rows(
        "SELECT d.state, r.code FROM decision d JOIN review_round r ON r.id = d.round_id WHERE d.code = :c", c=decision
    ) == [("in_force", round_)]
    assert {office.decision_of(code) for code in mine} == {decision}
    assert office.violations() == []


def opens_a_round(secretary: Person) -> str:
    secretary.go("/rounds")
    secretary.follow("Mở một đợt xét")
    page = secretary.press("Mở đợt xét và gửi thư mời")
    assert "Hãy đặt tên" in page.inner_text(".errors")  # nothing typed yet
    page.get_by_label("Tên đợt xét", exact=True).fill("Khen thưởng tổng kết năm 2024, đợt của bài thử")
    secretary.press("Mở đợt xét và gửi thư mời")
    code = secretary.path.rpartition("/")[2]
    assert secretary.receipt == f"Đã mở đợt xét {code}"
    return code


def imports(officer: Person, round_: str, folder: Path) -> None:
    page = officer.go("/rounds")
    officer.follow("Khen thưởng tổng kết năm 2024, đợt của bài thử")
    officer.follow("Nhập từ Excel")
    assert officer.path == f"/rounds/{round_}/intake"
    page.get_by_label("Tệp Excel", exact=True).set_input_files(
        workbook(folder / "danh-sach.xlsx", **{NAMES[1]: "Lao dong tien"})
    )
    officer.press("Xem trước")
    assert page.locator(".errors h2").inner_text() == "1 trên 3 dòng cần sửa; chưa dòng nào được lưu"
    assert page.locator("#errors-table tbody tr").count() == 1
    taken = officer.download(page.locator("main a.button", has_text="Tải tệp Excel gồm các dòng lỗi"))
    bad = openpyxl.load_workbook(taken.path().rename(folder / "loi.xlsx")).worksheets[0]
    assert [row[2].value for row in bad.iter_rows(min_row=2)] == [NAMES[1]]
    officer.follow("Nộp tệp đã sửa")
    page.get_by_label("Tệp Excel", exact=True).set_input_files(workbook(folder / "danh-sach.xlsx"))
    officer.press("Xem trước")
    officer.press("Nộp 3 hồ sơ cho Phòng Nội vụ")
    assert officer.receipt == "Đã nộp 3 hồ sơ của tệp «danh-sach.xlsx»"


def returns(reviewer: Person, name: str, code: str) -> None:
    page = reviewer.go("/inbox?kind=submitted")
    reviewer.follow(name)
    assert reviewer.path == f"/nominations/{code}"
    reviewer.follow("Trả lại để bổ sung")
    reviewer.press("Tiếp tục")
    assert page.locator(".errors a").all_inner_texts() == ["Hãy ghi lý do: người được đề nghị có quyền biết vì sao."]
    page.get_by_label("Lý do", exact=True).fill("Thành tích chưa nêu kết quả đo được.")
    reviewer.press("Tiếp tục")
    reviewer.press("Trả lại để bổ sung")
    assert reviewer.receipt == f"Đã trả lại hồ sơ {code}"


def passes_in_bulk(reviewer: Person, names: list[str]) -> None:
    page = reviewer.go("/inbox?kind=submitted")
    for name in names:
        page.get_by_role("row").filter(has_text=name).get_by_role("checkbox").check()
    reviewer.press("Kết luận đủ điều kiện…")
    assert page.locator("main tbody tr").count() == len(names)
    reviewer.press("Kết luận đủ điều kiện")
    assert reviewer.receipt == f"Đã kết luận đủ điều kiện {len(names)} trong {len(names)} hồ sơ"


def mends(officer: Person, name: str, code: str) -> None:
    page = officer.go("/inbox")
    officer.follow(name)
    assert "Thành tích chưa nêu kết quả đo được." in page.inner_text("main .panel.warn")
    officer.follow("Sửa, bổ sung")
    page.get_by_label("Thành tích", exact=True).fill(
        "tham mưu sắp xếp 12 thôn thành 7 thôn, giảm 21 người hoạt động không chuyên trách"
    )
    officer.press("Tiếp tục")
    officer.press("Lưu và nộp cho Phòng Nội vụ")
    assert officer.receipt == f"Đã sửa và nộp hồ sơ {code}"


def passes_one(reviewer: Person, name: str, code: str) -> None:
    reviewer.go("/inbox?kind=submitted")
    reviewer.follow(name)
    reviewer.follow("Kết luận đủ điều kiện")
    reviewer.press("Kết luận đủ điều kiện")
    assert reviewer.receipt == f"Đã kết luận đủ điều kiện hồ sơ {code}"


def convenes(secretary: Person, round_: str) -> str:
    page = secretary.go(f"/rounds/{round_}")
    secretary.follow("Triệu tập Hội đồng")
    page.get_by_label("Ngày họp", exact=True).fill("2024-11-05")
    page.get_by_label("Giờ họp", exact=True).fill("08:00")
    page.get_by_label("Địa điểm", exact=True).fill("Phòng họp tầng 2")
    secretary.press("Triệu tập và gửi giấy mời")
    code = secretary.path.rpartition("/")[2]
    assert secretary.receipt == f"Đã triệu tập phiên {code}"
    for box in page.get_by_role("checkbox").all():
        box.check()
    secretary.press("Ghi thành viên có mặt", password=PASSWORD)
    assert secretary.receipt == f"Có mặt {len(MEMBERS)} trong {len(MEMBERS)} thành viên"
    return code


def stands_aside(member: Person, session: str, code: str) -> None:
    page = member.go("/council")
    member.follow(session)
    member.click(page.locator("main .tasks").get_by_role("link", name="Xung đột lợi ích"))
    page.get_by_label("Mã hồ sơ", exact=True).fill(code)
    page.get_by_label("Lý do tránh", exact=True).select_option("kinship")
    member.press("Tôi tránh hồ sơ này", password=PASSWORD)
    assert member.receipt == f"Đã ghi bạn tránh hồ sơ {code}"


def opens_the_ballot(secretary: Person, session: str) -> None:
    page = secretary.go(f"/council/{session}")
    secretary.follow("Xem trước và mở phiếu")
    secretary.press("Mở phiếu", password=PASSWORD)
    assert secretary.receipt.startswith(f"Đã mở phiếu phiên {session}")
    assert "TELLER SHARE" not in page.content()


def takes_the_share(teller: Person, session: str, folder: Path) -> Path:
    """The own share, saved to a file as the page offers it."""
    page = teller.go(f"/council/{session}")
    teller.follow("Nhận mảnh khóa của tôi")
    teller.press("Nhận mảnh khóa", password=PASSWORD)
    taken = teller.download(page.locator("main a[download]"))
    place = folder / taken.suggested_filename
    taken.save_as(place)
    assert place.read_text() == page.locator("main textarea").input_value()
    return place


def votes_one_by_one(member: Person, session: str, *, aside: str, others: list[str]) -> None:
    page = member.go(f"/council/{session}")
    member.follow("Bỏ phiếu")
    assert page.locator("fieldset.card").count() == len(others)
    assert page.locator("p.card").inner_text().startswith(aside)
    member.press("Kiểm tra phiếu")
    assert page.locator(".errors li").count() == 1  # nothing chosen yet
    for code in others:
        page.locator(f'[id="choice.{code}"]').get_by_label("Tán thành", exact=True).check()
    member.press("Kiểm tra phiếu")
    assert page.locator("main tbody tr").count() == len(others)
    member.press("Bỏ phiếu")
    assert page.locator(".errors a").all_inner_texts() == ["Hãy gõ mật khẩu của bạn."]
    cast(member, session)


def votes_for_all(member: Person, session: str) -> str:
    page = member.go(f"/council/{session}/ballot")
    page.get_by_label("Các hồ sơ tôi để trống", exact=True).select_option("approve")
    member.press("Kiểm tra phiếu")
    return cast(member, session)


def cast(member: Person, session: str) -> str:
    page = member.page
    page.get_by_label("Mật khẩu của bạn", exact=True).fill(PASSWORD)
    member.press("Bỏ phiếu")
    assert (member.path, page.locator("main h1").inner_text()) == (
        f"/council/{session}/receipt",
        "Phiếu của bạn đã vào hòm",
    )
    return page.locator("strong.mono").inner_text()


def finds_the_slip(member: Person, session: str, receipt: str) -> None:
    page = member.go(f"/council/{session}/verify")
    page.get_by_label("Biên nhận").fill(receipt)
    member.press("Kiểm tra")
    assert "Phiếu của biên nhận này có trong hòm." in page.inner_text("main .panel.done")


def counts(teller: Person, session: str, shares: list[Path]) -> None:
    page = teller.go(f"/council/{session}")
    teller.follow("Kiểm phiếu")
    for number, share in enumerate(shares, start=1):
        page.locator(f"#file-{number}").set_input_files(share)
    teller.press("Mở hòm và kiểm phiếu", password=PASSWORD)
    assert teller.receipt == f"Đã kiểm phiếu phiên {session}"


def signs(chairman: Person, round_: str) -> None:
    page = chairman.go("/sign")
    chairman.click(page.get_by_role("row").filter(has_text=round_).get_by_role("link").first)
    chairman.press("Ký…")
    page.get_by_label("Mật khẩu của bạn", exact=True).fill("không phải mật khẩu")
    chairman.press("Ký (3)")
    assert page.locator(".errors li").count() == 1
    page.get_by_label("Mật khẩu của bạn", exact=True).fill(PASSWORD)
    chairman.press("Ký (3)")
    assert chairman.receipt == "Đã ký 3 hồ sơ"


def finds_and_checks(citizen: Person, symbol: str) -> None:
    page = citizen.go("/")
    page.get_by_label("Tìm theo họ tên hoặc số quyết định", exact=True).fill("giang thi my")
    citizen.press("Tìm")
    assert page.locator("main tbody th").all_inner_texts()[0].startswith("Giàng Thị Mỷ")
    citizen.follow(symbol)
    assert page.locator("main h1").inner_text() == f"Quyết định {symbol}"
    assert len(page.locator("main tbody tr").all()) == len(NAMES)
    proof = citizen.download(citizen.link("Tệp bằng chứng")).path()
    citizen.follow("Trang kiểm tra")
    page.get_by_label("Bản PDF hoặc tệp bằng chứng", exact=True).set_input_files(
        {"name": "quyet-dinh.tlog-proof", "mimeType": "application/octet-stream", "buffer": proof.read_bytes()}
    )
    citizen.press("Kiểm tra")
    assert page.locator("#result-title").inner_text() == "Bằng chứng đúng"
    assert symbol in page.inner_text("main .panel.done")
