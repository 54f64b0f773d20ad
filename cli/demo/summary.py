"""The demo's summary: the answer of docs/contract.md §3, and the table that a person reads."""

import resource
from base64 import b64encode
from collections import Counter
from typing import Any

from cli.demo.people import Office, peak_rss_mb
from cli.demo.waiting import Engine
from cli.door import progress
from operations import outbox, transition
from operations.upkeep import verification
from operations.views import nominations
from operations.views import progress as done
from rules import lifecycle


def of(office: Office, engine: Engine) -> dict[str, Any]:
    """Figures of the finished round from the database, Prefect and this process."""
    letters = office.look(outbox.status)
    signer = office.installation.signer
    verdict = office.look(lambda session: verification.verify(session, vkey=signer.vkey))
    rows = office.look(nominations.listing)
    kinds: dict[str, Counter[str]] = {}
    for row in rows:
        kinds.setdefault(row["award"], Counter())[row["nominee"]["kind"]] += 1
    return {
        "nominations": {
            "total": len(rows),
            "by_award": dict(Counter(row["award"] for row in rows)),
            "by_award_and_kind": {award: dict(count) for award, count in kinds.items()},
            "by_state": dict(Counter(row["state"] for row in rows)),
        },
        "acts": office.look(done.acts),
        "letters": letters,
        "flow_runs": {name: engine.count_runs(name.upper()) for name in ("completed", "failed", "crashed")},
        "ledger": {
            "size": verdict.size,
            "root": b64encode(verdict.root).decode(),
            "verified": not verdict.violations,
        },
    }


def peak_mb() -> int:
    """The most memory that this process or one of its children held."""
    return max(peak_rss_mb(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)


def show(answer: dict[str, Any]) -> None:
    """The summary a person reads, on stderr."""
    progress("")
    progress(f"{'Danh hiệu, hình thức':<58}{'Số hồ sơ':>10}")
    for award, count in answer["nominations"]["by_award"].items():
        progress(f"{transition.award_name(award):<58}{count:>10}")
    progress("")
    for state, count in answer["nominations"]["by_state"].items():
        progress(f"{lifecycle.STATE_NAMES[lifecycle.State(state)]:<58}{count:>10}")
    progress("")
    letters, ledger = answer["letters"], answer["ledger"]
    progress(f"Thư: {letters['accepted']}/{letters['queued']} được máy chủ nhận. "
             f"Sổ cái: {ledger['size']} bản ghi, {'khớp' if ledger['verified'] else 'KHÔNG KHỚP'}. "
             f"Luồng Prefect: {answer['flow_runs']['completed']} hoàn thành. "
             f"{answer['seconds']['total']} giây, {answer['peak_rss_mb']} MB. Dữ liệu: {answer['data']}")  # fmt: skip
