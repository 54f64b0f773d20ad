"""Task of public_disclosure: the papers of what was signed as PDF, kept by their hash."""

from prefect import task

from documents import papers
from models.database import Session
from operations import files
from operations.chairman_signature import paper_facts
from operations.public_disclosure import disclosure, paper_numbers
from tasks.progress import Gauge
from tasks.runtime import AGAIN, installation, minutes


@task(name="Kết xuất văn bản", task_run_name="Kết xuất văn bản {round_code}", **AGAIN)
def render_papers(round_code: str) -> list[str]:
    """Render the paper of every signed decision and submission letter of the round that has none; returns their codes."""
    office = installation()
    with office.database.read() as session:
        codes = paper_facts.unrendered(session, round_code)
    gauge = Gauge(len(codes), step=10, what=f"Kết xuất văn bản {round_code}")
    for code in codes:
        with office.database.read() as session:
            paper = _paper(session, code)
        content = papers.render(paper)
        sha256 = files.keep(office.folder, content)
        with office.database.begin() as session:
            files.note(session, files.row(sha256, size=len(content), media_type="application/pdf", name=f"{code}.pdf"))
            disclosure.attach_paper(session, code, sha256)
        minutes.info("Đã kết xuất văn bản %s.", code)
        gauge.add(1)
    gauge.end()
    return codes


def _paper(session: Session, code: str) -> papers.Paper:
    if paper_numbers.is_letter(code):
        letter = paper_numbers.submission_letter(session, code)
        return papers.SubmissionLetterPaper.model_validate(paper_facts.of_letter(session, letter))
    decision = paper_numbers.decision(session, code)
    return papers.DecisionPaper.model_validate(paper_facts.of_decision(session, decision))
