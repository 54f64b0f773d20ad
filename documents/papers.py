"""Official papers of a review round: values in, PDF bytes out.

Each paper is a frozen value with the facts of one document; `render` lays it out by Nghị định 30/2020/NĐ-CP
(Articles 8, 9, annex I). The wording that the decree fixes (dates, list punctuation, "./.", annex numerals) is added
here, so callers pass bare sentences. Nothing here decides: who signs, what was counted, who is eligible comes in.
"""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from documents import typesetting, wording
from rules.wording import thousands

Text = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(wording.printable)]
FilledText = Annotated[Text, Field(min_length=1)]
Count = Annotated[int, Field(ge=0)]


class Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Capacity(StrEnum):
    """In what right the signer signs (Nghị định 30/2020/NĐ-CP, Article 13)."""

    HEAD = "head"  # the head himself
    DEPUTY = "deputy"  # KT.: a deputy in the head's place, 13.1
    AUTHORISED = "authorised"  # TUQ.: by the head's written, dated authorisation, 13.3
    BY_ORDER = "by_order"  # TL.: a head of unit by standing order, 13.4


class Signer(Value):
    """The signer and the right by which they sign.

    `office` is the signer's own office ("Phó Chủ tịch"); `head_office` the office signed for, needed unless the head
    signs; `collective` the body that a collegial paper is signed on behalf of ("Ủy ban nhân dân" → "TM. …").
    """

    name: FilledText
    office: FilledText
    capacity: Capacity = Capacity.HEAD
    head_office: Text = ""
    collective: Text = ""

    @model_validator(mode="after")
    def _names_the_office_signed_for(self) -> Self:
        if (self.capacity is Capacity.HEAD) == bool(self.head_office):
            raise ValueError("head_office: needed for KT., TUQ. and TL., and only then")
        return self

    def lines(self) -> list[str]:
        """The lines above the signature, for example `["KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"]`."""
        before = [f"TM. {self.collective}"] if self.collective else []
        prefix = {Capacity.DEPUTY: "KT.", Capacity.AUTHORISED: "TUQ.", Capacity.BY_ORDER: "TL."}.get(self.capacity)
        if prefix:
            before.append(f"{prefix} {self.head_office}")
        return [line.upper() for line in [*before, self.office]]


class Article(Value):
    """One article of a decision: its paragraphs without the words "Điều 1.", which are counted here."""

    paragraphs: tuple[FilledText, ...] = Field(min_length=1)


class Awardee(Value):
    """One row of an annex. A column that is empty in all rows of a list is left out."""

    name: FilledText
    position: Text = ""
    unit: Text = ""
    award: Text = ""
    note: Text = ""


class AwardeeList(Value):
    """One annex: a title in words ("Danh sách …", set in capitals on paper) and its rows, numbered by STT.

    `name_head` heads the column of names: "Họ và tên", "Tên tập thể", "Tên hộ gia đình".
    """

    title: FilledText
    name_head: FilledText = "Họ và tên"
    awardees: tuple[Awardee, ...]


class Attendee(Value):
    name: FilledText
    position: Text = ""
    role: Text = ""


class Absentee(Value):
    name: FilledText
    position: Text = ""
    reason: Text = ""
    written_opinion: bool = False


class Quorum(Value):
    """Whether the council could meet, as the rules found it; `source` names the provision of the office's Quy chế."""

    members: Count
    present: Count
    needed: Count
    met: bool
    source: Text = ""

    def sentence(self) -> str:
        source = f" theo {self.source}" if self.source else ""
        verdict = "đủ điều kiện" if self.met else "không đủ điều kiện"
        return (
            f"Có mặt {wording.padded(self.present)}/{wording.padded(self.members)} thành viên Hội đồng; số thành viên "
            f"cần có mặt để họp{source}: {wording.padded(self.needed)}. Phiên họp {verdict} tiến hành."
        )


class Recusal(Value):
    """A member who took no part in one vote: on which nomination and on what ground."""

    member: FilledText
    nomination: FilledText
    ground: FilledText


