"""The settings of an installation: environment variables, read once, checked completely.

Each setting is a row of `SETTINGS` (name, default, help); the reference page is tested against it.
"""

from __future__ import annotations

import getpass
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from environs import Env
from marshmallow import ValidationError, validate

from engine.errors import TierwiseError, did_you_mean

SETTINGS: tuple[tuple[str, str, str], ...] = (
    ("TIERWISE_DATABASE_URL", "sqlite:///tierwise.db", "Where the store is: sqlite:///file or postgresql://user:password@host/name."),
    ("TIERWISE_TIMEZONE", "Asia/Shanghai", "The business time zone, fixed when a store is made."),
    ("TIERWISE_CURRENCY", "CNY", "The business currency, fixed when a store is made."),
    ("TIERWISE_MINOR_DIGITS", "2", "Digits after the point of the business currency (0 for JPY)."),
    ("TIERWISE_PLUGINS_DIR", "", "A folder of plugin files of one's own. Plugins are code: only the operator may write there."),
    ("TIERWISE_BLOCKED_PLUGINS", "", "Names of plugins that are not loaded, separated by commas."),
    ("TIERWISE_CACHE_DIR", "", "Where feature files are kept; next to an SQLite store when empty."),
    ("TIERWISE_ACTOR", "", "Who acts on the command line; the login name when empty."),
    ("TIERWISE_FOUR_EYES", "on", "Whether rules need the approval of a second person: on or off. A switch is an entry of the audit trail."),
    (
        "TIERWISE_AUDIT_KEY",
        "",
        "The secret that the audit trail is sealed with, 16 characters or more; after a comma, those that it was sealed with before.",
    ),
    ("TIERWISE_LANGUAGE", "en", "The language of the command line: en or zh."),
    ("TIERWISE_API_RATE", "120000", "Requests per minute that a key may send to the HTTP API, per server process."),
    ("TIERWISE_API_HEAVY_RATE", "120", "Simulations and exports per minute that a key may ask the HTTP API for, per server process."),
    (
        "TIERWISE_WEBHOOK_NETWORKS",
        "",
        "Networks inside that webhooks may reach, such as 10.1.0.0/16, separated by commas; none when empty.",
    ),
    ("TIERWISE_SESSION_IDLE_MINUTES", "60", "After how many minutes without use a person is signed out."),
    ("TIERWISE_SESSION_HOURS", "12", "After how many hours a person is signed out in any case."),
    (
        "TIERWISE_RETENTION_DAYS",
        "90",
        "After how many days tierwise retention removes webhook deliveries, their events, and sessions that are over.",
    ),
    (
        "TIERWISE_SMTP_URL",
        "",
        "The mail server of care plans and acknowledgements: smtp://user:password@host:port, or smtps://; no e-mail is sent when empty.",
    ),
    ("TIERWISE_SMTP_FROM", "", "The sender of these e-mails, such as Care <care@example.com>."),
    ("TIERWISE_QUIET_HOURS", "21:00-09:00", "When care plans send nothing, in the business time zone; no for never quiet."),
    ("TIERWISE_HOST", "127.0.0.1", "The address that tierwise serve listens on; 0.0.0.0 is every network of the machine."),
    ("TIERWISE_PORT", "8350", "The port that tierwise serve listens on."),
    (
        "TIERWISE_SECRET_KEY",
        "",
        "What signs cookies, at least 32 characters; when empty, one is made and kept beside the store, readable by its owner only.",
    ),
    ("TIERWISE_HTTPS", "no", "Say yes when browsers reach the console by HTTPS: cookies are then never sent without it."),
    ("TIERWISE_PROXIES", "0", "How many proxies of one's own stand before the console and set X-Forwarded-For; 0 believes no such header."),
)


SECRETS = frozenset({"TIERWISE_AUDIT_KEY", "TIERWISE_SECRET_KEY", "TIERWISE_SMTP_URL"})
"""Settings whose values are never shown."""


