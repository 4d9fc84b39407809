"""The console as a Flask application: `create_app(engine, settings)`."""

from __future__ import annotations

import importlib
import pkgutil
import secrets
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app, g, request, session
from flask_admin import Admin
from flask_admin.theme import Bootstrap4Theme
from flask_babel import Babel
from markupsafe import Markup
from werkzeug.middleware.proxy_fix import ProxyFix

from admin import access, account, errors, pages, people, security, sidebar, states, views, words
from admin.access import declare, gate, may
from admin.assets import asset, param_editors
from admin.formats import Formats
from admin.icons import icon
from admin.models import sessions
from admin.secret import secret_key
from admin.words import t

if TYPE_CHECKING:
    from engine.service import Engine
    from engine.settings import Settings

UPLOAD_LIMIT = 512 * 1024 * 1024
"""Bytes of one request at most; files are streamed to disk. Forms without files are held far below it."""

FORM_LIMIT = 4 * 1024 * 1024


def create_app(engine: Engine, settings: Settings | None = None) -> Flask:
    """Make the console of an open engine. settings: default those of the engine. The engine stays open for the app's life.

    Raises `TierwiseError` when the secret key is weak.
    """
    settings = settings or engine.settings
    app = Flask("admin", static_folder="static", template_folder="templates")
    app.config.update(
        SECRET_KEY=secret_key(engine, settings),
        MAX_CONTENT_LENGTH=UPLOAD_LIMIT,
        MAX_FORM_MEMORY_SIZE=FORM_LIMIT,
        MAX_FORM_PARTS=2000,
        SEND_FILE_MAX_AGE_DEFAULT=security.YEAR,
        TEMPLATES_AUTO_RELOAD=False,
        BABEL_DEFAULT_LOCALE="en",
    )
    app.extensions.update(tierwise_engine=engine, tierwise_sidebar={}, tierwise_views={}, tierwise_access={})
    app.extensions["tierwise_sessions"] = sessions(engine)
    app.teardown_appcontext(lambda error: app.extensions["tierwise_sessions"].remove())
    if settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies, x_host=settings.proxies)  # type: ignore[method-assign]
    app.before_request(_begin)
    security.secure(app, https=settings.https)
    app.before_request(gate)
    Babel(app, locale_selector=words.locale, timezone_selector=lambda: str(engine.zone))
    app.config["SANDBOX"] = engine.sandbox.is_one
    _templates(app)
    errors.handle(app)
    declare(app, "static", access.PUBLIC)
    account.register(app)
    _views(app)
    return app


def _begin() -> None:
    """Who asks, in which language, and the engine in that name."""
    engine: Engine = current_app.extensions["tierwise_engine"]
    if current_app.config["SANDBOX"]:
        engine.sandbox.synchronise()
    g.reference = secrets.token_hex(5)
    g.person = account.signed_in(engine) if request.endpoint != "static" else None
    g.language = words.choose_language(g.person.language if g.person else None, session.get("language"))
    g.theme = (g.person.theme if g.person else session.get("theme")) or "system"
    g.acting = (
        engine.acting_as(g.person.name)
        if g.person
        else engine.acting_as("nobody", authenticated=False, sight=engine.people.sight("nobody"))
    )
    business = engine.business
    g.formats = Formats(g.language, business.timezone, business.currency, business.minor_digits)


def _templates(app: Flask) -> None:
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.add_extension("jinja2.ext.do")
    app.jinja_env.globals.update(t=t, icon=icon, asset=asset, csp_nonce=security.nonce, may=may, plural=words.plural)
    app.jinja_env.globals.update(initials=people.initials, roles_of=people.roles_of, customer_url=sidebar.customer_url)
    app.jinja_env.globals.update(job_states=states.JOB_STATES, job_kinds=states.JOB_KINDS, output_kinds=states.OUTPUT_KINDS)
    app.jinja_env.globals.update(has_endpoint=lambda name: name in app.view_functions, param_editors=param_editors)

    @app.context_processor
    def _context() -> dict[str, Any]:
        return {
            "f": g.get("formats", Formats()),
            "person": g.get("person"),
            "language": words.language(),
            "look": g.get("theme", "system"),
            "sidebar": sidebar.groups,
            "live": views.live_state,
            "sandbox": g.acting.now if current_app.config["SANDBOX"] else None,
            "said_fault": errors.said,
        }

    @app.template_filter("paragraphs")
    def _paragraphs(text: str) -> Markup:
        return Markup("").join(Markup("<p>{}</p>").format(part.strip()) for part in text.split("\n\n") if part.strip())


def _views(app: Flask) -> None:
    """The pages: the overview at /, and every module of `admin/views` that has PAGES."""
    found: list[Any] = []
    for module in sorted(pkgutil.iter_modules(views.__path__), key=lambda each: each.name):
        found += getattr(importlib.import_module(f"admin.views.{module.name}"), "PAGES", [])
    home = next(view for view in found if view.menu_key == "overview")(name="overview", url="/", endpoint="overview")
    theme = Bootstrap4Theme(base_template="console/base.html")
    admin = Admin(app, name="Tierwise", url="/", index_view=home, theme=theme, csp_nonce_generator=security.nonce)
    pages.adopt(app, home)
    for view in found:
        if view.menu_key != "overview":
            name = view.__name__.lower()
            pages.register(app, admin, view.make(app) if hasattr(view, "make") else view(name=name, endpoint=name))