class OpenVote(Value):
    """How one member voted where the vote was open: the codes of the dossiers, by choice."""

    member: FilledText
    approve: tuple[FilledText, ...] = ()
    disapprove: tuple[FilledText, ...] = ()
    abstain: tuple[FilledText, ...] = ()

    def sentence(self) -> str:
        """Name what the member did not approve; the rest is approval, and a list of hundreds tells nobody more."""
        against = [
            f"{words} {len(codes)} hồ sơ ({', '.join(codes)})"
            for words, codes in (("không đồng ý", self.disapprove), ("không ý kiến", self.abstain))
            if codes
        ]
        return f"{self.member}: đồng ý {len(self.approve)} hồ sơ" + "".join(f"; {said}" for said in against)


class VoteResult(Value):
    """One counted nomination. `base` is the number the share is taken of, `needed` the approvals it takes."""

    code: FilledText
    name: FilledText
    award: FilledText
    approve: Count
    disapprove: Count
    abstain: Count
    base: Count
    needed: Count
    passed: bool


class EligibleNominee(Value):
    """A nominee who meets the standards; `articles` are the provisions met, as written ("khoản 2 Điều 23 …")."""

    code: FilledText
    name: FilledText
    unit: Text = ""
    award: FilledText
    articles: tuple[FilledText, ...] = ()


class Ground(Value):
    """Why a nominee is not eligible: the provision and a sentence about what was found."""

    article: FilledText
    sentence: FilledText


class IneligibleNominee(Value):
    code: FilledText
    name: FilledText
    unit: Text = ""
    award: FilledText
    grounds: tuple[Ground, ...] = Field(min_length=1)


class Paper(Value):
    """The fields of every official paper.

    While nobody has signed: `number` and `dated` are None, the paper shows gaps for them and the open date of `year`.
    `prepared_at` becomes the PDF's creation time; the same value of the whole paper gives the same bytes. Names come
    in sentence case ("Ủy ban nhân dân huyện Phong Thổ", "Chủ tịch"), the paper sets capitals where the decree wants
    them. `issuer` and `superior` may break their lines with a newline; People's Committees name no superior (annex I).
    """

    template: ClassVar[str]
    kind: ClassVar[str]

    superior: Text = ""
    issuer: FilledText
    symbol: FilledText
    number: FilledText | None = None
    place: FilledText
    dated: date | None = None
    year: int
    about: FilledText
    draft: bool = False
    prepared_at: AwareDatetime

    @model_validator(mode="after")
    def _number_and_date_agree(self) -> Self:
        if self.number is not None and (self.dated is None or self.draft):
            raise ValueError("number: a numbered paper has a date and is no draft")
        if self.dated is not None and self.dated.year != self.year:
            raise ValueError("year: not the year of the date")
        return self

    def title(self) -> str:
        """The title for the PDF's metadata: kind, number and subject on one line."""
        number = f"số {self.number.zfill(2)}/{self.symbol} " if self.number else ""
        return " ".join(f"{self.kind} {number}{self.about}".split())

    def view(self) -> dict[str, Any]:
        """The values for the template, each a finished string, a list of them, or a flag."""
        dated = wording.written_date(self.dated) if self.dated else wording.open_date(self.year)
        return {
            "title": self.title(),
            "author": " ".join(self.issuer.split()),
            "kind": self.kind.upper(),
            "superior": self.superior.upper(),
            "issuer": self.issuer.upper(),
            "number": wording.number_and_symbol(self.number, self.symbol),
            "place_and_date": f"{self.place}, {dated}",
            "about": self.about,
            "draft": self.draft,
        }

    def _accompanies(self, by: str = "") -> str:
        """The line under an annex title that ties the annex to its paper, issued `by` (else the issuer)."""
        dated = wording.written_date(self.dated) if self.dated else wording.open_date(self.year)
        number = wording.number_and_symbol(self.number, self.symbol).replace("Số:", "số", 1)
        issued_by = " ".join((by or self.issuer).split())
        return f"(Kèm theo {self.kind} {number} {dated} của {issued_by})"


