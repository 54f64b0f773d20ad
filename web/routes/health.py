"""For machines on this machine: does the process answer, does the database, and the figures of the day."""

import ipaddress
from collections.abc import Iterator

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.exceptions import HTTPException

from operations import outbox, record, seal
from operations.views import progress
from rules.lifecycle import Stage
from web import prefect_runs
from web.visit import LOOPBACK, Permit, installation

router = APIRouter()


@router.get("/healthz", dependencies=[Depends(Permit(None))])
def healthz() -> dict[str, bool]:
    """The process answers."""
    return {"ok": True}


@router.get("/readyz", dependencies=[Depends(Permit(None))])
def readyz() -> JSONResponse:
    """The database answers: 200, else 503."""
    ready = installation().ready()
    return JSONResponse({"ready": ready, "database": ready}, status_code=200 if ready else 503)


@router.get("/metrics", dependencies=[Depends(Permit(None))])
def metrics(request: Request) -> Response:
    """Figures for Prometheus, for this machine only; 404 for everybody else, a proxy's visitors included."""
    if not _is_here(request):
        raise HTTPException(404)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures())
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def _is_here(request: Request) -> bool:
    if request.url.hostname not in LOOPBACK:  # by a name of ours from outside, through whatever stands before us
        return False
    if request.client is None or any(name in request.headers for name in ("x-forwarded-for", "forwarded", "x-real-ip")):
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


class _Figures(Collector):
    """Counts by stage, never by state within the vote: no figure here tells how a ballot goes."""

    def collect(self) -> Iterator[Metric]:
        office = installation()
        with office.database.read() as session:
            stages = progress.by_stage(session)
            letters = outbox.status(session)
            size = record.size(session)
            newest = seal.newest(session)
        yield _gauge(
            "nominations", "Nominations by stage.", "stage", {one.value: stages.get(one.value, 0) for one in Stage}
        )
        yield _gauge("letters", "Letters of the outbox; queued is all there ever were.", "state", letters)
        yield GaugeMetricFamily("vinhdanh_ledger_entries", "Entries of the ledger.", value=size)
        yield GaugeMetricFamily(
            "vinhdanh_ledger_sealed_entries", "Entries under the newest checkpoint.", value=newest.size if newest else 0
        )
        if newest is not None:
            yield GaugeMetricFamily(
                "vinhdanh_ledger_checkpoint_seconds",
                "When the newest checkpoint was signed.",
                value=newest.at.timestamp(),
            )
        runs = prefect_runs.look(office)
        yield GaugeMetricFamily("vinhdanh_prefect_up", "Whether Prefect answers.", value=int(runs.reachable))
        if runs.reachable:
            yield _gauge("flow_runs", "The last flow runs by state.", "state", runs.totals)


def _gauge(name: str, says: str, label: str, values: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(f"vinhdanh_{name}", says, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
