"""`vinhdanh` as people and scripts drive it. Every call is held to docs/contract.md §2: the general rules of an answer."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cli.__main__ import run
from operations.installation import Installation

NOW = "2024-11-05T08:00:00"
PROGRAM = [sys.executable, "-m", "cli"]
# The one key that an answer of each exit code must have.
_KEYS = {1: {"refused", "errors"}, 2: {"error"}, 3: {"violations"}, 4: {"missing"}}


@dataclass
class Said:
    """What one command line answered."""

    code: int
    answer: Any
    stderr: str

    @property
    def refused(self) -> str:
        assert self.code == 1, self
        assert set(self.answer["refused"]) >= {"code", "message", "citation"}
        assert _is_plain(self.answer["refused"]["message"])
        return str(self.answer["refused"]["code"])

    @property
    def error(self) -> str:
        assert self.code == 2, self
        assert set(self.answer["error"]) == {"code", "message", "where"}
        assert _is_plain(self.answer["error"]["message"])
        return str(self.answer["error"]["code"])

    @property
    def done(self) -> Any:
        assert self.code == 0, self
        return self.answer


def _is_plain(message: str) -> bool:
    """A Vietnamese sentence, not a program's words."""
    return message[:1].strip() != "" and not any(word in message for word in ("Error", "Exception", "<class", "None"))


def check(code: int, stdout: str, stderr: str) -> Said:
    """One JSON document on one line, the right key for the exit code, no traceback."""
    assert "Traceback" not in stderr, stderr
    assert stdout.count("\n") == 1, (code, stdout, stderr)
    answer = json.loads(stdout)
    if code:
        assert _KEYS[code] & set(answer), (code, answer)
    return Said(code, answer, stderr)


