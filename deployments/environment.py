"""What every process of the engine must find in its environment before it imports Prefect."""

import os
import secrets
from pathlib import Path

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
        "PREFECT_LOGGING_LOGGERS_VINHDANH_LEVEL": "INFO",
        "PREFECT_SERVER_LOGGING_LEVEL": "ERROR",
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PYTHONUNBUFFERED": "1",
    }
    if api_url is not None:
        environment["PREFECT_API_URL"] = api_url
    if auth is not None:
        environment["PREFECT_SERVER_API_AUTH_STRING"] = auth
        environment["PREFECT_API_AUTH_STRING"] = auth
    return environment


def auth_string(folder: Path) -> str:
    """The embedded server's credentials `vinhdanh:…`, made once and readable by the owner only."""
    path = folder / "run" / "prefect.auth"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(f"vinhdanh:{secrets.token_urlsafe(18)}")
    return path.read_text(encoding="utf-8").strip()
