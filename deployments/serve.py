"""`python -m deployments.serve FD APP`: a web application on a socket that the supervisor bound beforehand.

Nobody else can take the port between the check and the start, and whoever answers on it is our own child.
"""

import socket
import sys

import uvicorn

# Prefect's pages ask an analytics service for its settings whatever the server says; the browser is told not to.
_AT_HOME = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "
    "connect-src 'self' http://127.0.0.1:* ws://127.0.0.1:* data: blob:"
)


def main(descriptor: int, app: str) -> None:
    is_prefect = app.startswith("prefect.")
    config = uvicorn.Config(
        app,
        factory=is_prefect,
        headers=[("Content-Security-Policy", _AT_HOME)] if is_prefect else None,
        log_level="error",
        timeout_keep_alive=30,
        timeout_graceful_shutdown=3,
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=descriptor)])


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