class DecisionPaper(Paper):
    """Quyết định khen thưởng with its lists of awardees. The last article ends the paper with "./."."""

    template: ClassVar[str] = "decision.typ"
    kind: ClassVar[str] = "Quyết định"

    authority: FilledText
    grounds: tuple[FilledText, ...] = Field(min_length=1)
    articles: tuple[Article, ...] = Field(min_length=1)
    signer: Signer
    recipients: tuple[FilledText, ...] = Field(min_length=1)
    annexes: tuple[AwardeeList, ...] = ()

    def view(self) -> dict[str, Any]:
        articles = [list(article.paragraphs) for article in self.articles]
        articles[-1][-1] = wording.ended(articles[-1][-1])
        return {
            **super().view(),
            "authority": self.authority.upper(),
            "grounds": wording.closed_list(self.grounds),
            "articles": articles,
            "signer": _signature(self.signer),
            "recipients": wording.closed_list(self.recipients),
            "annexes": _awardee_annexes(self.annexes, accompanies=self._accompanies(by=self.authority)),
        }


class SubmissionLetterPaper(Paper):
    """Tờ trình to the authority that decides. The last paragraph ends the paper with "./."."""

    template: ClassVar[str] = "submission_letter.typ"
    kind: ClassVar[str] = "Tờ trình"

    addressees: tuple[FilledText, ...] = Field(min_length=1)
    grounds: tuple[FilledText, ...] = ()
    paragraphs: tuple[FilledText, ...] = Field(min_length=1)
    signer: Signer
    recipients: tuple[FilledText, ...] = Field(min_length=1)
    annexes: tuple[AwardeeList, ...] = ()

    def view(self) -> dict[str, Any]:
        return {
            **super().view(),
            "addressees": _addressees(self.addressees),
            "grounds": wording.closed_list(self.grounds),
            "paragraphs": [*self.paragraphs[:-1], wording.ended(self.paragraphs[-1])],
            "signer": _signature(self.signer),
            "recipients": wording.closed_list(self.recipients),
            "annexes": _awardee_annexes(self.annexes, accompanies=self._accompanies()),
        }


class MinutesPaper(Paper):
    """Biên bản họp Hội đồng: who came, the quorum, what was counted. All nominations stand in a landscape annex.

    `voting_rules` are sentences on form, threshold and base of the vote; `proceedings` what happened in order;
    `open_votes` who voted how, where the vote was open.
    `chair` and `secretary` sign; `tellers` sign when a ballot was counted.
    """

    template: ClassVar[str] = "minutes.typ"
    kind: ClassVar[str] = "Biên bản"

    opened_at: AwareDatetime
    closed_at: AwareDatetime
    venue: FilledText
    chair: Attendee
    secretary: Attendee
    tellers: tuple[Attendee, ...] = ()
    attendees: tuple[Attendee, ...] = Field(min_length=1)
    absentees: tuple[Absentee, ...] = ()
    quorum: Quorum
    recusals: tuple[Recusal, ...] = ()
    proceedings: tuple[FilledText, ...] = ()
    voting_rules: tuple[FilledText, ...] = ()
    open_votes: tuple[OpenVote, ...] = ()
    results: tuple[VoteResult, ...] = ()
    recipients: tuple[FilledText, ...] = Field(min_length=1)

    def view(self) -> dict[str, Any]:
        return {
            **super().view(),
            "opened": wording.moment(self.opened_at),
            "closed": f"{wording.clock(self.closed_at)}, {_local_date(self.closed_at)}",
            "venue": self.venue,
            "chair": {"name": self.chair.name, "described": _described(self.chair)},
            "secretary": {"name": self.secretary.name, "described": _described(self.secretary)},
            "tellers": [{"name": teller.name, "described": _described(teller)} for teller in self.tellers],
            "present": wording.padded(len(self.attendees)),
            "attendees": [
                [str(place), attendee.name, attendee.position, attendee.role]
                for place, attendee in enumerate(self.attendees, start=1)
            ],
            "absent": wording.padded(len(self.absentees)),
            "absentees": wording.closed_list([_excused(absentee) for absentee in self.absentees]),
            "quorum": self.quorum.sentence(),
            "recusals": wording.closed_list(
                [
                    f"{recusal.member} không tham gia biểu quyết đối với {recusal.nomination}: {recusal.ground}"
                    for recusal in self.recusals
                ]
            ),
            "proceedings": list(self.proceedings),
            "voting_rules": wording.closed_list(self.voting_rules),
            "open_votes": wording.closed_list([vote.sentence() for vote in self.open_votes]),
            "totals": self._totals(),
            "results": [
                [
                    str(place),
                    row.code,
                    row.name,
                    row.award,
                    *(thousands(count) for count in (row.approve, row.disapprove, row.abstain, row.base, row.needed)),
                    "Đạt" if row.passed else "Không đạt",
                ]
                for place, row in enumerate(self.results, start=1)
            ],
            "accompanies": self._accompanies(),
            "recipients": wording.closed_list(self.recipients),
        }

    def _totals(self) -> list[list[str]]:
        """One row an award in the order of first appearance, then the sum: award, all, passed, not passed."""
        by_award: dict[str, list[bool]] = {}
        for result in self.results:
            by_award.setdefault(result.award, []).append(result.passed)
        rows = [[award, len(passed), sum(passed)] for award, passed in by_award.items()]
        return _with_sum(rows)