class Line:
    """The command line on one data folder."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys

    def __call__(self, *words: object, by: str | None = "thuky", now: str | None = NOW) -> Said:
        """In this process: fast."""
        arguments = self.arguments(*words, by=by, now=now)
        self._capsys.readouterr()
        code = run(arguments)
        said = self._capsys.readouterr()
        return check(code, said.out, said.err)

    def arguments(self, *words: object, by: str | None = "thuky", now: str | None = NOW) -> list[str]:
        arguments = [*map(str, words), "--json", "--data", str(self.folder)]
        if by is not None:
            arguments += ["--as", by]
        return arguments + (["--now", now] if now else [])

    def process(self, *words: object, by: str | None = "thuky", **given: Any) -> Said:
        """As a process of its own."""
        done = subprocess.run(
            [*PROGRAM, *self.arguments(*words, by=by)], capture_output=True, text=True, check=False, timeout=60, **given
        )
        return check(done.returncode, done.stdout, done.stderr)

    def start(
        self, *words: object, by: str | None = "thuky", now: str | None = NOW, **given: Any
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*PROGRAM, *self.arguments(*words, by=by, now=now)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **given,
        )

    def text(self, *words: object, by: str | None = "thuky", now: str = NOW) -> tuple[int, str, str]:
        """Without --json: what a person sees."""
        arguments = [word for word in self.arguments(*words, by=by, now=now) if word != "--json"]
        self._capsys.readouterr()
        code = run(arguments)
        said = self._capsys.readouterr()
        assert "Traceback" not in said.err
        return code, said.out, said.err


@pytest.fixture(autouse=True)
def _clean_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATA", "NOW", "DATABASE_URL", "SMTP_URL", "PASSWORD", "BASE_URL", "MAIL_FROM", "PREFECT_API_URL"):
        monkeypatch.delenv(f"VINHDANH_{name}", raising=False)


@pytest.fixture
def office(installation: Installation, capsys: pytest.CaptureFixture[str]) -> Line:
    """A folder as `init --sample` leaves it."""
    installation.database.close()
    return Line(installation.folder, capsys)


@pytest.fixture
def nowhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Line:
    """No folder yet."""
    return Line(tmp_path / "new", capsys)


class Annual:
    """One annual round carried on through the command line alone."""

    def __init__(self, line: Line, folder: Path) -> None:
        self.line = line
        self.row = row
        self._folder = folder
        self.round = str(
            line("round", "open", "--kind", "CONG_TRANG", "--year", 2024, "--title", "Năm 2024").done["code"]
        )
        self._books = 0

    def book(self, rows: list[dict[str, Any]], name: str | None = None) -> Path:
        """The template, filled in as an officer fills it in."""
        import openpyxl

        self._books += 1
        path = self._folder / (name or f"de-nghi-{self._books}.xlsx")
        self.line("nominations", "template", path)
        book = openpyxl.load_workbook(path)
        sheet = book.worksheets[0]
        heads = {cell.value: int(cell.column or 0) for cell in sheet[1]}
        for number, row in enumerate(rows, start=2):
            for head, value in row.items():
                sheet.cell(number, heads[head], value)
        book.save(path)
        book.close()
        return path

    def propose(self, count: int = 1, *, unit: str = "XA01", prefix: str = "Mẫu", **columns: Any) -> list[str]:
        self._books += 1
        rows = [row(f"Lò Thị {prefix} {self._books}-{n}", **columns) for n in range(count)]
        said = self.line(
            "nominations", "import", self.book(rows), "--round", self.round, "--unit", unit, by=f"canbo.{unit.lower()}"
        )
        return list(said.done["codes"])

    def state(self, code: str) -> str:
        return str(self.line("nominations", "show", code).done["state"])

    def vote(self, choice: str = "approve") -> str:
        """Convene, attend, open, cast by everybody, close, tally."""
        line = self.line
        session = line(
            "council", "convene", "--round", self.round, "--at", "2024-11-20T08:00", "--place", "Hội trường"
        ).done["session"]
        members = [member["username"] for member in line("council", "members", session).done]
        line("council", "attend", session, *(word for name in members for word in ("--member", name)))
        opened = line("ballot", "open", session, "--shares", self._folder / "shares").done
        agenda = opened["agenda"]
        path = self._folder / f"{session}.jsonl"
        path.write_text(
            "\n".join(json.dumps({"as": name, "choices": dict.fromkeys(agenda, choice)}) for name in members)
        )
        assert line("ballot", "cast", session, "--batch", path).code == 0
        assert line("ballot", "close", session).done["envelopes"] == len(members)
        brought = (word for path in opened["shares"][:2] for word in ("--share", path))
        assert line("ballot", "tally", session, *brought, by="tv04").code == 0
        return str(session)


def row(
    name: str, *, award: str = "Lao động tiên tiến", kind: str = "Khen thưởng cá nhân", **more: Any
) -> dict[str, Any]:
    """A clean row of the workbook."""
    return {
        "Tên tập thể/cá nhân/hộ gia đình": name,
        "Phân loại khen thưởng": kind,
        "Danh hiệu thi đua/Hình thức khen thưởng": award,
        "Phân loại đối tượng": "Công chức",
        "Thành tích": "Hoàn thành tốt nhiệm vụ",
        "Xếp loại": "Hoàn thành tốt nhiệm vụ",
        "Dữ kiện": "Tháng công tác: 12",
        **more,
    }


@pytest.fixture
def annual(office: Line, tmp_path: Path) -> Annual:
    return Annual(office, tmp_path)


@pytest.fixture(scope="session")
def _published(_sample_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, str]]]:
    """Filled by the first test that asks for `published`; the others copy it."""
    place = tmp_path_factory.mktemp("published")
    shutil.copytree(_sample_folder, place / "data")
    yield place, {}


@dataclass
class Published:
    """A round with a disclosed decision, a signed one not yet disclosed, and a submission letter."""

    line: Line
    round: str
    nomination: str
    session: str
    disclosed: str
    letter: str


@pytest.fixture
def published(_published: tuple[Path, dict[str, str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Published:
    place, known = _published
    if not known:
        line = Line(place / "data", capsys)
        annual = Annual(line, place)
        codes = annual.propose(3) + annual.propose(1, award="Bằng khen của UBND tỉnh", **{"Căn cứ đề nghị": "74.1.b"})
        assert line("nominations", "pass", *codes, "--reason", "Đã đối chiếu hồ sơ gốc", by="chuyenvien1").code == 0
        assert line("round", "advance", annual.round).code == 0
        assert line("round", "advance", annual.round).code == 0
        session = annual.vote()
        assert line("round", "advance", annual.round).code == 0
        signed = line("decisions", "sign", *codes, by="chutich", now="2024-11-21T08:00:00").done
        number = signed["decisions"][0]
        assert line("decisions", "disclose", number, by="chuyenvien1", now="2024-11-22T08:00:00").code == 0
        known |= {
            "round": annual.round,
            "nomination": codes[0],
            "session": session,
            "disclosed": number,
            "letter": signed["submission_letters"][0],
        }
    shutil.copytree(place / "data", tmp_path / "published")
    return Published(Line(tmp_path / "published", capsys), **known)
