"""Signing in and out, the first administrator, and what a person sets for itself.

A session is a row of the store; the cookie only holds its token. So it can be ended from anywhere, and a cookie that was
copied before the sign-out is worth nothing after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Blueprint, Flask, current_app, flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from admin.access import PUBLIC, SIGNED_IN, acting, declare, forget, person, wants_json
from admin.errors import said
from admin.words import LANGUAGES, t
from engine import MustChoose, NotAllowed, PeopleError, TooManyTries

if TYPE_CHECKING:
    from engine.service import Engine

THEMES = ("system", "light", "dark")

account = Blueprint("account", __name__)


def register(app: Flask) -> None:
    """Add the routes, and say who may use them. Guessing is slowed down here per address, and per name by the engine."""
    app.register_blueprint(account)
    for name in ("login", "choose", "first", "preferences"):
        declare(app, f"account.{name}", PUBLIC)
    for name in ("logout", "profile", "password", "end_session"):
        declare(app, f"account.{name}", SIGNED_IN)
    limit = app.extensions["tierwise_limiter"].limit("30 per minute;200 per hour", methods=["POST"])
    for name in ("account.login", "account.choose", "account.first", "account.password"):
        app.view_functions[name] = limit(app.view_functions[name])


def signed_in(engine: Engine) -> Any:
    """The user of this request's cookie, or None; a session that is over empties the cookie."""
    token = session.get("token")
    if not token:
        return None
    found = engine.people.session(str(token))
    if found is None:
        forget()
        return None
    g.session, user = found
    return user


def begin(user: Any) -> None:
    """Start a session of a user in this browser. Everything the cookie held before is dropped, its CSRF secret too."""
    token, _ = _engine().people.start_session(user, address=request.remote_addr or "", agent=str(request.user_agent)[:300])
    forget()
    session["token"] = token
    session["language"] = user.language


def safe_target(target: str | None) -> str:
    """Where to go after signing in: a path of this console, else the overview. Other hosts are never gone to."""
    home = url_for("overview.index")
    if not target or "\\" in target or any(ord(c) < 33 for c in target):
        return home
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or not target.startswith("/") or target.startswith("//"):
        return home
    return target


def _engine() -> Engine:
    engine: Engine = current_app.extensions["tierwise_engine"]
    return engine


