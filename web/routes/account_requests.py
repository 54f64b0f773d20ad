"""Four eyes: what an administrator asks for with the account of somebody who decides, confirmed or declined by another."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from models.database import Session
from operations.access import Actor
from operations.people import account_requests, four_eyes
from rules.policy import Permission
from rules.refusal import Refusal
from web import pages, reauthentication
from web.forms import Form, Submitted
from web.language import words
from web.visit import Permit, Visit

router = APIRouter(prefix="/administration/requests")
Other = Annotated[Visit, Depends(Permit(Permission.CONFIRM_ACCOUNT))]

# The abilities that this request would give.
LETS = {
    "role": words(
        "Chủ tài khoản sẽ được thẩm định, biểu quyết, kiểm phiếu, ký hoặc xác nhận theo vai trò này. Mật khẩu và cách đăng nhập do "
        "quản trị hệ thống cấp một mình trước đây sẽ hết hiệu lực; đường dẫn mới cần được xác nhận riêng."
    ),
    "link": words(
        "Ai giữ đường dẫn sẽ đặt được mật khẩu mới và đăng nhập thay chủ tài khoản. Mọi phiên đang mở của tài khoản kết thúc."
    ),
    "second_factor": words(
        "Tài khoản chỉ cần mật khẩu để đăng nhập, không cần mã trên điện thoại nữa. Mọi phiên đang mở của tài khoản kết thúc."
    ),
    "identity": words("Ai có danh tính dưới đây sẽ đăng nhập được vào tài khoản mà không cần mật khẩu của nó."),
}
_DOES = {
    "confirm": (account_requests.confirm, "Đã xác nhận"),
    "decline": (account_requests.decline, "Đã từ chối"),
}


@router.get("/{number}")
def show(visit: Other, number: str) -> Response:
    """Check answers: who asks, for whom, and what it would let them do."""
    return _page(visit, number, None)


def _page(visit: Visit, number: str, form: Form | None) -> Response:
    errors = form.errors if form else {}
    with visit.reading() as session:
        row, account = four_eyes.to_settle(session, _number(number), actor=visit.actor, now=visit.now)
        asked = four_eyes.shown(session, row, account, now=visit.now)
    return pages.render(
        visit,
        "account_requests/request.html",
        status=422 if errors else 200,
        asked=asked,
        acts=four_eyes.ACTS,
        lets=LETS[asked.act],
        errors=errors,
        asks_password=reauthentication.asks(visit),
    )


def _number(said: str) -> int:
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 10 else 0


@router.post("/{number}")
def settle(visit: Other, number: str, form: Submitted) -> Response:
    """Confirm it or decline it, after the password."""
    if pages.sent_before(visit, form):
        return pages.done("/inbox", form.once)
    wanted = form.text("do")
    if wanted not in _DOES:
        raise Refusal("unknown_act", "Không có việc này.")
    verb, did = _DOES[wanted]
    reauthentication.check(visit, form)
    if form.errors:
        return _page(visit, number, form)

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        asked = verb(session, _number(number), actor=actor, now=visit.now)
        return {"message": f"{did}: {asked.what}, tài khoản {asked.username}."}

    visit.act(f"account.{wanted}", number, change, once=form.once)
    return pages.done("/inbox", form.once)
