"""Users and API keys: who may sign in and do what, which programs have keys, where somebody is signed in.

A secret (a password for one time, a new key) is shown in the answer to the request that made it, and nowhere again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import abort, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from admin.access import acting, may, person
from admin.errors import said
from admin.pages import Page
from admin.words import t
from engine import PeopleError

DAY = 86_400
EXPIRY = ((30, "30 days", "30 天"), (90, "90 days", "90 天"), (365, "one year", "1 年"), (0, "never", "永不过期"))


class Users(Page):
    """People, what roles may do, keys of programs, sessions."""

    menu_key = "users"
    area = "people"
    title = ("Users and API keys", "用户与 API 密钥")

    # --- users -------------------------------------------------------------------------------------------------

    @expose("/")
    def index(self) -> str:
        """The people, found by a few letters of their names."""
        everybody = acting().people.users()
        query = " ".join(request.args.get("q", "").split())[:100]
        wanted = query.casefold()
        found = [user for user in everybody if wanted in user.name or wanted in user.display_name.casefold()]
        return self._page("users", "console/users.html", users=found, query=query, everybody=len(everybody), title=_title(everybody))

    @expose("/add", methods=("GET", "POST"))
    def add(self) -> ResponseReturnValue:
        """Add a person or a program. A person gets a password for one time, shown with the answer."""
        if request.method == "GET":
            return self._form(None, {"roles": ["viewer"], "language": g.language, "reach": "all", "kind": "person"})
        form = _given()
        people = acting().people
        try:
            user = people.add(form.pop("name"), **form)
            once = people.reset_password(user.name) if request.form.get("kind", "person") == "person" else ""
        except PeopleError as error:
            return self._form(None, {**request.form, "roles": request.form.getlist("roles")}, said(error)), 400
        if not once:
            flash(t("{name} is there; give it a key now.", "已添加 {name}，请为其创建密钥。", name=user.name), "success")
            return redirect(url_for("users.keys", user=user.name))
        return self._once(user, once, t("{name} may sign in", "{name} 可以登录了", name=user.display_name))

    @expose("/<int:number>", methods=("GET", "POST"))
    def edit(self, number: int) -> ResponseReturnValue:
        """One user: what is known, what may be changed, its sessions and keys."""
        user = _user(number)
        if request.method == "GET":
            return self._form(user, _plain(user))
        form = _given()
        form.pop("name")
        try:
            acting().people.edit(user.name, revision=_number("revision"), **form)
        except PeopleError as error:
            return self._form(user, {**request.form, "roles": request.form.getlist("roles")}, said(error)), 400
        flash(t("Saved.", "已保存。"), "success")
        return redirect(url_for("users.edit", number=number))

    @expose("/<int:number>/<any(disable,enable,reset,end):verb>", methods=("POST",))
    def act(self, number: int, verb: str) -> ResponseReturnValue:
        """Disable, let in again, give a password for one time, end every session."""
        people, user = acting().people, _user(number)
        if verb == "reset":
            once = people.reset_password(user.name)
            return self._once(user, once, t("One-time password for {name}", "已为 {name} 生成一次性密码", name=user.display_name))
        if verb == "end":
            ended = people.end_sessions(user.name)
            flash(t("Sessions ended: {n}.", "已结束 {n} 个会话。", n=ended), "success")
        else:
            people.disable(user.name, back=verb == "enable")
            flash(
                t("{name} may sign in again.", "{name} 可以重新登录。", name=user.display_name)
                if verb == "enable"
                else t(
                    "{name} is disabled; their sessions and keys have stopped working.",
                    "{name} 已停用，其会话与密钥均已失效。",
                    name=user.display_name,
                ),
                "success",
            )
        return redirect(url_for("users.edit", number=number))

    def _form(self, user: Any, form: Mapping[str, Any], fault: str = "") -> str:
        people = acting().people
        return self._page(
            "users",
            "console/user.html",
            user=user,
            form=form,
            fault=fault,
            roles=people.known_roles,
            reaches=people.reaches,
            sessions=people.sessions(user.name) if user else (),
            keys=people.keys(user.name) if user else (),
            only_administrator=user is not None and _only_administrator(user),
            now=int(people.clock()),
            title=user.display_name if user else t("Add a user", "添加用户"),
            crumbs=[(t(*self.title), url_for("users.index"))],
            crumb=user.name if user else t("Add", "添加"),
        )

    def _once(self, user: Any, once: str, title: str) -> str:
        return self._page("users", "console/secret.html", user=user, secret=once, key=None, title=title, crumb=user.name)

    # --- roles -------------------------------------------------------------------------------------------------

    @expose("/roles", methods=("GET", "POST"))
    def roles(self) -> ResponseReturnValue:
        """What each role may, area by area; an administrator changes it here."""
        people = acting().people
        if request.method == "POST":
            if request.form.get("matrix") != "whole":
                abort(400)  # an empty form is no wish to take everything away
            wanted = {
                (role, area): frozenset(level for level in ("read", "write") if f"{role}.{area}.{level}" in request.form)
                for role in people.known_roles
                if role != "administrator"
                for area in people.areas
            }
            changed = people.set_permissions(wanted)
            flash(t("Permissions changed: {n}.", "已更改 {n} 项权限。", n=changed), "success")
            return redirect(url_for("users.roles"))
        grants = people.roles()
        shipped = {key: role.grants for key, role in people.known_roles.items()}
        changed = sum(grants[role][area] != shipped[role][area] for role in grants for area in people.areas)
        return self._page(
            "roles",
            "console/roles.html",
            roles=people.known_roles,
            areas=people.areas,
            grants=grants,
            shipped=shipped,
            holders={role: sum(role in user.roles and not user.disabled for user in people.users()) for role in grants},
            title=_roles_title(changed),
        )

    # --- keys --------------------------------------------------------------------------------------------------

    @expose("/keys", methods=("GET", "POST"))
    def keys(self) -> ResponseReturnValue:
        """The keys of programs; making one shows its secret with the answer."""
        if request.method == "GET":
            return self._keys({"user": request.args.get("user", "")})
        people, form = acting().people, request.form
        days = _number("days")
        try:
            if days is None or not 0 <= days <= 3_650:
                raise PeopleError("a key expires in the future, within ten years")
            expires = int(people.clock()) + days * DAY if days else None
            secret, key = people.make_key(
                form.get("title", ""), user=form.get("user", ""), scopes=form.getlist("scopes"), expires_at=expires
            )
        except PeopleError as error:
            return self._keys({**form, "scopes": form.getlist("scopes")}, said(error)), 400
        title = t("The key is made", "密钥已创建")
        return self._page("keys", "console/secret.html", user=None, secret=secret, key=key, title=title, crumb=key.title)

    @expose("/keys/<int:number>/revoke", methods=("POST",))
    def revoke(self, number: int) -> ResponseReturnValue:
        """Make a key dead."""
        key = acting().people.revoke_key(number)
        flash(t("The key {title} no longer works.", "密钥 {title} 已失效。", title=key.title), "success")
        return redirect(url_for("users.keys"))

    def _keys(self, form: Mapping[str, Any], fault: str = "") -> str:
        people = acting().people
        keys, now = people.keys(), int(people.clock())
        state = {key.id: _state(key, now) for key in keys}
        alive = sum(state[key.id][2] == "ok" for key in keys)
        return self._page(
            "keys",
            "console/keys.html",
            keys=keys,
            state=state,
            users=[user for user in people.users() if not user.disabled],
            areas=people.areas,
            expiry=EXPIRY,
            form=form,
            fault=fault,
            title=_keys_title(alive, len(keys)),
        )

    # --- sessions ----------------------------------------------------------------------------------------------

    @expose("/sessions")
    def sessions(self) -> str:
        """Where somebody is signed in at this moment."""
        people = acting().people
        sessions = people.sessions()
        names = {user.name: user for user in people.users()}
        return self._page("sessions", "console/sessions.html", sessions=sessions, users=names, title=_sessions_title(sessions))

    @expose("/sessions/<int:number>/end", methods=("POST",))
    def end(self, number: int) -> ResponseReturnValue:
        """End one session."""
        if acting().people.end_session(number):
            flash(t("That session has ended.", "该会话已结束。"), "success")
        back = _number("user")
        return redirect(url_for("users.edit", number=back) if back else url_for("users.sessions"))

    def _page(self, tab: str, template: str, **values: Any) -> str:
        values.setdefault("crumb", t(*self.title))
        return self.page(template, tab=tab, may_write=may("people", "write"), me=person(), help=_help(), **values)


def _user(number: int) -> Any:
    """A user by its number; the address of a page holds no name."""
    return next((user for user in acting().people.users() if user.id == number), None) or abort(404)


def _only_administrator(user: Any) -> bool:
    others = [each for each in acting().people.users() if "administrator" in each.roles and not each.disabled]
    return [each.id for each in others] == [user.id]


def _plain(user: Any) -> dict[str, Any]:
    names = ("display_name", "language", "theme", "reach", "unit", "owner", "revision")
    return {name: getattr(user, name) or "" for name in names} | {"roles": list(user.roles)}


def _given() -> dict[str, Any]:
    """What the form says of a user; a field it does not have stays away from the verb's defaults."""
    form = request.form
    found: dict[str, Any] = {"name": form.get("name", ""), "roles": form.getlist("roles")}
    found |= {name: form[name] for name in ("display_name", "language", "reach") if name in form}
    return found | {name: form.get(name, "").strip() or None for name in ("unit", "owner")}


