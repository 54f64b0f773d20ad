"""Administration by audited commands: units, accounts, roles, the office's regulation; the security log to read."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from models.database import Session
from operations import access, free_text, record, regulations, seal, transition
from operations import security_log as security_lines
from operations.access import Actor
from operations.installation import moment
from operations.people import accounts, authorisations, four_eyes, links, roles, second_factor, units
from operations.people.four_eyes import Waiting
from operations.views import security_log
from rules import catalogue, policy
from rules.lifecycle import ROLE_NAMES
from rules.policy import Permission
from rules.refusal import Refusal, Unreadable
from rules.vocabulary import Level
from web import language, pages, reauthentication
from web.forms import Form, Submitted, SubmittedLong
from web.language import words
from web.visit import Permit, Visit

router = APIRouter(prefix="/administration")
Admin = Annotated[Visit, Depends(Permit(Permission.ADMINISTER))]
Watcher = Annotated[Visit, Depends(Permit(Permission.SEE_SECURITY_LOG))]
Chairman = Annotated[Visit, Depends(Permit(Permission.AUTHORISE))]

LEVEL_NAMES = {"commune": words("cấp xã"), "district": words("cấp huyện"), "province": words("cấp tỉnh")}
# What was tried and why it was refused, as the security log says it; a rarer one stands there by its own name.
REACHED = {
    "see": words("Xem trang"), "send": words("Gửi biểu mẫu"), "sign_in": words("Đăng nhập"), "decisions.sign": words("Ký"),
    "sign_in_outside": words("Đăng nhập bằng danh tính bên ngoài"), "sign_out": words("Đăng xuất"),
    "sign_out_elsewhere": words("Đăng xuất ở nơi khác"), "token_used": words("Dùng khóa truy cập (lần đầu trong ngày từ địa chỉ này)"),
    "password_changed": words("Đổi mật khẩu"), "password_by_link": words("Đặt mật khẩu bằng đường dẫn"),
    "second_factor_on": words("Bật mã xác thực hai bước"), "second_factor_off": words("Tắt mã xác thực hai bước"),
}  # fmt: skip
REASONS = {
    security_lines.DONE: words("thành công"), "wrong_password": words("sai mật khẩu"), "wrong_code": words("sai mã xác thực"),
    "not_your_role": words("không có vai trò cần thiết"), "not_your_unit": words("hồ sơ của đơn vị khác"),
    "separation_of_duties": words("một người không làm hai khâu của cùng hồ sơ"),
    "no_authorisation": words("không có văn bản ủy quyền"), "not_a_member": words("không phải thành viên phiên họp"),
    "recused_from": words("đã tránh hồ sơ này"), "account_disabled": words("tài khoản đã khóa"),
    "unknown_account": words("không có tài khoản"), "token_scope": words("khóa truy cập không có quyền này"),
    "not_a_teller": words("không thuộc ban kiểm phiếu"), "four_eyes": words("phải do người khác thực hiện"),
    "too_many_attempts": words("thử quá nhiều lần"), "bad_credentials": words("sai tên hoặc mật khẩu"),
}  # fmt: skip
# Which field an answer of the operations is about; what is not here is a refusal of its own.
_FIELD_OF = {
    "bad_code": "code", "bad_level": "level", "bad_email": "email", "bad_username": "username", "already_exists": "username",
    "bad_role": "role", "unit_needed": "unit", "document_required": "document", "unknown_unit": "unit",
    "already_granted": "role", "unknown_award": "scope", "not_a_deputy": "deputy", "unknown_account": "deputy",
    "bad_date": "to", "already_ended": "on", "bad_successor": "successor", "no_such_grant": "on",
}  # fmt: skip


def _day(form: Form, name: str, *, required: str = words("Hãy chọn ngày.")) -> date:
    said = form.text(name, required=required)
    try:
        return date.fromisoformat(said)
    except ValueError:
        if said:
            form.errors[name] = words("Ngày viết như 2024-12-20.")
        return date.min


def _attempt(
    visit: Visit, form: Form, verb: str, subject: str, change: Callable[[Session, Actor], dict[str, Any]]
) -> dict[str, Any] | None:
    """Do it, or note at which field it will not do: None, with `form.errors` saying so."""
    if form.errors:
        return None
    try:
        return visit.act(verb, subject, change, once=form.once)
    except (Refusal, Unreadable) as said:
        field = _FIELD_OF.get(said.code)
        if said.code == "missing_value":
            field = "name"
        if field is None or field not in form.data:
            raise
        form.errors[field] = said.message
        return None


@router.get("")
def home(visit: Admin) -> Response:
    """The objects of administration, and the system's state."""
    with visit.reading() as session:
        size = record.size(session)
        checkpoint = seal.newest(session)
        registered = regulations.listing(session)
        waiting = four_eyes.waiting(session, now=visit.now)
    return pages.render(
        visit,
        "administration/overview.html",
        size=size,
        checkpoint=checkpoint,
        regulations=registered,
        waiting=waiting,
        acts=four_eyes.ACTS,
        errors={},
    )


