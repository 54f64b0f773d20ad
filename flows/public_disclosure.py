"""Stage 5: the papers of what was signed. Publishing is an act of Phòng Nội vụ.

Reconciles: does what is due now, is safe to run any number of times, and ends with what is waited for.
"""

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from tasks import audit, papers, progress


@flow(name="public-disclosure", flow_run_name="public-disclosure {round_code}")
def public_disclosure(round_code: str) -> State:
    """Stage 5: the papers of what was signed. Publishing is an act of Phòng Nội vụ."""
    papers.render()
    audit.record_audit()
    return Completed(name=progress.show(round_code, "public_disclosure"))