def _number(name: str) -> int | None:
    text = request.form.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else None


def _state(key: Any, now: int) -> tuple[str, str, str]:
    if key.disabled_at is not None:
        return ("revoked", "已吊销", "")
    if key.expires_at is not None and key.expires_at <= now:
        return ("expired", "已过期", "")
    if key.expires_at is not None and key.expires_at < now + 14 * DAY:
        return ("expires soon", "即将过期", "ok")
    return ("active", "有效", "ok")


def _title(users: Sequence[Any]) -> str:
    people = [user for user in users if user.has_password and not user.disabled]
    bosses = [user for user in people if "administrator" in user.roles]
    if len(bosses) == 1 and len(people) > 1:
        return t(
            "{n} people may sign in, and only one is an administrator",
            "{n} 人可以登录，其中仅 1 名管理员",
            n=g.formats.number(len(people)),
        )
    if len(people) <= 1:
        return t("Nobody but you may sign in yet", "目前只有您可以登录")
    return t(
        "{n} people may sign in, {m} of them administrators",
        "{n} 人可以登录，其中管理员 {m} 名",
        n=g.formats.number(len(people)),
        m=g.formats.number(len(bosses)),
    )


def _roles_title(changed: int) -> str:
    if not changed:
        return t("Every role is as shipped", "各角色权限均为出厂设置")
    if changed == 1:
        return t("One permission differs from what was shipped", "有 1 项权限不同于出厂设置")
    return t("{n} permissions differ from what was shipped", "有 {n} 项权限不同于出厂设置", n=changed)