HELP_ZH: Mapping[str, str] = {
    "TIERWISE_DATABASE_URL": "数据库地址：sqlite:///文件 或 postgresql://用户:密码@主机/名称。",
    "TIERWISE_TIMEZONE": "业务时区，创建数据库时确定。",
    "TIERWISE_CURRENCY": "业务币种，创建数据库时确定。",
    "TIERWISE_MINOR_DIGITS": "业务币种的小数位数（日元为 0）。",
    "TIERWISE_PLUGINS_DIR": "存放自有插件文件的文件夹。插件是代码，仅运维人员可写入。",
    "TIERWISE_BLOCKED_PLUGINS": "不加载的插件名称，以逗号分隔。",
    "TIERWISE_CACHE_DIR": "特征文件的存放位置；留空时位于 SQLite 数据库旁。",
    "TIERWISE_ACTOR": "命令行上的操作人；留空时为登录名。",
    "TIERWISE_FOUR_EYES": "规则是否需要第二人审批：on 或 off。切换会写入审计记录。",
    "TIERWISE_AUDIT_KEY": "为审计记录加密封的密钥，至少 16 个字符；逗号之后为以前使用过的密钥。",
    "TIERWISE_LANGUAGE": "命令行语言：en 或 zh。",
    "TIERWISE_API_RATE": "每个密钥每分钟可向 HTTP API 发送的请求数（按服务进程计）。",
    "TIERWISE_API_HEAVY_RATE": "每个密钥每分钟可请求的模拟与导出次数（按服务进程计）。",
    "TIERWISE_WEBHOOK_NETWORKS": "允许 Webhook 访问的内部网络，例如 10.1.0.0/16，以逗号分隔；留空则一律不允许。",
    "TIERWISE_SESSION_IDLE_MINUTES": "多少分钟未使用后自动退出登录。",
    "TIERWISE_SESSION_HOURS": "登录多少小时后必须重新登录。",
    "TIERWISE_RETENTION_DAYS": "tierwise retention 在多少天后清除 Webhook 投递记录、相应事件以及已结束的会话。",
    "TIERWISE_SMTP_URL": "关怀计划与自动确认使用的邮件服务器：smtp://用户:密码@主机:端口，或 smtps://；留空则不发邮件。",
    "TIERWISE_SMTP_FROM": "邮件的发件人，例如 Care <care@example.com>。",
    "TIERWISE_QUIET_HOURS": "关怀计划不发送消息的时段（业务时区）；no 表示不设免打扰时段。",
    "TIERWISE_HOST": "tierwise serve 监听的地址；0.0.0.0 为本机所有网络。",
    "TIERWISE_PORT": "tierwise serve 监听的端口。",
    "TIERWISE_SECRET_KEY": "用于签名 Cookie，至少 32 个字符；留空时自动生成并存放在数据库旁，仅所有者可读。",
    "TIERWISE_HTTPS": "浏览器以 HTTPS 访问控制台时设为 yes，Cookie 便只经 HTTPS 发送。",
    "TIERWISE_PROXIES": "控制台前有几层自有代理会设置 X-Forwarded-For；0 表示不采信该标头。",
}
"""The help of each setting in Chinese."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings after checking; see `SETTINGS` for what each is. given: the names of those that were set, not defaulted.

    authenticated: whether the actor proved who it is; only a server that asked for a password or key says so.
    session_idle, session_longest, retention: seconds. api_rate, api_heavy_rate: requests per minute and key.
    """

    database_url: str
    timezone: ZoneInfo
    currency: str
    minor_digits: int
    plugins_dir: Path | None
    blocked_plugins: tuple[str, ...]
    cache_dir: Path | None
    actor: str
    language: str
    host: str = "127.0.0.1"
    port: int = 8350
    secret_key: str = field(default="", repr=False)
    https: bool = False
    proxies: int = 0
    given: frozenset[str] = frozenset()
    authenticated: bool = False
    session_idle: int = 3_600
    session_longest: int = 43_200
    four_eyes: bool = True
    audit_keys: tuple[str, ...] = field(default=(), repr=False)
    api_rate: int = 120_000
    api_heavy_rate: int = 120
    webhook_networks: tuple[str, ...] = ()
    retention: int = 7_776_000
    smtp_url: str = field(default="", repr=False)
    smtp_from: str = ""
    quiet_hours: tuple[int, int] | None = (1_260, 540)

    @classmethod
    def read(cls, **overrides: str | None) -> Settings:
        """Read the environment; keyword arguments (database_url=...) win. Raises `TierwiseError` naming the setting."""
        env = Env(prefix="TIERWISE_")
        defaults = {name.removeprefix("TIERWISE_").lower(): default for name, default, _ in SETTINGS}
        raw: Mapping[str, str] = {
            key: str(overrides[key]) if overrides.get(key) is not None else env.str(key.upper(), default) or default
            for key, default in defaults.items()
        }
        folder = raw["plugins_dir"]
        if folder and not Path(folder).is_dir():
            raise TierwiseError(f"TIERWISE_PLUGINS_DIR: {folder} is not a folder")
        return cls(
            database_url=raw["database_url"],
            timezone=_zone(raw["timezone"]),
            currency=_checked("CURRENCY", raw["currency"].upper(), validate.Regexp(r"^[A-Z]{3}\Z", error="three letters, such as CNY")),
            minor_digits=_digits(raw["minor_digits"]),
            plugins_dir=Path(folder) if folder else None,
            blocked_plugins=tuple(name.strip() for name in raw["blocked_plugins"].split(",") if name.strip()),
            cache_dir=Path(raw["cache_dir"]) if raw["cache_dir"] else None,
            actor=raw["actor"] or _login(),
            four_eyes=_checked("FOUR_EYES", raw["four_eyes"].lower(), validate.OneOf(["on", "off"], error="on or off")) == "on",
            audit_keys=_keys(raw["audit_key"]),
            language=_checked("LANGUAGE", raw["language"][:2].lower(), validate.OneOf(["en", "zh"], error="en or zh")),
            api_rate=_whole("API_RATE", raw["api_rate"], 1, 100_000_000),
            webhook_networks=_networks(raw["webhook_networks"]),
            api_heavy_rate=_whole("API_HEAVY_RATE", raw["api_heavy_rate"], 1, 100_000_000),
            session_idle=60 * _whole("SESSION_IDLE_MINUTES", raw["session_idle_minutes"], 1, 10_080),
            session_longest=3_600 * _whole("SESSION_HOURS", raw["session_hours"], 1, 8_760),
            retention=86_400 * _whole("RETENTION_DAYS", raw["retention_days"], 1, 36_500),
            smtp_url=_smtp(raw["smtp_url"], raw["smtp_from"]),
            smtp_from=raw["smtp_from"],
            quiet_hours=_hours(raw["quiet_hours"]),
            host=raw["host"],
            port=_whole("PORT", raw["port"], 1, 65535),
            secret_key=raw["secret_key"],
            https=_yes("HTTPS", raw["https"]),
            proxies=_whole("PROXIES", raw["proxies"], 0, 9),
            given=frozenset(key for key in defaults if overrides.get(key) is not None or env.str(key.upper(), "")),
        )


