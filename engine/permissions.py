"""Who may do what: areas, roles, and the scopes of keys. Data only; `engine.people` applies it.

An area is read and written by separate permissions. A person has every permission of any of its roles; a key has those
that both its scopes and its user's roles give.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.errors import PeopleError, did_you_mean
from engine.texts import Text

AREAS: Mapping[str, Text] = {
    "rules": Text("Rulebooks and drafts", "规则手册与草稿"),
    "reviews": Text("Approval and publishing", "审批与发布"),
    "results": Text("Results and evaluation", "结果与评估"),
    "customers": Text("Customers", "客户"),
    "personal_data": Text("Personal data, unmasked", "未脱敏的个人信息"),
    "runs": Text("Runs and schedules", "运行与计划"),
    "imports": Text("Facts and imports", "事实与导入"),
    "plugins": Text("Plugins", "插件"),
    "jobs": Text("Jobs", "后台任务"),
    "people": Text("Users, keys and sessions", "用户、密钥与会话"),
    "audit": Text("Audit trail and exports", "审计记录与导出记录"),
    "settings": Text("Settings and webhooks", "设置与 Webhook"),
    "service": Text("Service", "服务"),
    "loyalty": Text("Loyalty", "会员忠诚度"),
}
"""What permissions are about, in the order in which they are shown."""

READ, WRITE = "read", "write"

Grants = Mapping[str, frozenset[str]]
"""Area to the permissions in it: read, write, both, or none."""


@dataclass(frozen=True, slots=True)
class Role:
    """A role as it ships: its title, and what it may read and write."""

    key: str
    title: Text
    reads: tuple[str, ...]
    writes: tuple[str, ...] = ()

    @property
    def grants(self) -> Grants:
        """Area to permissions."""
        both = ((READ, self.reads), (WRITE, self.writes))
        return {area: frozenset(permission for permission, areas in both if area in areas) for area in AREAS}


_LOOK = ("rules", "reviews", "results", "customers", "runs", "plugins", "service", "loyalty")

ROLES: Mapping[str, Role] = {
    role.key: role
    for role in (
        Role("viewer", Text("Viewer", "查看者"), _LOOK),
        Role("analyst", Text("Analyst", "分析员"), (*_LOOK, "personal_data", "imports", "jobs"), ("runs", "imports", "jobs")),
        Role("rule_author", Text("Rule author", "规则编写者"), (*_LOOK, "imports", "jobs"), ("rules", "runs", "jobs")),
        Role("approver", Text("Approver", "审批者"), (*_LOOK, "imports", "jobs", "audit"), ("reviews", "runs", "jobs")),
        Role(
            "service",
            Text("Service", "客服"),
            ("rules", "results", "customers", "personal_data", "runs", "imports", "plugins", "service", "loyalty"),
            ("customers", "imports", "service", "loyalty"),
        ),
        Role("administrator", Text("Administrator", "管理员"), tuple(AREAS), tuple(AREAS)),
    )
}
"""The roles, from the one that may least to the one that may everything."""

REACHES: Mapping[str, Text] = {
    "all": Text("All customers", "全部客户"),
    "unit": Text("Customers of the unit", "本单位客户"),
    "own": Text("Own customers", "本人客户"),
}
"""Whose customers a person sees."""

SCOPES = tuple(f"{area}:{permission}" for area in AREAS for permission in (READ, WRITE))
"""What a key may be given."""


def check_roles(roles: Iterable[str]) -> tuple[str, ...]:
    """The roles in their order, each once. Raises `PeopleError` for an unknown one."""
    return _known("role", roles, ROLES)


def check_scopes(scopes: Iterable[str]) -> tuple[str, ...]:
    """The scopes in their order, each once; `area` alone means reading and writing. Raises `PeopleError`."""
    spelt = [each for scope in scopes for each in ([f"{scope}:{READ}", f"{scope}:{WRITE}"] if scope in AREAS else [scope])]
    return _known("scope", spelt, SCOPES)


def check_area(area: str) -> str:
    """The area. Raises `PeopleError` for an unknown one."""
    return _known("area", [area], AREAS)[0]


def _known(kind: str, given: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
    wanted, names = list(given), list(known)
    for name in wanted:
        if name not in names:
            hint = did_you_mean(str(name), names) or f"expected some of {', '.join(names)}"
            raise PeopleError(f"there is no {kind} {name!r}; {hint}")
    return tuple(name for name in names if name in wanted)


def granted(roles: Iterable[str], changed: Mapping[tuple[str, str], frozenset[str]]) -> Grants:
    """What roles give together. changed: (role, area) to permissions that an administrator set instead of the shipped ones."""
    shipped = {role: ROLES[role].grants for role in roles if role in ROLES}
    return {area: frozenset().union(*(changed.get((role, area), grants[area]) for role, grants in shipped.items())) for area in AREAS}
