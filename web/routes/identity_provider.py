"""Signing in with the agency's own identity provider (OpenID Connect Core 1.0, code flow with PKCE, RFC 7636).

Only where VINHDANH_OIDC_ISSUER is set; nothing is asked of anybody otherwise. Who the provider names must have been
linked to an account beforehand: a stranger of the provider's is a stranger here.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from typing import Annotated, Any
from urllib.parse import urlencode

import httpx
from fastapi import APIRouter, Depends
from fastapi.responses import RedirectResponse, Response
from joserfc import errors, jwe, jwk, jwt
from joserfc.jwk import KeySet

from operations.people import identities, rate_limit
from rules.refusal import Refusal
from web import cookies
from web.floods import Flood
from web.routes.public import address
from web.routes.sign_in import inside, with_session
from web.visit import Permit, Visit

router = APIRouter()
Public = Annotated[Visit, Depends(Permit(None))]

ALGORITHMS = ["RS256", "ES256", "PS256"]
_PATIENCE = 10  # seconds for each question to the provider
_LEEWAY = 60  # seconds that two clocks may differ
_UNDER_WAY, _UNDER_WAY_FOR = "vinhdanh_outside", 600  # seconds
_FRESH, _AWAY = 600.0, 15.0  # seconds until the provider is asked again; until one that is away is
_KNOWN: dict[str, tuple[float, dict[str, Any] | Refusal]] = {}
_ASKING = threading.Lock()
BEGUN = Flood(
    30,
    900,
    "Từ địa chỉ mạng này vừa bắt đầu đăng nhập quá nhiều lần. Hãy đợi 15 phút rồi thử lại, hoặc đăng nhập bằng mật khẩu.",
)


def _unusable(why: str) -> Refusal:
    return Refusal(
        "outside_sign_in_failed",
        f"Đăng nhập bằng tài khoản của cơ quan không thành: {why}. Hãy thử lại, hoặc đăng nhập bằng mật khẩu.",
        details={"why": why},
    )


def _settings(visit: Visit) -> tuple[str, str, str]:
    said = visit.installation.settings
    issuer, client = said.get("OIDC_ISSUER", ""), said.get("OIDC_CLIENT_ID", "")
    if not issuer or not client:
        raise Refusal("unknown_outside", "Nơi này không dùng đăng nhập bằng tài khoản của cơ quan.")
    return issuer.rstrip("/"), client, said.get("OIDC_CLIENT_SECRET", "")


def _provider(issuer: str) -> dict[str, Any]:
    """The provider's metadata (OpenID Connect Discovery 1.0 §4), asked again after a while."""
    with _ASKING:  # a crowd of strangers is one question to the provider, and one wait where it is away
        known = _KNOWN.get(issuer)
        if known is None or time.monotonic() > known[0]:
            try:
                known = (time.monotonic() + _FRESH, _ask(issuer))
            except Refusal as refusal:
                known = (time.monotonic() + _AWAY, refusal)
            _KNOWN[issuer] = known
    if isinstance(known[1], Refusal):
        raise _unusable(known[1].details["why"])
    return known[1]


def _ask(issuer: str) -> dict[str, Any]:
    """Ask the provider what it is; it must be who was asked."""
    try:
        answer = httpx.get(f"{issuer}/.well-known/openid-configuration", timeout=_PATIENCE, trust_env=False)
        said: dict[str, Any] = answer.raise_for_status().json()
    except (httpx.HTTPError, ValueError):
        raise _unusable("không liên lạc được với nơi cấp tài khoản") from None
    if said.get("issuer", "").rstrip("/") != issuer:
        raise _unusable("nơi trả lời không phải nơi cấp tài khoản đã khai báo")
    return said


def _back(visit: Visit) -> str:
    return (
        f"{visit.installation.settings.get('BASE_URL') or str(visit.request.base_url).rstrip('/')}/login/outside/back"
    )


