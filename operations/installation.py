"""One installation: its data folder, settings, database and ledger key. Every door opens this first."""

import os
import stat
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ledger import note
from models.database import Database, sqlite_url
from operations import binding, ledger_book, modes, seal
from operations.access import LOCAL
from rules.refusal import Refusal, Unreadable

KEYS = (
    "DATABASE_URL", "PREFECT_API_URL", "SMTP_URL", "MAIL_FROM", "BASE_URL", "NOW", "TSA_URL",
    "OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET", "IDLE_MINUTES",
)  # fmt: skip
_SECRET = ("DATABASE_URL", "SMTP_URL", "OIDC_CLIENT_SECRET")


@dataclass(frozen=True)
class Installation:
    """Settings come from the environment (VINHDANH_…), else from vinhdanh.toml in the data folder, else a default."""

    folder: Path
    settings: Mapping[str, str] = field(repr=False)

    @classmethod
    def at(cls, folder: Path, environment: Mapping[str, str] | None = None) -> "Installation":
        """Read the settings of a folder. Raises Unreadable for a bad or a world-readable secret file."""
        environment = os.environ if environment is None else environment
        settings = _read_file(folder / "vinhdanh.toml")
        for key in KEYS:
            value = environment.get(f"VINHDANH_{key}")
            if value:
                settings[key] = value
        return cls(folder=folder.absolute(), settings=settings)

    @cached_property
    def database(self) -> Database:
        found = Database(self.settings.get("DATABASE_URL") or sqlite_url(self.folder))
        found.beside = self.folder
        found.business_clock = self.settings.get("NOW")
        return found

    @cached_property
    def signer(self) -> note.Signer:
        return ledger_book.load_key(self.folder / "ledger.key")

    @cached_property
    def keeper(self) -> seal.Keeper:
        """The ledger's key with its memory beside it."""
        return seal.Keeper(self.database, self.signer, self.folder / seal.MEMORY)

    def bind(self) -> None:
        """Act only on the database that belongs to this folder's key. Every door calls this before the first act.

        Raises Refusal `foreign_ledger_key`, `ledger_not_continued`, Unreadable `bad_ledger_memory`.
        """
        binding.bind(self.database, self.keeper)

    def bind_if_possible(self) -> None:
        """As `bind`, for who asks what is wrong: a refusal is left to them, and a disk that cannot be written as it is."""
        try:
            self.database.migrate()
            self.bind()
        except (Refusal, Unreadable):
            pass
        except sa.exc.OperationalError:
            if os.access(self.folder, os.W_OK):
                raise

    @cached_property
    def idle(self) -> timedelta:
        """How long a session may lie idle: IDLE_MINUTES, 30 by default. Raises Unreadable `bad_settings`."""
        said = self.settings.get("IDLE_MINUTES", "30")
        if not (said.isascii() and said.isdecimal() and 6 <= int(said) <= 720):
            raise Unreadable(
                "bad_settings", "IDLE_MINUTES phải là số phút từ 6 đến 720.", where={"setting": "IDLE_MINUTES"}
            )
        return timedelta(minutes=int(said))

    @cached_property
    def sealing_key(self) -> bytes:
        """The key that seals second factors: derived from the ledger's, so a backup of that one is enough (RFC 5869)."""
        return self._derived(b"vinhdanh/second-factor/1")

    @cached_property
    def cookie_key(self) -> bytes:
        """The key that binds what a browser keeps for us to this server."""
        return self._derived(b"vinhdanh/cookie/1")

    def _derived(self, purpose: bytes) -> bytes:
        secret = (self.folder / "ledger.key").read_bytes()
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(secret)

    @property
    def base_url(self) -> str:
        """The site's address: BASE_URL, else where `up` served it last, else where it would."""
        said = self.settings.get("BASE_URL")
        if said is None:
            served = self.folder / "run" / "web.url"
            said = served.read_text(encoding="utf-8") if served.exists() else "http://127.0.0.1:8000"
        return said.rstrip("/")

    def now(self) -> datetime:
        """The business clock: VINHDANH_NOW, the folder's settings, the wall clock. Raises Unreadable `bad_time`."""
        said = self.settings.get("NOW")
        return moment(said) if said else datetime.now(UTC)

    @property
    def business_clock(self) -> datetime | None:
        """What the business clock was set to, for a trial or a training; None: it is the wall clock, as it should be."""
        said = self.database.business_clock
        return moment(said) if said else None

    @property
    def mail_from(self) -> str:
        return self.settings.get("MAIL_FROM", "Vinh Danh <vinhdanh@localhost.localdomain>")

    def require_set_up(self) -> None:
        """Raise Refusal `not_initialised` unless `init` has run here."""
        if not (self.folder / "ledger.key").exists():
            raise Refusal(
                "not_initialised",
                f"Thư mục {self.folder} chưa được khởi tạo. Chạy `vinhdanh init` (thêm --sample để có dữ liệu mẫu).",
            )

    def create(self, *, beside: Collection[str] = (), origin: str | None = None) -> None:
        """Folder, database and ledger key, under the ledger's name `origin`.

        `beside` names what else may lie in the folder already. Raises Refusal `already_initialised`, `folder_not_empty`,
        `foreign_database`, Unreadable `bad_origin`.
        """
        code = binding.new_code()
        called = ledger_book.checked_origin(origin or self._own_origin(code))
        if (self.folder / "ledger.key").exists():
            raise Refusal("already_initialised", f"Thư mục {self.folder} đã được khởi tạo từ trước.")
        found = [entry.name for entry in self.folder.iterdir()] if self.folder.exists() else []
        # An earlier set-up that was cut off leaves the database and its journal: it simply goes on.
        strangers = {name for name in found if not name.startswith("vinhdanh.sqlite3")}
        if strangers - {"vinhdanh.toml", "run", "prefect", "files", "ballots", *beside}:
            raise Refusal("folder_not_empty", f"Thư mục {self.folder} đang có tệp khác; hãy chọn một thư mục trống.")
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        modes.mend(self.folder)
        for name in ("files", "run", "prefect", "ballots"):
            (self.folder / name).mkdir(exist_ok=True, mode=0o700)
        self.database.migrate()
        modes.mend(self.folder)  # whoever sets one up by another program may have another mask
        with self.database.read() as session:
            binding.require_free(session)
        # The key comes last: it marks a folder whose set-up was not cut off half-way.
        ledger_book.create_key(self.folder / "ledger.key", called)
        with self.database.begin() as session:
            binding.begin(session, self.signer, code)
        self.bind()
        self.keeper.now()  # from its first entry on, no ledger is without a signature

    def _own_origin(self, code: str) -> str:
        """The ledger's name where none was given: under the site's own name, and never another installation's."""
        host = urlsplit(self.settings.get("BASE_URL", "")).hostname or ""
        site = f"{host}/ledger" if "." in host and not host.replace(".", "").isdigit() else "vinhdanh.local"
        return f"{site}/{code}"

    def ready(self) -> bool:
        """Can the database be reached and read?"""
        try:
            with self.database.read() as session:
                session.execute(sa.text("SELECT size FROM ledger_head"))
        except sa.exc.SQLAlchemyError:
            return False
        return True