# Accounts and roles ----------------------------------------------------------------------------------------------


@router.get("/accounts")
def accounts_(visit: Admin, text: str = "") -> Response:
    """Every account, with its roles of today."""
    return _accounts(visit, text=text)


def _accounts(visit: Visit, *, text: str = "", form: Form | None = None) -> Response:
    with visit.reading() as session:
        rows = accounts.listing(session, now=visit.now)
    wanted = text.strip().casefold()
    if wanted:
        rows = [row for row in rows if wanted in f"{row['username']} {row['name']} {' '.join(row['roles'])}".casefold()]
    errors = form.errors if form else {}
    return pages.render(
        visit,
        "administration/accounts.html",
        status=422 if errors else 200,
        rows=rows,
        text=text,
        errors=errors,
        said=_said(form, "username", "name", "email"),
    )


def _said(form: Form | None, *names: str) -> dict[str, str]:
    return {name: form.text(name) if form else "" for name in names}


@router.post("/accounts")
def add_account(visit: Admin, form: Submitted) -> Response:
    """A new account, without roles and password."""
    username = form.text("username", required=words("Hãy gõ tên đăng nhập."))
    name = form.text("name", required=words("Hãy gõ họ và tên."))
    email = form.text("email") or None

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        accounts.add(session, username=username, name=name, email=email, actor=actor)
        return {"message": f"Đã tạo tài khoản «{username}»."}

    if _attempt(visit, form, "account.add", username, change) is None:
        return _accounts(visit, form=form)
    return pages.done(f"/administration/accounts/{username}", form.once)


@router.get("/accounts/{username}")
def account(visit: Admin, username: str) -> Response:
    """One account: its state, its roles, what can be done."""
    return _account(visit, username)


def _account(
    visit: Visit, username: str, *, form: Form | None = None, link: tuple[str, datetime, Waiting | None] | None = None
) -> Response:
    with visit.reading() as session:
        rows = accounts.listing(session, now=visit.now)
        all_units = units.listing(session)
        waiting = [one for one in four_eyes.waiting(session, now=visit.now) if one.username == username]
    found = next((row for row in rows if row["username"] == username), None)
    if found is None:
        raise Refusal("unknown_account", f"Không có tài khoản «{username}».")
    errors = form.errors if form else {}
    return pages.render(
        visit,
        "administration/account.html",
        status=422 if errors else 200,
        account=found,
        held=[role.partition("@") for role in found["roles"]],
        roles=[(role.value, ROLE_NAMES[role]) for role in policy.PEOPLE],
        units=[("", "–"), *((unit["code"], unit["name"]) for unit in all_units if unit["to"] is None)],
        errors=errors,
        said=_said(form, "role", "unit", "document", "from"),
        today=access.local_date(visit.now).isoformat(),
        link=link,
        waiting=waiting,
        acts=four_eyes.ACTS,
        base=visit.installation.base_url,
    )


@router.post("/accounts/{username}/invite")
def invite(visit: Admin, username: str, form: Submitted) -> Response:
    """A one-time link by which the person chooses a password; shown once, and opens when another has confirmed it."""
    del form
    given: list[tuple[str, datetime, Waiting | None]] = []

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        given.append(links.invite(session, username, actor=actor, now=visit.now))
        return {}

    visit.act("account.invite", username, change)  # without the form's key: the link is kept nowhere
    return _account(visit, username, link=given[-1])


_SIMPLE: dict[str, tuple[str, Callable[..., object], bool]] = {
    "disable": ("Đã khóa tài khoản.", accounts.disable, True),
    "enable": ("Đã mở khóa tài khoản.", accounts.enable, True),
    "second-factor": ("Đã gỡ mã xác thực hai bước.", second_factor.reset, True),
}


@router.post("/accounts/{username}/do")
def simple(visit: Admin, username: str, form: Submitted) -> Response:
    """Lock, unlock, take the second factor away."""
    wanted = form.text("do")
    if wanted not in _SIMPLE:
        raise Refusal("unknown_act", "Không có việc này.")
    message, verb, timed = _SIMPLE[wanted]

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        asked = verb(session, username, actor=actor, **({"now": visit.now} if timed else {}))
        if isinstance(asked, Waiting):
            return {"message": f"Đã ghi yêu cầu; chờ xác nhận của {asked.who}."}
        return {"message": message}

    visit.act(f"account.{wanted}", username, change, once=form.once)
    return pages.done(f"/administration/accounts/{username}", form.once)


