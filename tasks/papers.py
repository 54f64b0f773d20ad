"""Task of chairman_signature and public_disclosure: official papers as PDF, kept by their hash."""

from prefect import task

from documents import papers
from operations import files
from operations.chairman_signature import paper_facts
from operations.public_disclosure import disclosure
from tasks.runtime import AGAIN, installation, log


@task(name="render", task_run_name="render", **AGAIN)
def render() -> list[str]:
    """Render the paper of every signed decision and submission letter that has none yet; returns their codes."""
    office = installation()
    with office.database.read() as session:
        codes = paper_facts.unrendered(session)
    for code in codes:
        with office.database.read() as session:
            if code.startswith("TTr-"):
                letter = disclosure.submission_letter_by_code(session, code)
                paper: papers.Paper = papers.SubmissionLetterPaper.model_validate(
                    paper_facts.of_letter(session, letter)
                )
            else:
                decision = disclosure.decision_by_code(session, code)
                paper = papers.DecisionPaper.model_validate(paper_facts.of_decision(session, decision))
        content = papers.render(paper)
        sha256 = files.keep(office.folder, content)
        with office.database.begin() as session:
            files.note(session, files.row(sha256, size=len(content), media_type="application/pdf", name=f"{code}.pdf"))
            disclosure.attach_paper(session, code, sha256)
        log.info("rendered", paper=code, bytes=len(content))
    return codes