@router.get("/login/outside")
def go(visit: Public, next: str = "/inbox") -> Response:  # noqa: A002 -- the same name as at /login
    """Send the browser to the provider, remembering in a cookie what must come back."""
    issuer, client_id, _ = _settings(visit)
    BEGUN.take(rate_limit.place(address(visit.request)))
    provider = _provider(issuer)
    verifier, nonce, state = (secrets.token_urlsafe(size) for size in (48, 24, 24))
    digest = hashlib.sha256(verifier.encode()).digest()
    question = urlencode(
        [
            ("response_type", "code"),
            ("client_id", client_id),
            ("redirect_uri", _back(visit)),
            ("scope", "openid"),
            ("state", state),
            ("nonce", nonce),
            ("code_challenge", base64.urlsafe_b64encode(digest).rstrip(b"=").decode()),
            ("code_challenge_method", "S256"),
        ]
    )
    endpoint = provider["authorization_endpoint"]
    response = RedirectResponse(f"{endpoint}{'&' if '?' in endpoint else '?'}{question}", status_code=303)
    kept = _sealed(visit, [state, nonce, verifier, inside(next)])
    cookies.keep(response, visit.request, _UNDER_WAY, kept, seconds=_UNDER_WAY_FOR, samesite="lax")
    return response


def _sealed(visit: Visit, said: list[str]) -> str:
    """The expected parameters of a sign-in under way, kept by the browser in a form that only we can write."""
    box = jwk.OctKey.import_key(visit.installation.cookie_key)
    return jwe.encrypt_compact({"alg": "dir", "enc": "A256GCM"}, json.dumps([int(time.time()), *said]).encode(), box)


def _unsealed(visit: Visit) -> list[str]:
    """Raises Refusal `outside_sign_in_failed` for one that this server did not write lately."""
    try:
        box = jwk.OctKey.import_key(visit.installation.cookie_key)
        found = jwe.decrypt_compact(cookies.kept(visit.request, _UNDER_WAY), box, algorithms=["dir", "A256GCM"])
        at, *said = json.loads(found.plaintext or b"")
    except (errors.JoseError, ValueError, TypeError):
        raise _unusable("phiên đăng nhập này đã quá hạn") from None
    if time.time() - at > _UNDER_WAY_FOR:
        raise _unusable("phiên đăng nhập này đã quá hạn")
    return [str(one) for one in said]


@router.get("/login/outside/back")
def back(visit: Public, state: str = "", code: str = "", error: str = "") -> Response:
    """The provider's answer: checked, exchanged, validated; then the same session as after a password."""
    issuer, client_id, secret = _settings(visit)
    expected, nonce, verifier, wanted = _unsealed(visit)
    if error or not code or not secrets.compare_digest(state.encode(), expected.encode()):
        raise _unusable("nơi cấp tài khoản không xác nhận")
    provider = _provider(issuer)
    subject = _subject(
        provider, client_id=client_id, secret=secret, code=code, verifier=verifier, nonce=nonce,
        redirect=_back(visit),
    )  # fmt: skip
    token = identities.enter(visit.installation.database, issuer=issuer, subject=subject, now=visit.now)
    response = with_session(RedirectResponse(inside(wanted), status_code=303), visit.request, token)
    cookies.forget(response, visit.request, _UNDER_WAY)
    return response


def _subject(
    provider: dict[str, Any],
    *,
    client_id: str,
    secret: str,
    code: str,
    verifier: str,
    nonce: str,
    redirect: str,
) -> str:
    """The subject of a valid ID token (OpenID Connect Core 1.0 §3.1.3.7)."""
    try:
        answer = httpx.post(
            provider["token_endpoint"],
            data={
                "grant_type": "authorization_code",
                "code": code,
                "code_verifier": verifier,
                "redirect_uri": redirect,
                "client_id": client_id,
            },
            auth=(client_id, secret) if secret else None,
            timeout=_PATIENCE,
            trust_env=False,
        )
        said = answer.raise_for_status().json()
        keys = httpx.get(provider["jwks_uri"], timeout=_PATIENCE, trust_env=False).raise_for_status().json()
        found = jwt.decode(said["id_token"], KeySet.import_key_set(keys), algorithms=ALGORITHMS)
        jwt.JWTClaimsRegistry(
            leeway=_LEEWAY,
            iss={"essential": True, "value": provider["issuer"]},
            aud={"essential": True, "value": client_id},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
            sub={"essential": True},
        ).validate(found.claims)
    except (httpx.HTTPError, errors.JoseError, KeyError, TypeError, ValueError):
        raise _unusable("giấy xác nhận của nơi cấp tài khoản không hợp lệ") from None
    audience = found.claims["aud"]
    if isinstance(audience, list) and len(audience) > 1 and found.claims.get("azp") != client_id:
        raise _unusable("giấy xác nhận của nơi cấp tài khoản không phải cho nơi này")
    return str(found.claims["sub"])
