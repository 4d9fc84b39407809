"""What every answer carries and every request must: headers, a strict content policy, one CSRF check, a limit on guessing.

No inline script and no inline style is ever allowed: what a script needs comes in `data-` attributes or JSON that is not
executed. The nonce exists for libraries that insist on making a style element of their own.
"""

from __future__ import annotations

import secrets

from flask import Flask, Response, abort, g, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_wtf.csrf import CSRFProtect

from admin.access import SAFE

YEAR = 31_536_000

csrf = CSRFProtect()


def nonce() -> str:
    """The nonce of this answer."""
    if "nonce" not in g:
        g.nonce = secrets.token_urlsafe(16)
    return str(g.nonce)


def policy() -> str:
    """The content security policy of this answer."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' 'nonce-{nonce()}'",
            f"style-src 'self' 'nonce-{nonce()}'",
            "img-src 'self' data:",
            "font-src 'self'",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "object-src 'none'",
            "frame-ancestors 'none'",
        )
    )


def secure(app: Flask, *, https: bool) -> None:
    """Put headers, CSRF protection and the limiter onto an app."""
    app.config.update(
        SESSION_COOKIE_NAME="__Host-tierwise" if https else "tierwise",
        SESSION_COOKIE_SECURE=https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=None,  # the token lives as long as the visit
        WTF_CSRF_SSL_STRICT=https,
        WTF_CSRF_CHECK_DEFAULT=True,
        RATELIMIT_STORAGE_URI="memory://",
        RATELIMIT_HEADERS_ENABLED=True,
    )
    csrf.init_app(app)
    limiter = Limiter(get_remote_address, app=app, default_limits=[])
    app.extensions["tierwise_limiter"] = limiter
    app.before_request(refuse_other_sites)
    app.after_request(lambda response: headers(response, https=https))


def refuse_other_sites() -> None:
    """A change that another site's page asks for is refused before anything else, whatever tokens it has."""
    if request.method not in SAFE and request.headers.get("Sec-Fetch-Site") == "cross-site":
        abort(403)


def headers(response: Response, *, https: bool) -> Response:
    """Headers of every answer, errors and files included."""
    found = response.headers
    found.setdefault("X-Content-Type-Options", "nosniff")
    found.setdefault("X-Frame-Options", "DENY")
    found.setdefault("Referrer-Policy", "same-origin")
    found.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    found.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    found.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()")
    found.setdefault("Content-Security-Policy", policy())
    if https:
        found.setdefault("Strict-Transport-Security", f"max-age={YEAR}; includeSubDomains")
    if request.endpoint is None or not request.endpoint.endswith("static") or response.status_code >= 400:
        found["Cache-Control"] = "no-store"
    return response
