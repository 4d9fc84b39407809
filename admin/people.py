"""How people are shown: their initials, their roles in words."""

from __future__ import annotations

from typing import Any

from admin.words import t

ROLES = {
    "viewer": ("Viewer", "查看者"),
    "analyst": ("Analyst", "分析员"),
    "rule_author": ("Rule author", "规则编写者"),
    "approver": ("Approver", "审批者"),
    "service": ("Service", "客服"),
    "administrator": ("Administrator", "管理员"),
}


def roles_of(user: Any) -> str:
    """The roles of a user in the reader's language."""
    return t(", ", "、").join(t(*ROLES[role]) if role in ROLES else role for role in user.roles) or t("no role", "无角色")


def initials(user: Any) -> str:
    """Two letters, or the last two characters of a Chinese name."""
    name = str(user.display_name).strip()
    if not name.isascii() and " " not in name:
        return name[-2:] if len(name) < 4 else name[:1]
    words = name.replace(".", " ").replace("_", " ").split()
    return (words[0][:1] + (words[-1][:1] if len(words) > 1 else words[0][1:2])).upper()
