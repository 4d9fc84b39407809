"""How long a message is: characters, bytes, and the parts in which a telephone network carries a short message.

GSM 03.38 (3GPP TS 23.038): a text of its alphabet has 160 characters in one part and 153 in each of several; any other is
UCS-2, with 70 and 67. Characters of its extension table, and those outside the basic plane in UCS-2, count twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("\f^{}\\[~]|€")
ONE, SEVERAL = {True: 160, False: 70}, {True: 153, False: 67}


def parts(text: str) -> int:
    """In how many parts a short message is sent; at least one."""
    plain = all(each in BASIC or each in EXTENDED for each in text)
    wide = [each in EXTENDED if plain else ord(each) > 0xFFFF for each in text]
    if len(text) + sum(wide) <= ONE[plain]:
        return 1
    used, count = 0, 1
    for each in wide:  # a character that takes two places is never split between parts
        used += 1 + each
        if used > SEVERAL[plain]:
            used, count = 1 + each, count + 1
    return count


MEASURES: Mapping[str, Callable[[str], int]] = {
    "characters": len,
    "bytes": lambda text: len(text.encode()),
    "parts": parts,
}


def over(text: str, limits: Mapping[str, int]) -> str | None:
    """The first limit that a text breaks, in words; None for a text that fits."""
    for name, most in limits.items():
        found = MEASURES[name](text)
        if found > most:
            return f"{found} {name}, and at most {most} are allowed"
    return None


def cut(text: str, limits: Mapping[str, int]) -> str:
    """As much of a text as fits, with … behind what is left out."""
    if over(text, limits) is None:
        return text
    low, high = 0, len(text)
    while low < high:  # longer texts are never shorter by any measure but the alphabet, which … settles
        middle = (low + high + 1) // 2
        if over(text[:middle].rstrip() + "…", limits) is None:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + "…" if low else ""