@account.get("/login")
@account.post("/login")
def login() -> ResponseReturnValue:
    """Sign in with name and password."""
    if person() is not None:
        return redirect(safe_target(request.args.get("next")))
    if _engine().people.needs_administrator:
        return redirect(url_for("account.first"))
    fault, status = "", 200
    if request.method == "POST":
        try:
            user = _engine().people.verify_password(
                request.form.get("name", ""), request.form.get("password", ""), address=request.remote_addr or ""
            )
        except TooManyTries as error:
            minutes = max(1, -(-error.wait // 60))
            fault, status = t("Too many tries. Wait {n} minutes.", "尝试次数过多，请等待 {n} 分钟。", n=minutes), 429
        except MustChoose:
            return _choose()
        except NotAllowed:
            fault, status = t("The name or the password is not right.", "用户名或密码不正确。"), 401
        else:
            begin(user)
            return redirect(safe_target(request.form.get("next")))
    target = request.values.get("next", "")
    title = t("Sign in", "登录")
    return render_template("console/login.html", title=title, fault=fault, name=request.form.get("name", ""), target=target), status


@account.get("/choose")
@account.post("/choose")
def choose() -> ResponseReturnValue:
    """Choose a password of one's own with the one that an administrator gave for one time."""
    if request.method == "GET":
        return redirect(url_for("account.login"))
    form = request.form
    try:
        if form.get("new", "") != form.get("again", ""):
            raise PeopleError(t("The two passwords differ.", "两次输入的密码不一致。"))
        user = _engine().people.choose_password(
            form.get("name", ""), form.get("password", ""), form.get("new", ""), address=request.remote_addr or ""
        )
    except TooManyTries as error:
        return _choose(said(error)), 429
    except NotAllowed:
        return _choose(
            t("The one-time password is not right, was used already, or has expired.", "一次性密码不正确、已使用或已过期。")
        ), 401
    except PeopleError as error:
        return _choose(said(error)), 400
    begin(user)
    return redirect(safe_target(form.get("next")))


def _choose(fault: str = "") -> str:
    return render_template("console/choose.html", title=t("Choose your password", "设置您的密码"), fault=fault, form=request.form)


@account.get("/first")
@account.post("/first")
def first() -> ResponseReturnValue:
    """Make the first administrator of a new installation; closed for ever once there is one."""
    if not _engine().people.needs_administrator:
        return redirect(url_for("account.login"))
    fault, status, form = "", 200, request.form
    if request.method == "POST":
        try:
            if form.get("password", "") != form.get("again", ""):
                raise PeopleError(t("The two passwords differ.", "两次输入的密码不一致。"))
            user = _engine().people.first_administrator(
                form.get("name", ""),
                form.get("password", ""),
                display_name=form.get("display_name", "").strip(),
                language=g.language,
            )
        except NotAllowed:
            return redirect(url_for("account.login"))
        except PeopleError as error:
            fault, status = said(error), 400
        else:
            begin(user)
            return redirect(url_for("overview.index"))
    return render_template("console/first.html", title=t("Welcome to Tierwise", "欢迎使用 Tierwise"), fault=fault, form=form), status


@account.post("/logout")
def logout() -> ResponseReturnValue:
    """End this session."""
    _engine().people.end_session(g.session.id)
    forget()
    return redirect(url_for("account.login"))


@account.post("/preferences")
def preferences() -> ResponseReturnValue:
    """Choose language or theme: for this visit, and for the user who is signed in."""
    given: dict[str, Any] = request.get_json(silent=True) or {} if request.is_json else dict(request.form)
    chosen: dict[str, Any] = {}
    if given.get("language") in LANGUAGES:
        chosen["language"] = given["language"]
    if given.get("theme") in THEMES:
        chosen["theme"] = given["theme"]
    for name, value in chosen.items():
        session[name] = value
    if chosen and person() is not None:
        acting().people.edit(person().name, **chosen)
    if wants_json():
        return chosen
    return redirect(safe_target(given.get("next")))


@account.get("/profile")
@account.post("/profile")
def profile() -> ResponseReturnValue:
    """What a person sets for itself, and where it is signed in."""
    who, fault = person(), ""
    if request.method == "POST":
        try:
            acting().people.edit(
                who.name,
                display_name=request.form.get("display_name", who.display_name),
                language=request.form.get("language", who.language),
                theme=request.form.get("theme", who.theme),
            )
        except PeopleError as error:
            fault = said(error)
        else:
            session["language"] = request.form.get("language", who.language)
            g.language = session["language"]
            flash(t("Saved.", "已保存。"), "success")
            return redirect(url_for("account.profile"))
    return _profile(fault=fault)


@account.post("/profile/password")
def password() -> ResponseReturnValue:
    """Change one's own password; every other session ends."""
    people, who = acting().people, person()
    try:
        people.verify_password(who.name, request.form.get("old", ""), address=request.remote_addr or "")
        if request.form.get("password", "") != request.form.get("again", ""):
            raise PeopleError(t("The two passwords differ.", "两次输入的密码不一致。"))
        people.set_password(who.name, request.form.get("password", ""), keep_session=g.session.id)
    except TooManyTries as error:
        return _profile(password_fault=said(error)), 429
    except NotAllowed:
        return _profile(password_fault=t("The present password is not right.", "当前密码不正确。")), 400
    except PeopleError as error:
        return _profile(password_fault=said(error)), 400
    flash(t("The password was changed; every other session has ended.", "密码已修改，其他会话均已结束。"), "success")
    return redirect(url_for("account.profile"))


@account.post("/profile/sessions/<int:number>/end")
def end_session(number: int) -> ResponseReturnValue:
    """End one of one's own sessions."""
    if acting().people.end_session(number, user=person().name):
        flash(t("That session has ended.", "该会话已结束。"), "success")
    return redirect(url_for("account.profile"))


def _profile(*, fault: str = "", password_fault: str = "") -> str:
    sessions = acting().people.sessions(person().name)
    title = t("Profile and sessions", "个人设置与会话")
    return render_template("console/profile.html", title=title, sessions=sessions, fault=fault, password_fault=password_fault)
