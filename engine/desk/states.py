"""The states of a ticket and the ways between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.errors import TicketError, did_you_mean
from engine.texts import Text

OPEN, WORKED, RESOLVED, CLOSED, REOPENED = "open", "in_progress", "resolved", "closed", "reopened"
CUSTOMER, THIRD_PARTY = "waiting_customer", "waiting_third_party"
WAITING = (CUSTOMER, THIRD_PARTY)
ENDED = (RESOLVED, CLOSED)


@dataclass(frozen=True, slots=True)
class State:
    """A state: its title, and those that may follow."""

    title: Text
    then: tuple[str, ...]


STATES: Mapping[str, State] = {
    OPEN: State(Text("Open", "待处理"), (WORKED, *WAITING, RESOLVED)),
    WORKED: State(Text("In progress", "处理中"), (*WAITING, RESOLVED)),
    CUSTOMER: State(Text("Waiting for the customer", "等待客户"), (WORKED, THIRD_PARTY, RESOLVED)),
    THIRD_PARTY: State(Text("Waiting for others", "等待第三方"), (WORKED, CUSTOMER, RESOLVED)),
    RESOLVED: State(Text("Resolved", "已解决"), (CLOSED, REOPENED)),
    CLOSED: State(Text("Closed", "已关闭"), (REOPENED,)),
    REOPENED: State(Text("Reopened", "已重新打开"), (WORKED, *WAITING, RESOLVED)),
}
"""Every state by key, from the opening on."""

LIVE = tuple(state for state in STATES if state not in ENDED)
"""States in which somebody has still to do something."""


def check_move(number: int, was: str, state: str) -> None:
    """Raises `TicketError` for a state that is none, or that does not follow."""
    if state not in STATES:
        raise TicketError(f"there is no state {str(state)[:40]!r}; {did_you_mean(str(state), STATES) or 'states are ' + ', '.join(STATES)}")
    if state not in STATES[was].then:
        raise TicketError(f"ticket {number} is {was}, from which it cannot become {state}; it can become {', '.join(STATES[was].then)}")
