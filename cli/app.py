"""The commands. Each parses, calls one operation, says the answer; grouped as the contract groups them."""

import typer

from cli import council, decisions, engine, law, ledger, nominations, rounds

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Vinh Danh — xét thi đua, khen thưởng: từ đề nghị của đơn vị đến quyết định được công khai.\n\n"
    "Dùng được ở mọi lệnh: --json, --data THƯ_MỤC, --now THỜI_ĐIỂM, --as TÀI_KHOẢN.",
)
engine.register(app)
app.add_typer(rounds.app, name="round")
app.add_typer(nominations.app, name="nominations")
app.add_typer(law.rules_app, name="rules")
app.add_typer(law.deadline_app, name="deadline")
app.add_typer(law.cash_app, name="cash")
app.add_typer(council.app, name="council")
app.add_typer(council.ballot_app, name="ballot")
app.add_typer(decisions.app, name="decisions")
app.add_typer(ledger.app, name="ledger")
app.add_typer(engine.notifications_app, name="notifications")
app.add_typer(engine.deadlines_app, name="deadlines")
