"""The environment that every process of the engine needs before it imports Prefect."""

import os
import secrets
from pathlib import Path

KEEP_RUNS_DAYS = 90
ROOT = Path(__file__).resolve().parent.parent


def prefect_environment(folder: Path, *, api_url: str | None, auth: str | None) -> dict[str, str]:
    """Prefect's home in the data folder, loopback, authenticated, without a word to the outside."""
    environment = {
        **os.environ,
        "VINHDANH_DATA": str(folder),
        "PREFECT_HOME": str(folder / "prefect"),
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
        "PREFECT_LOGGING_EXTRA_LOGGERS": "vinhdanh",
        "PREFECT_LOGGING_LEVEL": "WARNING",
        "PREFECT_SERVER_LOGGING_LEVEL": "ERROR",
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        # Run history is for looking back, not a record: the ledger is. Prefect's own vacuum ends what is older.
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(KEEP_RUNS_DAYS * 86_400),
        "PYTHONUNBUFFERED": "1",
    }
    if api_url is not None:
        environment["PREFECT_API_URL"] = api_url
    if auth is not None:
        environment["PREFECT_SERVER_API_AUTH_STRING"] = auth
        environment["PREFECT_API_AUTH_STRING"] = auth
    return environment


def server_environment(environment: dict[str, str]) -> dict[str, str]:
    """For the embedded server alone: its look-ups of public block catalogues end at a closed door on loopback.

    It falls back to the copies it ships with; nothing it is asked for lies outside this machine. Pages of other sites may
    not read its answers (Prefect's own default is `*`). Its page is unpacked in the data folder: the checkout may be
    read-only.
    """
    nowhere = "http://127.0.0.1:9"
    return {
        **environment,
        **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY"), nowhere),
        "NO_PROXY": "127.0.0.1,localhost",
        "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(Path(environment["PREFECT_HOME"]) / "ui"),
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": environment["PREFECT_API_URL"].removesuffix("/api"),
    }


def auth_string(folder: Path) -> str:
    """The embedded server's credentials `vinhdanh:…`, made once and readable by the owner only."""
    path = folder / "run" / "prefect.auth"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(f"vinhdanh:{secrets.token_urlsafe(18)}")
    return path.read_text(encoding="utf-8").strip()
