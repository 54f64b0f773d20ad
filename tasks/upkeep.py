"""Tasks between the rounds: call every round's run, sign the ledger's checkpoint, drop what nobody asks for any more."""

from datetime import UTC, datetime

from prefect import task

from operations import access, files, idempotency, rounds
from operations.access import ENGINE
from operations.council_vote import waiting_shares
from operations.unit_proposal import uploads
from tasks.runtime import AGAIN, installation, minutes, now


@task(name="Gọi các đợt xét", task_run_name="Gọi các đợt xét", **AGAIN)
def call_rounds() -> list[str]:
    """Ask for a run of every round in which time still asks for something; the dispatcher starts them. Returns codes."""
    with installation().database.begin() as session:
        codes = rounds.at_work(session)
        for code in codes:
            rounds.call_run(session, code, actor=ENGINE)
    minutes.info("Đã gọi lượt xử lý của %d đợt xét: %s.", len(codes), ", ".join(codes) or "–")
    return codes


@task(name="Ký điểm kiểm sổ cái", task_run_name="Ký điểm kiểm sổ cái", **AGAIN)
def sign_checkpoint() -> int:
    """Sign the ledger as it stands: a checkpoint over everything that was committed; returns its size."""
    size = installation().keeper.now().size
    minutes.info("Đã ký điểm kiểm sổ cái: %d bản ghi.", size)
    return size


@task(name="Dọn dẹp", task_run_name="Dọn dẹp", **AGAIN)
def tidy() -> dict[str, int]:
    """{"answers", "uploads", "files", "keys"}: answers and previews after 30 days, contents after a week, spent keys."""
    office = installation()
    with office.database.begin_unrecorded() as session:
        answers = idempotency.forget(session, now=now())
        previews = uploads.forget(session, now=now())
        files.forget_counts(session, today=access.local_date(datetime.now(UTC)))
    with office.database.read() as session:
        gone = files.sweep(session, office.folder)
        keys = waiting_shares.sweep(session, office.folder)
    if answers or previews or gone:
        minutes.info("Đã dọn %d biên nhận cũ, %d bản xem trước, %d tệp không còn dùng.", answers, previews, gone)
    return {"answers": answers, "uploads": previews, "files": gone, "keys": keys}