def _read_file(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    try:
        read: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Unreadable(
            "bad_settings", f"Tệp {path.name} không đọc được: {error}.", where={"file": path.name}
        ) from None
    settings = {key.upper().removeprefix("VINHDANH_"): str(value) for key, value in read.items()}
    unknown = sorted(set(settings) - set(KEYS))
    if unknown:
        raise Unreadable("bad_settings", f"Tệp {path.name} có mục lạ: {', '.join(unknown)}.", where={"file": path.name})
    secret = [key for key in _SECRET if key in settings and (key == "OIDC_CLIENT_SECRET" or "@" in settings[key])]
    if secret and path.stat().st_mode & (stat.S_IROTH | stat.S_IRGRP):
        raise Unreadable(
            "secret_is_readable",
            f"Tệp {path.name} chứa bí mật ({', '.join(secret)}) mà người khác đọc được; hãy chạy: chmod 600 {path.name}.",
            where={"file": path.name},
        )
    return settings


def moment(text: str) -> datetime:
    """`2024-12-20T08:00:00+07:00`; without an offset it is Vietnam's time. Raises Unreadable `bad_time`."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise Unreadable(
            "bad_time", f"«{text}» không phải thời điểm; viết như 2024-12-20T08:00:00+07:00.", where={"now": text}
        ) from None
    if not 1900 <= parsed.year <= 2200:  # beyond, calendars and time zones overflow
        raise Unreadable("bad_time", f"Thời điểm «{text}» nằm ngoài khoảng 1900–2200.", where={"now": text})
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=LOCAL)
