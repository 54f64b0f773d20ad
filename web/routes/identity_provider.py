"""Signing in with the agency's own identity provider (OpenID Connect Core 1.0, code flow with PKCE, RFC 7636).

Only where VINHDANH_OIDC_ISSUER is set; nothing is asked of anybody otherwise. Who the provider names must have been
linked to an account beforehand: a stranger of the provider's is a stranger here.
"""

import base64
import hashlib
import json
import secrets
from typing import Annotated, Any
from urllib.parse import urlencode

import httpx
from fastapi import APIRouter, Depends
from fastapi.responses import RedirectResponse, Response
from joserfc import errors, jwt
from joserfc.jwk import KeySet

from operations.people import identities
from rules.refusal import Refusal
from web.routes.sign_in import inside, with_session
from web.visit import Permit, Visit, on_loopback

router = APIRouter()
Public = Annotated[Visit, Depends(Permit(None))]

ALGORITHMS = ["RS256", "ES256", "PS256"]
_PATIENCE = 10  # seconds for each question to the provider
_LEEWAY = 60  # seconds that two clocks may differ
_UNDER_WAY = "vinhdanh_outside"


def _unusable(why: str) -> Refusal:
    return Refusal(
        "outside_sign_in_failed",
        f"Đăng nhập bằng tài khoản của cơ quan không thành: {why}. Hãy thử lại, hoặc đăng nhập bằng mật khẩu.",
    )


def _settings(visit: Visit) -> tuple[str, str, str]:
    said = visit.installation.settings
    issuer, client = said.get("OIDC_ISSUER", ""), said.get("OIDC_CLIENT_ID", "")
    if not issuer or not client:
        raise Refusal("unknown_outside", "Nơi này không dùng đăng nhập bằng tài khoản của cơ quan.")
    return issuer.rstrip("/"), client, said.get("OIDC_CLIENT_SECRET", "")


def _provider(issuer: str) -> dict[str, Any]:
    """What the provider says of itself (OpenID Connect Discovery 1.0 §4); it must be who was asked."""
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
    address = f"{endpoint}{'&' if '?' in endpoint else '?'}{question}"
    kept = base64.urlsafe_b64encode(json.dumps([state, nonce, verifier, inside(next)]).encode()).decode()
    response = RedirectResponse(address, status_code=303)
    plain = on_loopback(visit.request)
    response.set_cookie(_UNDER_WAY, kept, max_age=600, httponly=True, samesite="lax", secure=not plain, path="/login")
    return response


@router.get("/login/outside/back")
def back(visit: Public, state: str = "", code: str = "", error: str = "") -> Response:
    """What the provider sent back: checked, exchanged, validated; then the same session as after a password."""
    issuer, client_id, secret = _settings(visit)
    try:
        kept = json.loads(base64.urlsafe_b64decode(visit.request.cookies.get(_UNDER_WAY, "")))
        expected, nonce, verifier, wanted = (str(one) for one in kept)
    except (ValueError, TypeError):
        raise _unusable("phiên đăng nhập này đã quá hạn") from None
    if error or not code or not secrets.compare_digest(state.encode(), expected.encode()):
        raise _unusable("nơi cấp tài khoản không xác nhận")
    provider = _provider(issuer)
    subject = _subject(
        provider, client_id=client_id, secret=secret, code=code, verifier=verifier, nonce=nonce,
        redirect=_back(visit),
    )  # fmt: skip
    token = identities.enter(visit.installation.database, issuer=issuer, subject=subject, now=visit.now)
    response = with_session(RedirectResponse(inside(wanted), status_code=303), visit.request, token)
    response.delete_cookie(_UNDER_WAY, path="/login")
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
