"""Which flows are deployed, under which name, on which schedule. `prefect.yaml` says the same for workers elsewhere."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prefect import Flow

TIMEZONE = "Asia/Ho_Chi_Minh"


@dataclass(frozen=True, slots=True)
class Deployed:
    """A flow of `flows/`; `name` is the stage's word, or the flow's own."""

    name: str
    rrule: str | None = None


DEPLOYED = (
    Deployed("unit_proposal"),
    Deployed("home_affairs_review"),
    Deployed("council_vote"),
    Deployed("chairman_signature"),
    Deployed("public_disclosure"),
    Deployed("deliver_notifications"),
    Deployed("escalate_deadlines", rrule="FREQ=DAILY;BYHOUR=7,13;BYMINUTE=0;BYSECOND=0"),
    Deployed("seal_ledger", rrule="FREQ=HOURLY;BYMINUTE=0,30;BYSECOND=0"),
)


def flow(name: str) -> "Flow[..., object]":
    """The flow object, imported when asked for."""
    from importlib import import_module

    found: Flow[..., object] = getattr(import_module(f"flows.{name}"), name)
    return found
