"""The secretariat's dashboard: runs, letters, deadlines, the ledger, and figures on the honoured."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import RedirectResponse, Response

from operations import access, outbox, record, rounds, seal
from operations.public_disclosure import petitions
from operations.views import due, equity
from operations.views.equity import Part, Share
from rules.lifecycle import STAGE_NAMES
from rules.policy import Permission
from rules.refusal import Refusal
from web import charts, language, ledger_check, pages, prefect_runs
from web.forms import Submitted
from web.language import words
from web.visit import Permit, Visit

router = APIRouter()
Watching = Annotated[Visit, Depends(Permit(Permission.SEE_DASHBOARD))]
FLOWS = {stage.value: name for stage, name in STAGE_NAMES.items()} | {
    "review_round": words("Cả đợt xét"),
    "deliver_notifications": words("Gửi thư"),
    "escalate_deadlines": words("Nhắc hạn, đôn đốc"),
    "seal_ledger": words("Ký điểm kiểm sổ cái"),
}
_STALE = 2 * 3600  # seconds; a checkpoint is signed every half hour


@router.get("/dashboard")
def show(visit: Watching) -> Response:
    """The whole page."""
    wanted = visit.request.query_params.get("round", "")[:40]
    with visit.reading() as session:
        known = rounds.listing(session)
        try:
            shares = equity.of_round(session, wanted) if wanted else equity.overall(session)
        except Refusal:
            wanted, shares = "", equity.overall(session)
    say = language.says(visit.language)
    return pages.render(
        visit,
        "dashboard/dashboard.html",
        **_live(visit),
        rounds=known,
        wanted=wanted,
        shares=shares,
        chart=charts.bars(
            say(words("Tỷ lệ trong số được đề nghị và số được khen thưởng")), [_row(one, say) for one in shares]
        ),
    )


@router.get("/dashboard/live")
def live(visit: Watching) -> Response:
    """The part that changes while somebody looks, for polling."""
    return pages.render(visit, "dashboard/live.html", **_live(visit))


@router.post("/dashboard/verify")
def verify(visit: Annotated[Visit, Depends(Permit(Permission.SEE_LEDGER))], form: Submitted) -> Response:
    """Read the whole ledger again, beside everything else; the page says when it is done."""
    del form
    ledger_check.start(visit.installation, by=visit.actor.name)
    return RedirectResponse("/dashboard#ledger", status_code=303)


def _live(visit: Visit) -> dict[str, Any]:
    with visit.reading() as session:
        newest = seal.newest(session)
        size = record.size(session)
        context = {
            "letters": outbox.status(session),
            "failures": outbox.failures(session, limit=20),
            "deadlines": due.overview(session, now=visit.now),
            "escalations": due.escalations(session, limit=10),
            "petitions_today": petitions.received_on(session, access.local_date(datetime.now(UTC))),
        }
    age = (datetime.now(UTC) - newest.at).total_seconds() if newest else None  # the ledger's time is the wall clock's
    return context | {
        "runs": prefect_runs.look(visit.installation),
        "flows": FLOWS,
        "ledger": {
            "size": size,
            "sealed": newest.size if newest else 0,
            "at": newest.at if newest else None,
            "minutes": int(age // 60) if age is not None else None,
            "stale": size > (newest.size if newest else 0) and (age is None or age > _STALE),
            "running": ledger_check.running(visit.installation),
            "last": ledger_check.last(visit.installation),
        },
        "may_verify": visit.may(Permission.SEE_LEDGER),
        "petitions_many": petitions.MANY_A_DAY,
        "petitions_most": petitions.MOST_A_DAY,
    }


def _row(share: Share, say: Any) -> charts.Row:
    return charts.Row(say(share.name), (_bar(share.nominees, say), _bar(share.awards, say)))


def _bar(part: Part, say: Any) -> tuple[int, int, str]:
    """Parts of the whole: those of whom it is not known are a part of their own, said beside the share of the others."""
    count, unknown = part.count or 0, part.unknown or 0
    total = max(part.total, 1)
    said = [] if part.permille is None else [f"{part.permille // 10},{part.permille % 10} %"]
    if unknown or not said:
        said.append(f"{say(words('chưa rõ'))} {unknown}" if unknown else say(words("chưa rõ")))
    return count * 1000 // total, unknown * 1000 // total, "; ".join(said)