def _keys_title(alive: int, known: int) -> str:
    if not known:
        return t("No program has a key yet", "尚无程序持有密钥")
    if alive == 1:
        return t("One key is active", "有 1 个有效密钥")
    return t("{n} keys are active", "有 {n} 个有效密钥", n=g.formats.number(alive))


def _sessions_title(sessions: Sequence[Any]) -> str:
    people = {session.user for session in sessions}
    if len(people) == 1:
        return t("Only one person is signed in", "目前仅 1 人登录")
    return t("{n} people are signed in", "目前有 {n} 人登录", n=g.formats.number(len(people)))


def _help() -> str:
    return t(
        "A person has the permissions of all their roles. Which customers they can see is set separately.\n\n"
        "Programs use API keys. A key acts as a user; it may do what both its scopes and that user's roles allow. The key itself is shown once.\n\n"
        "Disabling a user ends their sessions and stops their keys at once; the record of what they did stays. The last administrator cannot be disabled.",
        "一个人可以拥有多个角色，权限为各角色之和。可见哪些客户由“可见范围”单独设置。\n\n"
        "程序使用密钥。密钥以某个用户的身份工作，其权限为密钥范围与该用户角色的交集。密钥内容仅显示一次。\n\n"
        "停用用户会立即结束其会话并使其密钥失效，历史操作记录不受影响。最后一名管理员不能停用。",
    )


PAGES = [Users]
