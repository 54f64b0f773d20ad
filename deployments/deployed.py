"""The deployments of `prefect.yaml` (the only list of flows, their names and schedules), read for the resident runner."""

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from prefect import Flow

LIST = Path(__file__).with_name("prefect.yaml")
ROUND = "review_round"
LETTERS = "deliver_notifications"


@dataclass(frozen=True, slots=True)
class Deployed:
    """A flow of `flows/` under the name of its file: the stage's word, or the flow's own."""

    name: str
    entrypoint: str
    rrule: str | None = None
    timezone: str | None = None


@cache
def listed() -> tuple[Deployed, ...]:
    """Every deployment of `prefect.yaml`, in its order."""
    rows = yaml.safe_load(LIST.read_text(encoding="utf-8"))["deployments"]
    found = []
    for row in rows:
        (schedule,) = row.get("schedules") or [{}]
        found.append(Deployed(row["name"], row["entrypoint"], schedule.get("rrule"), schedule.get("timezone")))
    return tuple(found)


def flow(name: str) -> "Flow[..., object]":
    """The flow object, imported when asked for."""
    entrypoint = next(one.entrypoint for one in listed() if one.name == name)
    path, _, attribute = entrypoint.partition(":")
    found: Flow[..., object] = getattr(import_module(path.removesuffix(".py").replace("/", ".")), attribute)
    return found
