"""Flow runs as Prefect's HTTP API tells them: by stage and round, and the last ones. Prefect away is an answer too.

The web never imports Prefect: history of runs is looked at, nothing is decided by it.
"""

import base64
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

from operations.installation import Installation
from rules.lifecycle import STAGES

NAMES = ("completed", "failed", "running", "late", "other")
_KINDS = {
    "COMPLETED": "completed",
    "FAILED": "failed",
    "CRASHED": "failed",
    "RUNNING": "running",
    "PENDING": "running",
    "CANCELLING": "running",
}
# Prefect's own words for a state; what our flows end with is Vietnamese already.
_WORDS = {
    "Completed": "Xong",
    "Failed": "Lỗi",
    "Crashed": "Bị ngắt giữa chừng",
    "TimedOut": "Quá thời gian cho phép",
    "Running": "Đang chạy",
    "Pending": "Sắp chạy",
    "Scheduled": "Đã lên lịch",
    "Late": "Chậm giờ chạy",
    "AwaitingRetry": "Chờ chạy lại",
    "Retrying": "Đang chạy lại",
    "Cancelling": "Đang hủy",
    "Cancelled": "Đã hủy",
}
_PLACE = {stage.value: place for place, stage in enumerate(STAGES)}
_PATIENCE = 2.0  # seconds for the whole page's questions each
_HOLDS = 4.0  # seconds that an answer is shown to others who ask
_LAST = 200  # runs that are looked at (the API's own limit)
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Run:
    """One run: the flow or stage, its round if it has one, what its final state says, and its page.

    `behind`: it went well, and says that its stage is late.
    """

    flow: str
    round: str | None
    kind: str
    state: str
    behind: bool
    at: datetime | None
    seconds: float | None
    page: str


@dataclass(frozen=True, slots=True)
class Runs:
    """Prefect's present answer. `reachable` False: nothing is known, for the reason `why`."""

    reachable: bool
    page: str = ""
    why: str = ""
    counts: tuple[tuple[str, str | None, dict[str, int], Run], ...] = ()  # flow, round, number of runs, latest run
    last: tuple[Run, ...] = ()
    failed: tuple[Run, ...] = ()
    looked_at: int = 0
    totals: dict[str, int] = field(default_factory=dict)


def address(office: Installation) -> tuple[str, str | None] | None:
    """(API address, credentials): what `vinhdanh up` hands its web, else the settings, else the folder's own server."""
    said = os.environ.get("PREFECT_API_URL") or office.settings.get("PREFECT_API_URL")
    auth = os.environ.get("PREFECT_API_AUTH_STRING")
    if said:
        return said.rstrip("/"), auth
    try:
        port = int((office.folder / "run" / "prefect.port").read_text())
        own = (office.folder / "run" / "prefect.auth").read_text().strip()
    except (OSError, ValueError):
        return None
    return f"http://127.0.0.1:{port}/api", own


_known: dict[str, tuple[float, Runs]] = {}
_asking = threading.Lock()


def look(office: Installation) -> Runs:
    """The runs as of some four seconds ago: one question at a time, and nobody waits where something is known."""
    key = str(office.folder)
    found = _fresh(key)
    if found is not None:
        return found
    known = _known.get(key)
    if not _asking.acquire(blocking=known is None):
        return known[1] if known else Runs(False, why="no_answer")
    try:
        found = _fresh(key)
        if found is None:
            found = _ask(office)
            _known[key] = (time.monotonic(), found)
        return found
    finally:
        _asking.release()


def _fresh(key: str) -> Runs | None:
    at, found = _known.get(key, (0.0, None))
    return found if found is not None and time.monotonic() - at < _HOLDS else None


def _ask(office: Installation) -> Runs:
    where = address(office)
    if where is None:
        return Runs(False, why="not_started")
    url, auth = where
    page = url.removesuffix("/api")
    headers = {"Authorization": f"Basic {base64.b64encode(auth.encode()).decode()}"} if auth else {}
    try:
        with httpx.Client(headers=headers, timeout=_PATIENCE, trust_env=False) as client:

            def post(path: str, body: dict[str, Any]) -> Any:
                answer = client.post(f"{url}/{path}", json=body)
                answer.raise_for_status()
                return answer.json()

            return _read(post, page)
    except httpx.HTTPStatusError as error:
        why = "not_allowed" if error.response.status_code in {401, 403} else "no_answer"
        return Runs(False, page, why=why)
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return Runs(False, page, why="no_answer")


def _read(post: Callable[[str, dict[str, Any]], Any], page: str) -> Runs:
    flows = {one["id"]: one["name"] for one in post("deployments/filter", {"limit": 200})}

    def runs(**state: Any) -> list[Run]:
        said = post(
            "flow_runs/filter",
            {"sort": "EXPECTED_START_TIME_DESC", "limit": _LAST, "flow_runs": {"state": state}},
        )
        return [_run(one, flows, page) for one in said]

    # Runs planned for later (a schedule's next hundred) are left out.
    seen = runs(name={"not_any_": ["Scheduled"]})
    failed = runs(type={"any_": ["FAILED", "CRASHED"]})
    groups: dict[tuple[str, str | None], list[Run]] = {}
    for one in seen:
        groups.setdefault((one.flow, one.round), []).append(one)
    totals = dict.fromkeys(NAMES, 0)
    for one in seen:
        totals[one.kind] += 1
    return Runs(
        True,
        page,
        counts=tuple(
            (flow, round_, {name: sum(one.kind == name for one in group) for name in NAMES}, group[0])
            for (flow, round_), group in sorted(groups.items(), key=_in_reading_order)
        ),
        last=tuple(seen[:_SHOWN]),
        failed=tuple(failed[:_SHOWN]),
        looked_at=len(seen),
        totals=totals,
    )


def _in_reading_order(group: tuple[tuple[str, str | None], list[Run]]) -> tuple[bool, str, int]:
    """Round by round: the whole one, then its stages in their legal order; what is no round's comes last."""
    (flow, round_), _ = group
    return round_ is None, round_ or flow, _PLACE.get(flow, -1)


def _run(said: dict[str, Any], flows: dict[str, str], page: str) -> Run:
    state = said["state_name"] or said["state_type"] or "?"
    at = said["start_time"] or said["expected_start_time"]
    stage = next((tag for tag in said.get("tags") or () if tag in _PLACE), None)  # of a round's run, below it
    return Run(
        flow=flows.get(said["deployment_id"] or "") or stage or said["name"],
        round=(said.get("parameters") or {}).get("round_code"),
        kind="late" if state == "Late" else _KINDS.get(said["state_type"] or "", "other"),
        state=_WORDS.get(state, state),
        behind=state.startswith("Trễ "),
        at=datetime.fromisoformat(at) if at else None,
        seconds=said.get("total_run_time"),
        page=f"{page}/runs/flow-run/{said['id']}",
    )