def _zone(name: str) -> ZoneInfo:
    if name not in available_timezones():
        raise TierwiseError(f"TIERWISE_TIMEZONE: {name!r} is not a time zone; {did_you_mean(name, available_timezones())}".rstrip("; "))
    return ZoneInfo(name)


def _keys(text: str) -> tuple[str, ...]:
    keys = tuple(key.strip() for key in text.split(",") if key.strip())
    if any(len(key) < 16 for key in keys):
        raise TierwiseError("TIERWISE_AUDIT_KEY: found a key of fewer than 16 characters; make one with: openssl rand -hex 32")
    return keys


def _smtp(url: str, sender: str) -> str:
    parts = urlsplit(url)
    if url and (parts.scheme not in ("smtp", "smtps") or not parts.hostname):
        raise TierwiseError("TIERWISE_SMTP_URL: expected smtp://user:password@host:port or smtps://user:password@host:port")
    if url and "@" not in sender:
        raise TierwiseError("TIERWISE_SMTP_FROM: a mail server needs a sender, such as Care <care@example.com>")
    return url


def _hours(text: str) -> tuple[int, int] | None:
    """Minutes since 00:00 of the beginning and the end; None for no."""
    if text.lower() == "no":
        return None
    found = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)", text, re.ASCII)
    if found is None:
        raise TierwiseError(f"TIERWISE_QUIET_HOURS: found {text!r}; expected hours such as 21:00-09:00, or no")
    start, start_minute, end, end_minute = map(int, found.groups())
    return start * 60 + start_minute, end * 60 + end_minute


def _digits(text: str) -> int:
    if text not in ("0", "1", "2", "3", "4"):
        raise TierwiseError(f"TIERWISE_MINOR_DIGITS: found {text!r}; expected a digit from 0 to 4")
    return int(text)


def _networks(text: str) -> tuple[str, ...]:
    found = [part.strip() for part in text.split(",") if part.strip()]
    for part in found:
        try:
            ipaddress.ip_network(part)
        except ValueError as error:
            raise TierwiseError(f"TIERWISE_WEBHOOK_NETWORKS: {error}; expected networks such as 10.1.0.0/16") from None
    return tuple(found)


def _whole(name: str, text: str, least: int, most: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most):
        raise TierwiseError(f"TIERWISE_{name}: found {text!r}; expected a whole number from {least} to {most}")
    return int(text)

    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise TierwiseError(f"TIERWISE_{name}: found {text!r}; expected a number from {least} to {most}")
    return int(text)


def _yes(name: str, text: str) -> bool:
    words = {"yes": True, "true": True, "1": True, "on": True, "no": False, "false": False, "0": False, "off": False}
    if text.lower() not in words:
        raise TierwiseError(f"TIERWISE_{name}: found {text!r}; expected yes or no")
    return words[text.lower()]


def _checked(name: str, value: str, validator: validate.Validator) -> str:
    try:
        validator(value)
    except ValidationError as error:
        raise TierwiseError(f"TIERWISE_{name}: found {value!r}; expected {error.messages[0]}") from None
    return value


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
