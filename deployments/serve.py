"""`python -m deployments.serve FD APP`: a web application on a socket that the supervisor bound beforehand.

Nobody else can take the port between the check and the start, and whoever answers on it is our own child.
"""

import resource
import socket
import sys

import uvicorn

from deployments.connection import Connection
from operations import modes

# The browser keeps Prefect's pages from asking other machines: those of 3.8 asked an analytics service, 3.9.1's ask nobody.
_AT_HOME = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "
    "connect-src 'self' http://127.0.0.1:* ws://127.0.0.1:* data: blob:"
)
PREFECT = "deployments.prefect_page:create_app"
_LONGEST_HEAD = 32 * 1024  # bytes
_FILES = 65_536


def config(app: str) -> uvicorn.Config:
    """How a server is run: Prefect's as it comes, on loopback; ours for whoever may reach it."""
    is_prefect = app == PREFECT
    return uvicorn.Config(
        app,
        factory=is_prefect,
        headers=[("Content-Security-Policy", _AT_HOME)] if is_prefect else None,
        http="auto" if is_prefect else Connection,
        ws="auto" if is_prefect else "none",
        h11_max_incomplete_event_size=None if is_prefect else _LONGEST_HEAD,
        log_level="error",
        timeout_keep_alive=30,
        timeout_graceful_shutdown=3,
    )


def main(descriptor: int, app: str) -> None:
    modes.keep_private()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)  # each connection is a file
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, _FILES)), hard))
    uvicorn.Server(config(app)).run(sockets=[socket.socket(fileno=descriptor)])


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
