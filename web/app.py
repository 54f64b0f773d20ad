"""The public face: the register of decisions and the office's health. More pages come with the office's own work."""

import os
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Response
from fastapi.responses import HTMLResponse, JSONResponse

from operations import disclosure
from operations.installation import Installation
from rules.refusal import Refusal

app = FastAPI(title="Vinh Danh", docs_url=None, redoc_url=None, openapi_url=None)


@cache
def installation() -> Installation:
    return Installation.at(Path(os.environ.get("VINHDANH_DATA") or "./data"))


@app.get("/healthz")
def healthz() -> dict[str, bool]:
    """The process answers."""
    return {"ok": True}


@app.get("/readyz")
def readyz() -> JSONResponse:
    """The database answers: 200, else 503."""
    ready = installation().ready()
    return JSONResponse({"ready": ready, "database": ready}, status_code=200 if ready else 503)


@app.get("/register.json")
def register() -> list[dict[str, Any]]:
    """Decisions that were disclosed, with the fields that may be public."""
    with installation().database.read() as session:
        return disclosure.register(session)


@app.get("/")
def home() -> HTMLResponse:
    with installation().database.read() as session:
        rows = disclosure.register(session)
    lines = "".join(
        f'<tr><td><a href="/decisions/{escape(row["code"])}">{escape(row["number"])}</a></td>'
        f"<td>{escape(row['signed_on'])}</td><td>{escape(row['title'])}</td><td>{row['nominations']}</td></tr>"
        for row in rows
    )
    body = lines or '<tr><td colspan="4">Chưa có quyết định nào được công khai.</td></tr>'
    return HTMLResponse(_page("Quyết định khen thưởng", f"<table><thead><tr><th>Số</th><th>Ngày ký</th><th>Trích yếu</th>"
                              f"<th>Số trường hợp</th></tr></thead><tbody>{body}</tbody></table>"))  # fmt: skip


@app.get("/decisions/{number}")
def decision(number: str) -> Response:
    """One disclosed decision and who it honours."""
    try:
        with installation().database.read() as session:
            row = disclosure.disclosed_decision(session, number)
            people = disclosure.awardees(session, row)
    except Refusal as refusal:
        return HTMLResponse(_page("Không tìm thấy", f"<p>{escape(refusal.message)}</p>"), status_code=404)
    lines = "".join(
        f"<tr><td>{n}</td><td>{escape(p['name'])}</td><td>{escape(p['position'] or '')}</td>"
        f"<td>{escape(p['unit'])}</td></tr>"
        for n, p in enumerate(people, 1)
    )
    state = "Còn hiệu lực" if row.state == "in_force" else "Đã bị hủy bỏ"
    return HTMLResponse(
        _page(
            f"Quyết định {row.symbol}",
            f"<p>{escape(row.title)}</p><p>Ngày ký: {row.signed_on:%d/%m/%Y}. Tình trạng: {state}.</p><table><thead>"
            f"<tr><th>STT</th><th>Họ tên, tên gọi</th><th>Chức vụ</th><th>Đơn vị</th></tr></thead>"
            f"<tbody>{lines}</tbody></table>",
        )
    )


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="vi"><head><meta charset="utf-8"><title>{escape(title)} – Vinh Danh</title>'
        '<meta name="viewport" content="width=device-width"><style>body{font:16px/1.5 sans-serif;margin:2rem auto;'
        "max-width:60rem;padding:0 1rem;color:#1b1b1b}table{border-collapse:collapse;width:100%}"
        "th,td{text-align:left;padding:.4rem .6rem;border-bottom:1px solid #bbb}h1{font-size:1.5rem}a{color:#1d4f91}"
        f'</style></head><body><h1>{escape(title)}</h1>{body}<p><a href="/">Sổ đăng ký quyết định</a></p></body></html>'
    )