@router.post("/accounts/{username}/roles")
def grant(visit: Admin, username: str, form: SubmittedLong) -> Response:
    """A role from a day on, by a document; or the end of one."""
    role = form.text("role", required=words("Hãy chọn vai trò."))
    unit = form.text("unit") or None
    if form.text("do") == "end":
        day = _day(form, "on")
        if form.errors:
            return _account(visit, username, form=form)

        def end(session: Session, actor: Actor) -> dict[str, Any]:
            roles.end(session, username, role, unit=unit, on=day, actor=actor, now=visit.now)
            return {"message": "Vai trò đã được ghi ngày kết thúc."}

        if _attempt(visit, form, "role.end", username, end) is None:
            return _account(visit, username, form=form)
        return pages.done(f"/administration/accounts/{username}", form.once)
    document = form.text("document", required=words("Hãy ghi số văn bản làm căn cứ."))
    day = _day(form, "from")

    def give(session: Session, actor: Actor) -> dict[str, Any]:
        asked = roles.grant(
            session, username, role, unit=unit, document=document, valid_from=day, actor=actor, now=visit.now
        )
        if asked is not None:
            return {"message": f"Đã ghi yêu cầu; chờ xác nhận của {asked.who}."}
        return {"message": "Đã cấp vai trò."}

    if _attempt(visit, form, "role.grant", username, give) is None:
        return _account(visit, username, form=form)
    return pages.done(f"/administration/accounts/{username}", form.once)


# Units -----------------------------------------------------------------------------------------------------------


@router.get("/units")
def units_(visit: Admin) -> Response:
    """Every unit, those that have ended too."""
    return _units(visit)


def _units(visit: Visit, *, form: Form | None = None) -> Response:
    with visit.reading() as session:
        rows = units.listing(session)
    errors = form.errors if form else {}
    return pages.render(
        visit,
        "administration/units.html",
        status=422 if errors else 200,
        rows=rows,
        levels=[(level, LEVEL_NAMES[level]) for level in Level],
        level_names=LEVEL_NAMES,
        errors=errors,
        said=_said(form, "code", "name", "level", "email", "from"),
        today=access.local_date(visit.now).isoformat(),
    )


@router.post("/units")
def add_unit(visit: Admin, form: Submitted) -> Response:
    """Register a unit from a day on."""
    code = form.text("code", required=words("Hãy gõ mã đơn vị."))
    name = form.text("name", required=words("Hãy gõ tên đơn vị."))
    day = _day(form, "from")

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        units.add(
            session, code=code, name=name, level=form.text("level"), email=form.text("email") or None, valid_from=day,
            is_office=form.text("office") == "1", actor=actor,
        )  # fmt: skip
        return {"message": f"Đã khai báo đơn vị {name}."}

    if form.errors:
        return _units(visit, form=form)
    try:
        visit.act("unit.add", code, change, once=form.once)
    except (Refusal, Unreadable) as said:
        field = {"already_exists": "code"}.get(said.code) or _FIELD_OF.get(said.code)
        if field not in {"code", "level", "email"}:
            raise
        form.errors[field] = said.message
        return _units(visit, form=form)
    return pages.done("/administration/units", form.once)


@router.post("/units/{code}/end")
def end_unit(visit: Admin, code: str, form: Submitted) -> Response:
    """A unit ceases on a day; its successor takes over."""
    day = _day(form, "on")
    if form.errors:
        return _units(visit, form=form)

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        units.end(session, code, on=day, successor=form.text("successor") or None, actor=actor)
        return {"message": f"Đơn vị {code} kết thúc từ {day:%d/%m/%Y}."}

    visit.act("unit.end", code, change, once=form.once)
    return pages.done("/administration/units", form.once)


# Authorisations are the chairman's -------------------------------------------------------------------------------


@router.get("/authorisations")
def all_authorisations(visit: Chairman) -> Response:
    """The deputies' authorisations: document, scope and dates."""
    return _authorisations(visit)


