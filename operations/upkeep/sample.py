"""A synthetic office for trying the system: units, accounts, council, tellers, names. No real person is in it."""

import random
import secrets
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlmodel import Session, select

from models import Account
from operations import access, regulations
from operations.access import INSTALLER
from operations.council_vote import council
from operations.people import accounts, authorisations, passwords, roles, units
from rules import regulation
from rules.lifecycle import Role

SINCE = date(2024, 1, 1)
DOMAIN = "nammau.example"

_COMMUNES = (
    "Nậm Pục", "Sin Chải", "Bản Mới", "Tà Lèng", "Huổi Sen", "Pa Vây", "Khoang Thèn", "Ma Lù", "Hồng Thu",
    "Tả Ngảo", "Nậm Cuổi", "Dào San Mẫu",
)  # fmt: skip
_AGENCIES = (
    "Phòng Giáo dục và Đào tạo", "Phòng Tài chính – Kế hoạch", "Trung tâm Y tế huyện",
    "Phòng Nông nghiệp và Phát triển nông thôn", "Ban Quản lý dự án", "Hội Nông dân huyện", "Huyện đoàn",
)  # fmt: skip
_SCHOOLS = (
    "Trường THCS Nậm Pục", "Trường Tiểu học Sin Chải", "Trường PTDTBT Tiểu học Huổi Sen", "Trường Mầm non Bản Mới",
    "Trường THCS Hồng Thu",
)  # fmt: skip
_COUNCIL = (
    ("chutich", "Chủ tịch Hội đồng", "UBND huyện"),
    ("phochutich", "Phó Chủ tịch Hội đồng", "UBND huyện"),
    ("tv03", "Phó Chủ tịch Hội đồng", "Ủy ban Mặt trận Tổ quốc huyện"),
    ("tv04", "Ủy viên", "Liên đoàn Lao động huyện"),
    ("tv05", "Ủy viên", "Hội Liên hiệp Phụ nữ huyện"),
    ("tv06", "Ủy viên", "Huyện ủy"),
    ("tv07", "Ủy viên", "Hội Cựu chiến binh huyện"),
    ("tv08", "Ủy viên", "Ban Chỉ huy Quân sự huyện"),
    ("tv09", "Ủy viên", "Công an huyện"),
    ("tv10", "Ủy viên", "Phòng Tư pháp"),
    ("tv11", "Ủy viên", "Thanh tra huyện"),
)
TELLERS = ("tv04", "tv10", "tv11")

_FAMILIES = {
    "Kinh": ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Ngô"),
    "Thái": ("Lò", "Quàng", "Cà", "Tòng", "Lường", "Điêu", "Vàng"),
    "Mông": ("Giàng", "Sùng", "Thào", "Vừ", "Mùa", "Hạng", "Cứ"),
    "Dao": ("Tẩn", "Chẻo", "Phàn", "Lý", "Phùng"),
    "Hà Nhì": ("Ly", "Pờ", "Chang", "Khoàng", "Sừng"),
}
_MIDDLE_M = {"Kinh": ("Văn", "Đức", "Quang", "Minh"), "Thái": ("Văn",), "Mông": ("A",), "Dao": ("U", "Láo"),
             "Hà Nhì": ("Gia", "Xè")}  # fmt: skip
_MIDDLE_F = {"Kinh": ("Thị", "Ngọc", "Thu"), "Thái": ("Thị",), "Mông": ("Thị",), "Dao": ("Mẩy", "Tả"),
             "Hà Nhì": ("Mì", "Thó")}  # fmt: skip
_GIVEN_M = ("Sơn", "Hùng", "Dũng", "Páo", "Chứ", "Phong", "Thành", "Lử", "Tếnh", "Khánh", "Quân", "Bình", "Nam", "Sử",
            "Toàn", "Thắng", "Vảng", "Cường", "Hải", "Long")  # fmt: skip
_GIVEN_F = ("Lan", "Hoa", "Mai", "Hương", "Say", "Dợ", "Ngân", "Thảo", "Xuân", "Yến", "Mỷ", "Hạnh", "Nhung", "Pà",
            "Linh", "Vân", "Thủy", "Dung", "Trang", "Hiền")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    gender: str
    ethnicity: str
    birth_date: date


def person(chance: random.Random) -> Person:
    """A synthetic person of the mountains: names drawn at random, belonging to nobody."""
    ethnicity = chance.choices(list(_FAMILIES), weights=(40, 20, 20, 12, 8))[0]
    woman = chance.random() < 0.5
    name = " ".join(
        (
            chance.choice(_FAMILIES[ethnicity]),
            chance.choice((_MIDDLE_F if woman else _MIDDLE_M)[ethnicity]),
            chance.choice(_GIVEN_F if woman else _GIVEN_M),
        )
    )
    born = date(chance.randint(1966, 2001), chance.randint(1, 12), chance.randint(1, 28))
    return Person(name, "Nữ" if woman else "Nam", ethnicity, born)


