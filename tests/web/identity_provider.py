"""A small OpenID provider on loopback that does what it should, and on demand what it should not."""

import hashlib
import json
import secrets
import threading
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "vinh-danh", "bí mật của máy khách"


@dataclass
class Provider:
    """`subject` is who comes; `claims` overrides what the ID token says, `key` what signs it."""

    subject: str = "s-001"
    claims: dict[str, Any] = field(default_factory=dict)
    algorithm: str = "RS256"
    own_key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "k1"}))
    key: RSAKey | None = None
    says_issuer: str | None = None
    discovered: int = 0  # how often somebody asked what this provider is
    asked: list[dict[str, str]] = field(default_factory=list)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def agree(self, address: str) -> str:
        """The person agrees at the provider's page: where the browser is sent back to."""
        wanted = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        code = secrets.token_urlsafe(12)
        self._codes[code] = wanted
        return f"{wanted['redirect_uri']}?code={code}&state={wanted['state']}"

    def _token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        wanted = self._codes.pop(form.get("code", ""), None)
        challenge = (
            urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).decode().rstrip("=")
        )
        if wanted is None or challenge != wanted["code_challenge"] or form["redirect_uri"] != wanted["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {
            "iss": self.issuer, "sub": self.subject, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": wanted["nonce"],
        } | self.claims  # fmt: skip
        header = {"alg": self.algorithm, "kid": "k1"}
        token = jwt.encode(header, claims, self.key or self.own_key, algorithms=[self.algorithm])
        return 200, {"access_token": "a", "token_type": "Bearer", "id_token": token}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                """Silent."""

            def do_GET(self) -> None:
                if self.path == "/.well-known/openid-configuration":
                    base = provider.issuer
                    provider.discovered += 1
                    self._say(200, {
                        "issuer": provider.says_issuer or base, "authorization_endpoint": f"{base}/authorize",
                        "token_endpoint": f"{base}/token", "jwks_uri": f"{base}/keys",
                    })  # fmt: skip
                else:
                    self._say(200, {"keys": [provider.own_key.as_dict(private=False)]})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = {name: values[0] for name, values in parse_qs(body).items()}
                provider.asked.append(form)
                self._say(*provider._token(form))

            def _say(self, status: int, answer: dict[str, Any]) -> None:
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        return Handler