def _authorisations(visit: Visit, *, form: Form | None = None) -> Response:
    with visit.reading() as session:
        rows = authorisations.listing(session)
        deputies = authorisations.deputies(session, on=access.local_date(visit.now))
    errors = form.errors if form else {}
    whole = form is None or form.text("scope") == "all"
    return pages.render(
        visit,
        "administration/authorisations.html",
        status=422 if errors else 200,
        rows=rows,
        errors=errors,
        said=_said(form, "deputy", "document", "from", "to"),
        deputies=[("", "–"), *((username, f"{name} ({username})") for username, name in deputies)],
        whole=whole,
        ticked=[] if form is None else form.texts("award"),
        awards=[
            (award, transition.award_name(award)) for award in sorted({a for p in catalogue.packs() for a in p.awards})
        ],
        award_name=transition.award_name,
        today=access.local_date(visit.now),
        asks_password=reauthentication.asks(visit),
    )


@router.post("/authorisations")
def authorise(visit: Chairman, form: SubmittedLong) -> Response:
    """Let a deputy sign, limited in time and content (NĐ 30/2020 Art. 13.3), after the password."""
    if pages.sent_before(visit, form):
        return pages.done("/administration/authorisations", form.once)
    deputy = form.text("deputy", required=words("Hãy chọn người được ủy quyền."))
    document = form.text("document", required=words("Hãy ghi số văn bản ủy quyền."))
    scope = "all" if form.text("scope") == "all" else ",".join(form.texts("award"))
    if not scope:
        form.errors["scope"] = words("Hãy đánh dấu các danh hiệu, hình thức được ủy quyền, hoặc chọn mọi hình thức.")
    first, last = _day(form, "from"), _day(form, "to")
    reauthentication.check(visit, form)

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        authorisations.authorise(
            session, deputy=deputy, document=document, scope=scope, valid_from=first, valid_to=last, actor=actor,
            now=visit.now,
        )  # fmt: skip
        return {"message": f"Đã ghi ủy quyền số {document} cho «{deputy}»."}

    if _attempt(visit, form, "authorisation.give", deputy, change) is None:
        return _authorisations(visit, form=form)
    return pages.done("/administration/authorisations", form.once)


@router.get("/authorisations/end")
def ending(visit: Chairman, document: str = "") -> Response:
    """Check answers: which authorisation ends, and whose."""
    return _ending(visit, document, {})


def _ending(visit: Visit, document: str, errors: dict[str, str]) -> Response:
    free_text.check("Số văn bản", document, 80)
    with visit.reading() as session:
        row = authorisations.running(session, document, now=visit.now)
    return pages.render(
        visit,
        "administration/authorisation_end.html",
        status=422 if errors else 200,
        row=row,
        errors=errors,
        asks_password=reauthentication.asks(visit),
    )


@router.post("/authorisations/end")
def end_authorisation(visit: Chairman, form: Submitted) -> Response:
    """End an authorisation at once, after the password."""
    if pages.sent_before(visit, form):
        return pages.done("/administration/authorisations", form.once)
    document = form.text("document")
    free_text.check("Số văn bản", document, 80)
    reauthentication.check(visit, form)
    if form.errors:
        return _ending(visit, document, form.errors)

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        authorisations.end(session, document, actor=actor, now=visit.now)
        return {"message": f"Ủy quyền số {document} đã kết thúc."}

    visit.act("authorisation.end", document, change, once=form.once)
    return pages.done("/administration/authorisations", form.once)


# The security log ------------------------------------------------------------------------------------------------


@router.get("/security")
def security(
    visit: Watcher,
    after: str = "",
    actor: str = "",
    outcome: str = "",
    verb: str = "",
    address: str = "",
    since: str = "",
    until: str = "",
) -> Response:
    """Sign-ins, sign-outs and refused attempts, newest first. Read-only: the table takes no change."""
    said = {"actor": actor, "outcome": outcome, "verb": verb, "address": address, "since": since, "until": until}
    said = {name: text.strip()[:80].replace("\x00", "") for name, text in said.items()}
    days, errors = {}, {}
    for name in ("since", "until"):
        try:
            days[name] = moment(said[name]).date() if said[name] else None
        except Unreadable:
            days[name], errors[name] = None, words("Ngày viết như 2024-12-20.")
    wanted = security_log.Wanted(
        actor=said["actor"], outcome=said["outcome"], verb=said["verb"], address=said["address"], **days
    )
    with visit.reading() as session:
        rows, key = security_log.page(session, wanted, after=after or None)
    more = urlencode({name: text for name, text in said.items() if text})
    return pages.render(
        visit,
        "administration/security.html",
        status=422 if errors else 200,
        rows=rows,
        key=key,
        verbs=REACHED,
        spoken=[("", "–"), *((name, language.says(visit.language)(text)) for name, text in REACHED.items())],
        reasons=REASONS,
        said=said,
        errors=errors,
        more=f"/administration/security?{more}" if more else "/administration/security",
    )
