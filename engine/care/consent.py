"""What customers said about being written to, and whether it is enough."""

from __future__ import annotations

CONSENTS = ("required", "unless_refused", "none")
"""Rules: only who agreed; all but who refused; all."""

YES, NO = ("yes", "y", "true", "1", "是", "同意"), ("no", "n", "false", "0", "否", "不同意")


def heard(said: str | None) -> int:
    """1 for yes, 0 for no, -1 for nothing that is either."""
    word = "" if said is None else said.strip().casefold()
    return 1 if word in YES else 0 if word in NO else -1


def agrees(said: str | None, rule: str) -> bool:
    """Whether what a customer said is enough for a rule of `CONSENTS`."""
    return rule == "none" or (heard(said) == 1 if rule == "required" else heard(said) != 0)
