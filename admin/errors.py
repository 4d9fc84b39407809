"""What a person sees when something does not work: what happened, what stayed unchanged, how to mend it, a reference.

Never a code alone, never a traceback. A script that asks gets the same as JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Flask, current_app, g, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from admin.access import SAFE, wants_json
from admin.words import language, t
from engine import Engine, TierwiseError, UnknownCustomer

if TYPE_CHECKING:
    from collections.abc import Sequence


def handle(app: Flask) -> None:
    """Answer every error in the design."""
    app.register_error_handler(CSRFError, csrf_failed)
    app.register_error_handler(TierwiseError, refused)
    app.register_error_handler(HTTPException, http)
    app.register_error_handler(Exception, bug)


def answer(status: int, title: str, text: str, *, hint: str = "", faults: Sequence[Any] = ()) -> ResponseReturnValue:
    """An error as a page, or as JSON for a script."""
    if wants_json() or request.path.startswith("/api/"):
        body = {"title": title, "detail": text, "status": status, "reference": g.get("reference", "")}
        if faults:
            body["faults"] = [
                {"code": fault.code, "place": fault.place, "found": fault.found, "expected": fault.expected} for fault in faults
            ]
        return jsonify(body), status
    page = render_template("console/error.html", status=status, title=title, text=text, hint=hint, faults=faults)
    return page, status


def said(problem: Any) -> str:
    """An error of the engine, or one of its faults, in the reader's language."""
    return Engine.said(problem, language())


def refused(error: TierwiseError) -> ResponseReturnValue:
    """A verb refused what was asked: its words are for people, and nothing was changed."""
    faults = getattr(error, "faults", ())
    text = said(error)
    if isinstance(error, UnknownCustomer):
        return answer(
            404,
            t("There is no such customer", "未找到该客户"),
            str(error),
            hint=t(
                "Look for it by id or name with Ctrl+K, or in the list of customers.", "请按 Ctrl+K 按编号或名称查找，或在客户列表中查找。"
            ),
        )
    return answer(
        400,
        t("That was not done", "未执行"),
        text.split("\n", 1)[0] if faults else text,
        hint=t("Nothing was changed. Go back, mend it, and try again.", "未做任何更改。请返回修正后重试。"),
        faults=faults,
    )


def csrf_failed(error: CSRFError) -> ResponseReturnValue:
    """A form without its token: from another site, or of a visit that has ended."""
    return answer(
        400,
        t("This form is no longer valid", "表单已失效"),
        t("Your visit ended, or the form came from somewhere else. Nothing was changed.", "会话已结束，或表单来自其他网站。未做任何更改。"),
        hint=t("Go back, reload the page, and send it again.", "请返回并刷新页面后重新提交。"),
    )


def http(error: HTTPException) -> ResponseReturnValue:
    """An HTTP error in words."""
    status = error.code or 500
    if status < 400:
        return error
    if status == 401 and not wants_json() and request.method not in SAFE:
        return redirect(url_for("account.login"))
    title, text, hint = _words(status)
    return answer(status, title, text, hint=hint)


def bug(error: Exception) -> ResponseReturnValue:
    """Our mistake: written to the log with the reference, never shown."""
    current_app.logger.exception("error %s: %s %s", g.get("reference", ""), request.method, request.path)
    if current_app.config.get("PROPAGATE_EXCEPTIONS"):
        raise error
    title, text, hint = _words(500)
    return answer(500, title, text, hint=hint)


def _words(status: int) -> tuple[str, str, str]:
    if status == 401:
        return (
            t("Please sign in", "请登录"),
            t("This needs somebody who is signed in. Nothing was changed.", "此操作需要登录。未做任何更改。"),
            "",
        )
    if status == 403:
        return (
            t("This is not open to you", "没有权限"),
            t("Your roles do not include this. Nothing was changed.", "您的角色不包含此权限。未做任何更改。"),
            t("An administrator can give you a role under Users and API keys.", "管理员可在“用户与 API 密钥”中为您分配角色。"),
        )
    if status == 404:
        return (
            t("There is nothing here", "页面不存在"),
            t("The address is wrong, or what it showed has been removed.", "地址有误，或内容已被删除。"),
            t("Look for it with Ctrl K, or start from the overview.", "可按 Ctrl K 查找，或从总览开始。"),
        )
    if status == 405:
        return (
            t("This address cannot be used that way", "不支持的操作方式"),
            t("The page answers another kind of request. Nothing was changed.", "该页面不接受此类请求。未做任何更改。"),
            "",
        )
    if status == 413:
        return (
            t("That is too large", "内容过大"),
            t("The file or form is larger than the console takes. Nothing was changed.", "文件或表单超出控制台的接收上限。未做任何更改。"),
            t("Split the file, or import it on the server: tierwise import FILE.", "请拆分文件，或在服务器上导入：tierwise import FILE。"),
        )
    if status == 429:
        return (
            t("Too many tries", "尝试次数过多"),
            t("To keep guessing slow, this is closed to you for a short time.", "为防止暴力尝试，暂时无法继续。"),
            t("Wait a minute, then try again.", "请等待一分钟后重试。"),
        )
    if status >= 500:
        return (
            t("Something went wrong on our side", "系统出现错误"),
            t(
                "It is written to the log under the reference below. What was not finished has changed nothing.",
                "错误已按下方编号记入日志。未完成的操作没有产生任何更改。",
            ),
            t(
                "Try again; if it stays, give the reference to whoever runs this installation.",
                "请重试；若仍出现，请将编号告知系统维护人员。",
            ),
        )
    return (
        t("The request is not understood", "无法理解的请求"),
        t("Something in it is missing or has the wrong form. Nothing was changed.", "缺少内容或格式有误。未做任何更改。"),
        t("Go back, reload the page, and try again.", "请返回并刷新页面后重试。"),
    )
