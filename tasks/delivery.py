"""The outbox's letters to the mail server, recorded after it said 250: the task, and what `drain` does without an engine."""

import asyncio
import json
import time
from collections.abc import Iterator

from prefect import task

from notifications import letters, message, smtp
from operations import outbox, rounds
from operations.installation import Installation
from operations.outbox import Claimed
from rules.refusal import Refusal
from tasks.runtime import AGAIN, installation, minutes

BATCH = 500  # far less than a lease's time even for a slow server
SETTLE_EVERY = 100  # letters whose answers are written down together
LONGEST_RUN = 600.0  # seconds after which a run takes no further batch: the next run sends the rest
_WORDS = {"accepted": "thư máy chủ đã nhận", "retry": "thư gửi lại sau", "failed": "thư hỏng"}


@task(name="Gửi thư", task_run_name="Gửi thư", **AGAIN)
def deliver_letters() -> str:
    """Send every letter that is due; returns how many the server took, how many go again, how many it never will."""
    sent = send_due(installation(), seconds=LONGEST_RUN)
    said = [f"{count} {_WORDS[what]}" for what, count in sent.items() if count]
    if said:
        minutes.info("Đã gửi: %s.", ", ".join(said))
    return ", ".join(said) or "Không có thư đến hạn"


def send_due(office: Installation, *, seconds: float = float("inf")) -> dict[str, int]:
    """Send every letter that is due, batch by batch, over a few kept connections: {"accepted", "retry", "failed"}.

    Raises Unreadable `bad_smtp_url`, Refusal `no_mail_server`.
    """
    url = office.settings.get("SMTP_URL")
    if not url:
        raise Refusal("no_mail_server", "Chưa đặt VINHDANH_SMTP_URL nên thư còn nằm chờ trong hàng.")
    settings = smtp.SmtpSettings.from_url(url)
    return asyncio.run(_send_all(office, settings, ends=time.monotonic() + seconds))


async def _send_all(office: Installation, settings: smtp.SmtpSettings, *, ends: float) -> dict[str, int]:
    totals = {"accepted": 0, "retry": 0, "failed": 0}
    head = _letterhead(office)
    async with smtp.Courier(settings) as courier:
        while time.monotonic() < ends:
            with office.database.begin_unrecorded() as session:
                claimed = outbox.claim(session, kind="letter", limit=BATCH)
            if not claimed:
                break
            await _send(office, courier, claimed, head, totals)
    return totals


async def _send(
    office: Installation,
    courier: smtp.Courier,
    claimed: list[Claimed],
    head: letters.Letterhead,
    totals: dict[str, int],
) -> None:
    attempts = {letter.key: letter.attempts for letter in claimed}
    answers: list[dict[str, object]] = []

    def write_down() -> None:
        # After this commit a crash sends none of these again; before it, all of them with the same Message-ID.
        with office.database.begin_unrecorded() as session:
            outbox.settle(session, answers)
        answers.clear()

    def note(outcome: smtp.Outcome) -> None:
        answers.append(_settled(outcome, attempts[outcome.key], totals))
        if len(answers) >= SETTLE_EVERY:
            write_down()

    unsendable: list[dict[str, object]] = []
    await courier.deliver(_composed(office, claimed, head, unsendable), note)
    totals["failed"] += len(unsendable)
    answers += unsendable
    if answers:
        write_down()


def _settled(outcome: smtp.Outcome, attempt: int, totals: dict[str, int]) -> dict[str, object]:
    reply = f"{outcome.code or ''} {outcome.reply}".strip()
    if outcome.status == "retry":
        pause = smtp.back_off(attempt)
        if pause is not None:
            totals["retry"] += 1
            return {"key": outcome.key, "state": "queued", "reply": reply, "due_at": outbox.later(pause)}
        outcome = smtp.Outcome(outcome.key, "failed", outcome.code, outcome.reply)
    totals[outcome.status] += 1
    return {"key": outcome.key, "state": outcome.status, "reply": reply}


def _composed(
    office: Installation, claimed: list[Claimed], head: letters.Letterhead, unsendable: list[dict[str, object]]
) -> Iterator[smtp.Letter]:
    sender = office.mail_from
    domain = message.address_of(sender).rpartition("@")[2]
    for letter in claimed:
        try:
            rendered = letters.render(letter.topic, json.loads(letter.context), letterhead=head)
            data = message.compose(
                key=letter.key,
                sender=sender,
                recipient=letter.recipient,
                rendered=rendered,
                at=letter.queued_at,
                domain=domain,
            )
        except (letters.BadContext, message.UnsafeLetter) as error:
            unsendable.append({"key": letter.key, "state": "failed", "reply": f"not sent: {error}"})
            continue
        yield smtp.Letter(key=letter.key, recipient=letter.recipient, sender=message.address_of(sender), data=data)


def _letterhead(office: Installation) -> letters.Letterhead:
    with office.database.read() as session:
        try:
            name = rounds.issuing_authority(session).name
        except Refusal:
            name = "Hội đồng Thi đua - Khen thưởng"
    return letters.Letterhead(authority=name, office="Phòng Nội vụ", base_url=office.base_url)