def proposing_units() -> list[tuple[str, str, str]]:
    """(code, name, level) of the proposing units."""
    found = [(f"XA{n:02d}", f"UBND xã {name}", "commune") for n, name in enumerate(_COMMUNES, 1)]
    found += [(f"CQ{n:02d}", name, "district") for n, name in enumerate(_AGENCIES, 1)]
    found += [(f"TH{n:02d}", name, "district") for n, name in enumerate(_SCHOOLS, 1)]
    return found


def stands(session: Session) -> bool:
    """Is there any account? Then the office was set up before."""
    return session.exec(select(Account.id).limit(1)).first() is not None


def set_up(
    session: Session,
    *,
    now: datetime,
    seed: int = 1,
    os_user: str | None = None,
    passwords_for: Collection[str] | None = None,
    password: str | None = None,
) -> dict[str, Any]:
    """Fill an empty installation with the sample office. Returns the `init --sample` answer of docs/contract.md §2.

    `passwords_for` limits who gets a password (None: everybody); the others cannot sign in by themselves.
    `password` is everybody's, for a training installation; without it each one's own is drawn.
    """
    chance = random.Random(seed)
    office = units.add(
        session,
        code="HUYEN",
        name="UBND huyện Nậm Mẫu",
        level="district",
        email=f"ubnd@{DOMAIN}",
        valid_from=SINCE,
        is_office=True,
        actor=INSTALLER,
    )
    made_units = [
        units.add(
            session,
            code=code,
            name=name,
            level=level,
            email=f"{code.lower()}@{DOMAIN}",
            valid_from=SINCE,
            actor=INSTALLER,
        )
        for code, name, level in proposing_units()
    ]
    wanted: list[tuple[str, str, list[Role], Any]] = [
        ("thuky", "thư ký", [Role.SECRETARY], None),
        ("chuyenvien1", "chuyên viên", [Role.REVIEWER], None),
        ("chuyenvien2", "chuyên viên", [Role.REVIEWER], None),
        ("thanhtra", "thanh tra", [Role.INSPECTOR], None),
        ("quantri", "quản trị", [Role.ADMINISTRATOR], None),
    ]
    for username, _, _ in _COUNCIL:
        held = [Role.COUNCIL_MEMBER]
        if username == "chutich":
            held = [Role.CHAIRMAN, *held]
        elif username == "phochutich":
            held = [Role.DEPUTY, *held]
        elif username in TELLERS:
            held = [Role.TELLER, *held]
        wanted.append((username, "thành viên", held, None))
    for unit in made_units:
        wanted.append((f"canbo.{unit.code.lower()}", "cán bộ", [Role.UNIT_OFFICER], unit))
        wanted.append((f"truong.{unit.code.lower()}", "thủ trưởng", [Role.UNIT_HEAD], unit))
    chosen = {
        username: password or secrets.token_urlsafe(9)
        for username, *_ in wanted
        if passwords_for is None or username in passwords_for
    }
    if password is not None:
        hashes = dict.fromkeys(chosen, passwords.hash_password(password))
    else:
        with ThreadPoolExecutor(max_workers=2) as pool:  # Argon2 is slow on purpose and leaves the interpreter free
            hashes = dict(zip(chosen, pool.map(passwords.hash_password, chosen.values()), strict=True))
    answer_accounts = []
    for username, _, held, unit in wanted:
        accounts.add(
            session,
            username=username,
            name=person(chance).name,
            email=f"{username}@{DOMAIN}",
            password_hash=hashes.get(username),
            os_user=os_user if username == "thuky" else None,
            actor=INSTALLER,
        )
        for role in held:
            place = unit.code if unit else None
            roles.grant(
                session, username, role, unit=place, document="01/QĐ-UBND (mẫu)", valid_from=SINCE, actor=INSTALLER, now=now,
            )  # fmt: skip
        answer_accounts.append(
            {
                "username": username,
                "role": held[0].value,
                "unit": unit.code if unit else office.code,
                "password": chosen.get(username),
            }
        )
    council.set_up(
        session,
        code="HD-2024",
        name="Hội đồng Thi đua – Khen thưởng huyện Nậm Mẫu",
        decision_number="15/QĐ-UBND (mẫu)",
        valid_from=SINCE,
        actor=INSTALLER,
    )
    for username, title, body in _COUNCIL:
        council.appoint(
            session,
            council_code="HD-2024",
            username=username,
            title=title,
            body=body,
            valid_from=SINCE,
            chairs=username == "chutich",
            teller=username in TELLERS,
            actor=INSTALLER,
            now=now,
        )
    start = max(now, access.end_of_day(SINCE))
    authorisations.authorise(
        session,
        deputy="phochutich",
        document="02/UQ-UBND (mẫu)",
        scope="LDTT,GK_HUYEN",
        valid_from=SINCE,
        valid_to=date(2024, 12, 31),
        actor=access.actor(session, "chutich", now=start),
        now=start,
    )
    regulations.register(session, regulation.SAMPLE_PATH.read_text(encoding="utf-8"), now=now, by=INSTALLER.username)
    return {
        "units": [{"code": unit.code, "name": unit.name, "level": unit.level} for unit in made_units],
        "accounts": answer_accounts,
        "regulation": str(regulation.SAMPLE_PATH),
    }