class AppraisalReportPaper(Paper):
    """Báo cáo thẩm định of Phòng Nội vụ: who meets the standards, who does not, and by which provision.

    The lists stand in landscape annexes; the report itself carries their totals by award.
    """

    template: ClassVar[str] = "appraisal_report.typ"
    kind: ClassVar[str] = "Báo cáo"

    addressees: tuple[FilledText, ...] = Field(min_length=1)
    grounds: tuple[FilledText, ...] = ()
    findings: tuple[FilledText, ...] = ()
    eligible: tuple[EligibleNominee, ...] = ()
    ineligible: tuple[IneligibleNominee, ...] = ()
    proposals: tuple[FilledText, ...] = Field(min_length=1)
    signer: Signer
    recipients: tuple[FilledText, ...] = Field(min_length=1)

    def view(self) -> dict[str, Any]:
        return {
            **super().view(),
            "addressees": _addressees(self.addressees),
            "grounds": wording.closed_list(self.grounds),
            "findings": list(self.findings),
            "totals": self._totals(),
            "eligible": [
                [str(place), row.code, row.name, row.unit, row.award, "; ".join(row.articles)]
                for place, row in enumerate(self.eligible, start=1)
            ],
            "ineligible": [
                [
                    str(place),
                    row.code,
                    row.name,
                    row.unit,
                    row.award,
                    "\n".join(f"{ground.sentence.rstrip(' .;')} ({ground.article})." for ground in row.grounds),
                ]
                for place, row in enumerate(self.ineligible, start=1)
            ],
            "proposals": [*self.proposals[:-1], wording.ended(self.proposals[-1])],
            "signer": _signature(self.signer),
            "recipients": wording.closed_list(self.recipients),
            "accompanies": self._accompanies(),
        }

    def _totals(self) -> list[list[str]]:
        """One row an award in the order of first appearance, then the sum: award, all, eligible, ineligible."""
        by_award: dict[str, list[bool]] = {}
        for eligible in self.eligible:
            by_award.setdefault(eligible.award, []).append(True)
        for ineligible in self.ineligible:
            by_award.setdefault(ineligible.award, []).append(False)
        return _with_sum([[award, len(verdicts), sum(verdicts)] for award, verdicts in by_award.items()])


