"""`python -m deployments.serve FD APP`: a web application on a socket that the supervisor bound beforehand.

Nobody else can take the port between the check and the start, and whoever answers on it is our own child.
"""

import socket
import sys

import uvicorn


def main(descriptor: int, app: str) -> None:
    config = uvicorn.Config(
        app,
        factory=app.endswith(":create_app"),
        log_level="error",
        timeout_keep_alive=30,
        timeout_graceful_shutdown=3,
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=descriptor)])


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
