"""The demo's later years: the same people again, promoted, moved, merged, corrected; one declines, one loses the award alone.

Each nomination must go on saying what was true in its year. The huyện decides until 30/06/2025; from then on its work is
the xã's (packs of the law say so), so the third year is decided by an office of another level.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from cli.demo.people import CHAIRMAN, MEMBERS, REVIEWER, SECRETARY, Office
from cli.demo.script import TELLER
from cli.door import progress
from ledger import sealing
from models.database import Session
from operations import rounds
from operations.chairman_signature import signature
from operations.council_vote import convening, counting, vote
from operations.home_affairs_review import correcting, declining, review
from operations.installation import moment
from operations.people import units
from operations.public_disclosure import disclosure, paper_numbers
from operations.unit_proposal import proposal
from operations.views import nominations, timeline
from rules.lifecycle import STAGES, State
from rules.vocabulary import NomineeKind, Rating

MOST = 3  # the last pack of the law that is complete ends on 30/09/2026
SAID = ("name", "honorific", "position", "workplace", "gender", "ethnicity", "birth_date", "email")
_AWARD, _PEOPLE = "LDTT", 6
_OFFICE_ENDS = moment("2025-07-01T08:00:00+07:00")
_SLIP, _RIGHT = "Giáo viện", "Giáo viên"


@dataclass(frozen=True, slots=True)
class Year:
    """One later round: its year, title and the day it opens; the rest follows week by week."""

    year: int
    title: str
    opened: datetime

    def week(self, number: int) -> datetime:
        return self.opened + timedelta(days=7 * number)


LATER = (
    Year(2025, "Khen thưởng năm học 2024–2025", moment("2025-05-05T08:00:00+07:00")),
    Year(2026, "Khen thưởng năm học 2025–2026", moment("2026-05-04T08:00:00+07:00")),
)
END = {1: None, 2: LATER[0].week(5), 3: LATER[1].week(5)}


@dataclass
class Years:
    """The later years by the people of an office; `stories` is what each of them came to."""

    office: Office
    count: int
    stories: list[dict[str, Any]] = field(default_factory=list)

    def play(self) -> None:
        """Each later year that is not played yet; then every nomination is asked what it says. Raises RuntimeError."""
        people = self._people()
        told = dict(self._told(people))
        for number, year in enumerate(LATER[: self.count - 1], 1):
            if number == MOST - 1:
                self._merge(people)
            said = self._play(year, number, people)
            told |= said
            progress(f"{year.year}: {len(said)} hồ sơ")
        wrong = [code for code, said in told.items() if self._said(code) != said]
        if wrong:
            raise RuntimeError(f"no longer say what was handed in: {wrong}")

    def _people(self) -> list[dict[str, Any]]:
        """Those who come back: honoured in the first year, of two units at least, oldest first."""
        rows = self.office.look(nominations.listing)
        first = [
            row
            for row in rows
            if (row["award"], row["nominee"]["kind"]) == (_AWARD, NomineeKind.INDIVIDUAL)
            and row["round"].startswith("DX-2024")
            and row["state"] in {State.DISCLOSED, State.CLOSED}
        ]
        return [{"code": row["code"], "unit": row["unit"], **self._said(row["code"])} for row in first[:_PEOPLE]]

    def _said(self, code: str) -> dict[str, Any]:
        nominee = self.office.look(
            lambda session: timeline.of_nomination(session, code, actor=self.office.actor(SECRETARY))
        )["nominee"]
        return {name: nominee[name] for name in SAID}

    def _told(self, people: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
        for one in people:
            yield one["code"], {name: one[name] for name in SAID}

    def _merge(self, people: Sequence[Mapping[str, Any]]) -> None:
        """The huyện ends and the xã has its work; the first one's unit becomes part of the last one's."""
        self.office.now = _OFFICE_ENDS
        admin = self.office.actor("quantri")
        known = {one["code"]: one for one in self.office.look(units.listing)}
        if "XA-MOI" in known:
            return
        day = _OFFICE_ENDS.date()
        gone, heir = people[0]["unit"], self._heir(people)

        def change(session: Session) -> None:
            units.end(session, "HUYEN", on=day, actor=admin)
            units.add(
                session, code="XA-MOI", name="UBND xã Nậm Mẫu", level="commune", email="ubnd.xa@nammau.example",
                valid_from=day, is_office=True, actor=admin,
            )  # fmt: skip
            if heir != gone:
                units.end(session, gone, on=day, successor=heir, actor=admin)

        self.office.act("unit.end", gone, change)

    def _heir(self, people: Sequence[Mapping[str, Any]]) -> str:
        return str(
            next((one["unit"] for one in reversed(people) if one["unit"] != people[0]["unit"]), people[0]["unit"])
        )

    def _unit(self, one: Mapping[str, Any], year: Year, people: Sequence[Mapping[str, Any]]) -> str:
        merged = year.opened > _OFFICE_ENDS and one["unit"] == people[0]["unit"]
        return self._heir(people) if merged else str(one["unit"])

    def _now_said(self, number: int, place: int, one: Mapping[str, Any]) -> dict[str, Any]:
        """What is handed in this year: the first is promoted, the second moved, the third's post has a slip in it."""
        said = {name: one[name] for name in SAID}
        if place == 0:
            return said | {"position": f"Phó Hiệu trưởng {number}", "email": f"moi{number}@nammau.example"}
        if place == 1:
            return said | {"workplace": f"Trường THCS số {number}"}
        return said | {"position": _SLIP} if place == 2 else said

    def _play(self, year: Year, number: int, people: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        office = self.office
        office.now, office.actors = year.opened, None  # who holds which role is of the day
        opened = [one for one in office.look(rounds.listing) if one["title"] == year.title]
        code = str(opened[0]["code"]) if opened else self._open(year)
        wanted = [
            (self._now_said(number, place, one), self._unit(one, year, people)) for place, one in enumerate(people)
        ]
        codes = self._file(year, code, wanted)
        said = dict(zip(codes, (one for one, _ in wanted), strict=True))
        said[codes[2]] = said[codes[2]] | {"position": _RIGHT}
        self._review(year, code)
        self._vote(year, code)
        self._second_thoughts(year, codes)
        self._sign(year, code)
        lost = self._disclose(year, codes)
        self.stories.append(
            {
                "year": year.year, "round": code, "nominations": len(codes), "promoted": codes[0], "moved": codes[1],
                "corrected": codes[2], "declined": codes[3], "revoked": lost,
                "merged": [one for one, (_, unit) in zip(codes, wanted, strict=True) if unit != people[codes.index(one)]["unit"]],
            }
        )  # fmt: skip
        return said

    def _open(self, year: Year) -> str:
        secretary = self.office.actor(SECRETARY)
        return str(
            self._act(
                "round.open", rounds.open_round, kind="CONG_TRANG", year=year.year, title=year.title, actor=secretary,
                now=year.opened,
            ).code
        )  # fmt: skip

    def _act(self, verb: str, change: Callable[..., Any], *given: Any, **words: Any) -> Any:
        return self.office.act(verb, str(given[0]) if given else "", lambda session: change(session, *given, **words))

    def _file(self, year: Year, code: str, wanted: Sequence[tuple[dict[str, Any], str]]) -> list[str]:
        rows = self.office.look(lambda session: nominations.listing(session, round_code=code))
        there = {(row["nominee"]["name"], row["unit"]): row["code"] for row in rows}
        now = year.week(1)
        for unit in sorted({unit for said, unit in wanted if (said["name"], unit) not in there}):
            filed = [said for said, its in wanted if its == unit]
            proposals = [
                proposal.Proposed(
                    kind=NomineeKind.INDIVIDUAL, award=_AWARD, rating=Rating.HTTNV, object_class="Công chức", row=row,
                    achievement=f"Hoàn thành tốt nhiệm vụ năm {year.year}", facts={"employed_months": 12}, **said,
                )
                for row, said in enumerate(filed, 1)
            ]  # fmt: skip
            officer = self.office.actor(f"canbo.{unit.lower()}")
            done = self._act(
                "nominations.propose", proposal.file, round_code=code, unit_code=unit, proposals=proposals, actor=officer,
                now=now,
            )  # fmt: skip
            there |= {(said["name"], unit): one for said, one in zip(filed, done.codes, strict=True)}
        return [there[said["name"], unit] for said, unit in wanted]

    def _review(self, year: Year, code: str) -> None:
        now, reviewer = year.week(2), self.office.actor(REVIEWER)
        waiting = self.office.codes(code, State.SUBMITTED)
        if waiting:
            self._each("nominations.pass", review.pass_review, waiting, actor=reviewer, now=now)
        self._advance(code, 2, now)

    def _advance(self, code: str, most: int, now: datetime) -> None:
        """As far as `most` stages from the first, each once nothing waits in it any more."""
        secretary = self.office.actor(SECRETARY)
        for stage in STAGES[:most]:
            if self.office.look(lambda session: rounds.by_code(session, code).stage) == stage:
                self._act("round.advance", rounds.advance, code, actor=secretary, now=now)

    def _vote(self, year: Year, code: str) -> None:
        waiting = self.office.codes(code, State.ELIGIBLE)
        if waiting:
            now, secretary = year.week(3), self.office.actor(SECRETARY)
            sitting = self._act(
                "council.convene", convening.convene, round_code=code, at=now, place="Hội trường UBND", actor=secretary,
                now=now,
            ).code  # fmt: skip
            self._act("council.attend", convening.attend, sitting, list(MEMBERS), actor=secretary)
            key, shares = self.office.look(lambda s: vote.prospect(s, sitting, actor=secretary)).new_key()
            self._act("ballot.open", vote.open_ballot, sitting, public_key=key, actor=secretary, now=now)
            for member in MEMBERS:
                choices = dict.fromkeys(waiting, "approve")
                self._act("ballot.cast", vote.cast, sitting, choices=choices, actor=self.office.actor(member))
            self._act("ballot.close", vote.close_ballot, sitting, actor=secretary, now=now)
            brought = [sealing.read_share(text) for text in list(shares.values())[:2]]
            self._act(
                "ballot.tally", counting.tally_ballot, sitting, shares=brought, actor=self.office.actor(TELLER), now=now
            )
        self._advance(code, 3, year.week(3))

    def _second_thoughts(self, year: Year, codes: Sequence[str]) -> None:
        """After the vote and before the signature: a slip is corrected, somebody declines."""
        now, reviewer = year.week(4), self.office.actor("chuyenvien2")
        if self._said(codes[2])["position"] == _SLIP:
            self._act(
                "nominations.correct", correcting.correct, codes[2], person={"position": _RIGHT},
                reason="Viết sai so với quyết định bổ nhiệm", actor=reviewer, now=now,
            )  # fmt: skip
        if self._state(codes[3]) == State.RECOMMENDED:
            self._each(
                "nominations.decline", declining.decline, codes[3:4], reason="Xin nhường cho đồng nghiệp",
                document="Đơn của cá nhân", actor=reviewer, now=now,
            )  # fmt: skip

    def _state(self, code: str) -> str:
        return str(self.office.look(lambda session: nominations.listing_of(session, [code]))[0]["state"])

    def _sign(self, year: Year, code: str) -> None:
        waiting = self.office.codes(code, State.RECOMMENDED)
        if waiting:
            signed = self._act(
                "decisions.sign", signature.sign, waiting, actor=self.office.actor(CHAIRMAN), now=year.week(4)
            )
            _must(signed.results)
        self._advance(code, 4, year.week(4))

    def _disclose(self, year: Year, codes: Sequence[str]) -> str:
        """Everything is published; then one of those it names loses the award, the others keep theirs."""
        number = self.office.look(partial(_paper_of, code=codes[4]))
        if self._state(codes[5]) == State.SIGNED:
            url = f"{self.office.installation.base_url}/decisions/{number}"
            self._act(
                "decisions.disclose",
                disclosure.disclose,
                number,
                actor=self.office.actor(REVIEWER),
                now=year.week(4),
                url=url,
            )
        self._advance(self.office.look(partial(_round_of, code=codes[4])), 5, year.week(4))
        if self._state(codes[4]) == State.DISCLOSED:
            self._act(
                "decisions.revoke", disclosure.revoke, number, ground="93.2.a", reason="Kết luận: khai sai thành tích",
                nominations=[codes[4]], actor=self.office.actor(CHAIRMAN), now=year.week(5),
            )  # fmt: skip
        return codes[4]

    def _each(self, verb: str, act: Callable[..., Any], codes: Sequence[str], **words: Any) -> None:
        self.office.act(verb, codes[0], lambda session: _must(act(session, codes, **words)))


def _paper_of(session: Session, code: str) -> str:
    found = [one["code"] for one in disclosure.decisions(session)]
    for number in reversed(found):
        row = paper_numbers.decision(session, number)
        if code in {one["code"] for one in disclosure.awardees(session, row)}:
            return str(number)
    raise RuntimeError(f"{code} stands in no decision")


def _round_of(session: Session, code: str) -> str:
    return str(nominations.listing_of(session, [code])[0]["round"])


def _must(results: Any) -> None:
    for result in results:
        if result.refusal is not None:
            raise RuntimeError(f"{result.code}: {result.refusal.message}")