class InvitationPaper(Paper):
    """Giấy mời to a meeting of the council. `about` is the occasion: "Họp Hội đồng …"."""

    template: ClassVar[str] = "invitation.typ"
    kind: ClassVar[str] = "Giấy mời"

    inviter: FilledText
    guests: tuple[FilledText, ...] = Field(min_length=1)
    occasion: FilledText
    chair: FilledText
    starts_at: AwareDatetime
    venue: FilledText
    agenda: tuple[FilledText, ...] = ()
    closing: FilledText
    signer: Signer
    recipients: tuple[FilledText, ...] = Field(min_length=1)

    def view(self) -> dict[str, Any]:
        return {
            **super().view(),
            "inviter": self.inviter,
            "guests": wording.closed_list(self.guests),
            "occasion": self.occasion,
            "chair": self.chair,
            "starts": wording.moment(self.starts_at),
            "venue": self.venue,
            "agenda": wording.closed_list(self.agenda),
            "closing": wording.ended(self.closing),
            "signer": _signature(self.signer),
            "recipients": wording.closed_list(self.recipients),
        }


class SignaturePlace(Value):
    """The place of a signature: a box in PDF points, origin at the bottom left of the page, pages from 1."""

    name: str
    page: int
    left: float
    bottom: float
    width: float
    height: float


def render(paper: Paper) -> bytes:
    """The paper as a tagged PDF/A-2a file; equal papers give equal bytes.

    Needs no network and no fonts of the machine. A list of 1,780 awardees takes about a second.
    """
    return typesetting.compile_pdf(template=paper.template, view=paper.view(), created_at=paper.prepared_at)


def signature_places(paper: Paper) -> tuple[SignaturePlace, ...]:
    """The empty boxes above the signers' names, in reading order, for a visible digital signature.

    Nghị định 30/2020/NĐ-CP, annex I: the signer's image stands where the hand-written signature would.
    """
    found = typesetting.query(template=paper.template, view=paper.view(), label="signature")
    return tuple(SignaturePlace(**place) for place in found)


def _signature(signer: Signer) -> dict[str, Any]:
    return {"lines": signer.lines(), "name": signer.name}


def _addressees(addressees: Sequence[str]) -> list[str]:
    # One addressee stands on the line of "Kính gửi" without punctuation, several are a closed list (annex I).
    return list(addressees) if len(addressees) == 1 else wording.closed_list(addressees)


def _awardee_annexes(lists: Sequence[AwardeeList], *, accompanies: str) -> list[dict[str, Any]]:
    annexes = []
    for place, listed in enumerate(lists, start=1):
        shown = [
            (key, head)
            for key, head in (
                ("position", "Chức vụ"),
                ("unit", "Đơn vị công tác"),
                ("award", "Danh hiệu, hình thức"),
                ("note", "Ghi chú"),
            )
            if any(getattr(awardee, key) for awardee in listed.awardees)
        ]
        annexes.append(
            {
                "numeral": f"PHỤ LỤC {wording.roman(place)}" if len(lists) > 1 else "",
                "title": listed.title.upper(),
                "accompanies": accompanies,
                "columns": ["stt", "name", *(key for key, _head in shown)],
                "heads": ["STT", listed.name_head, *(head for _key, head in shown)],
                "rows": [
                    [str(row), awardee.name, *(getattr(awardee, key) for key, _head in shown)]
                    for row, awardee in enumerate(listed.awardees, start=1)
                ],
            }
        )
    return annexes


def _with_sum(rows: Sequence[Sequence[Any]]) -> list[list[str]]:
    counted = [(name, total, good, total - good) for name, total, good in rows]
    summed = ("Tổng cộng", *(sum(row[column] for row in counted) for column in (1, 2, 3)))
    return [[row[0], *(thousands(count) for count in row[1:])] for row in [*counted, summed]]


def _described(person: Attendee) -> str:
    return ", ".join(part for part in (person.name, person.position, person.role) if part)


def _excused(absentee: Absentee) -> str:
    opinion = "có ý kiến bằng văn bản" if absentee.written_opinion else ""
    return ", ".join(part for part in (absentee.name, absentee.position, absentee.reason, opinion) if part)


def _local_date(at: AwareDatetime) -> str:
    return wording.written_date(at.astimezone(wording.VIETNAM).date())
