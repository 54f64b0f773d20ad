"""The commands by name. A group's module is imported when one of its commands is called (docs/decisions/0003)."""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

# The name that is typed: where it lives, and what `vinhdanh --help` says of it.
_COMMANDS = {
    "init": ("cli.system", "Tạo thư mục dữ liệu, cơ sở dữ liệu, khóa sổ cái"),
    "up": ("cli.system", "Chạy hệ thống: Prefect, bộ chạy luồng, gửi thư và trang web"),
    "demo": ("cli.system", "Một đợt xét trọn vẹn, cỡ thật"),
    "simulate": ("cli.system", "Một đợt xét qua các thao tác thật, và chi phí của nó"),
    "doctor": ("cli.system", "Kiểm tra hệ thống"),
    "backup": ("cli.system", "Sao lưu vào một tệp"),
    "restore": ("cli.system", "Khôi phục vào một thư mục trống"),
}
_GROUPS = {
    "round": ("cli.rounds:app", "Đợt xét khen thưởng"),
    "nominations": ("cli.nominations:app", "Hồ sơ đề nghị khen thưởng"),
    "rules": ("cli.law:rules_app", "Quy định pháp luật theo thời gian"),
    "deadline": ("cli.law:deadline_app", "Tính thời hạn"),
    "cash": ("cli.law:cash_app", "Tính tiền thưởng"),
    "council": ("cli.council:app", "Phiên họp Hội đồng"),
    "ballot": ("cli.ballot:app", "Bỏ phiếu kín"),
    "decisions": ("cli.decisions:app", "Quyết định, tờ trình, công khai, thu hồi"),
    "ledger": ("cli.ledger:app", "Sổ cái chống sửa đổi"),
    "notifications": ("cli.system:notifications_app", "Thư gửi đi"),
    "deadlines": ("cli.system:deadlines_app", "Nhắc hạn, đôn đốc"),
    "unit": ("cli.administration:unit_app", "Đơn vị"),
    "account": ("cli.administration:account_app", "Tài khoản, đường dẫn đặt mật khẩu"),
    "role": ("cli.administration:role_app", "Vai trò theo văn bản"),
    "authorise": ("cli.administration:authorise_app", "Ủy quyền ký, có thời hạn và phạm vi"),
    "token": ("cli.administration:token_app", "Mã truy cập cho chương trình"),
}


class Commands(TyperGroup):
    """Knows every command's name and sentence, and imports the module of the one that is called."""

    def list_commands(self, ctx: Any) -> list[str]:
        del ctx
        return [*_COMMANDS, *_GROUPS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in _COMMANDS:
            return _group(_COMMANDS[cmd_name][0], "app").get_command(ctx, cmd_name)
        if cmd_name in _GROUPS:
            return _group(*_GROUPS[cmd_name][0].split(":"))
        return None

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        del ctx
        with formatter.section("Các lệnh"):
            formatter.write_dl([(name, says) for name, (_, says) in (_COMMANDS | _GROUPS).items()])


def _group(module: str, name: str) -> TyperGroup:
    found: typer.Typer = getattr(import_module(module), name)
    found.rich_markup_mode = None  # plain help: nothing more to import
    return get_group(found)


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Vinh Danh — xét thi đua, khen thưởng: từ đề nghị của đơn vị đến quyết định được công khai.\n\n"
    "Dùng được ở mọi lệnh: --json, --data THƯ_MỤC, --now THỜI_ĐIỂM, --as TÀI_KHOẢN.",
)


@app.callback()
def _root() -> None:
    pass
