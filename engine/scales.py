"""Scales: what the cuts of a parameter cut, so that the console draws them over the customers they divide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from engine.policy import Label

Share: TypeAlias = Literal["", "amount", "customers"]


@dataclass(frozen=True, slots=True)
class Scale:
    """What a parameter of cuts divides.

    name: the input or the own output (under its bare name) whose values are cut.
    bands: what lies between the cuts, from the lowest value to the highest, one more than there are cuts; of shares from
        the best customer down. The key is the label, or the score as text, that `output` gives in this band.
    output: the own output that says in which band a customer is.
    equal: to which side a value belongs that is equal to a cut.
    share: the cuts are no values but cumulative shares, largest value first: of the amount, or of the customers.
    """

    name: str
    bands: tuple[Label, ...]
    output: str
    share: Share = ""
    equal: Literal["lower", "upper"] = "lower"
