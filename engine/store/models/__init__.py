"""The tables of the store, the same on SQLite and PostgreSQL.

Moments are UTC epoch seconds; days count from 1970-01-01 in the business time zone; money is integer minor units of
the business currency, unit prices are in 1/10,000, quantities in 1/1,000. Feature queries therefore select integers
only (ENGINE 10, 12). Texts that features read (region, channel, ...) are ids of `term`.

Every column says what kind of personal data it holds: `none`, `id` (points at a person), `contact`, `sensitive`,
`derived` (concluded about a person). A test refuses a column that does not say.
"""

from engine.store.models.base import SLOTS, Big, metadata, slot_name
from engine.store.models.care import care_act, care_message, gateway
from engine.store.models.exchange import delivery, event, feed, idempotency_key, webhook
from engine.store.models.facts import (
    REFUND,
    SALE,
    alias,
    custom_field,
    custom_value,
    customer,
    exchange_rate,
    fact_clock,
    former_fact,
    import_batch,
    order_line,
    orders,
    product,
    rejected_row,
    setting,
    source,
    term,
)
from engine.store.models.interactions import interaction
from engine.store.models.lists import saved_view, tag, tag_member
from engine.store.models.loyalty import points_account, points_act, points_day, points_entry, points_lot
from engine.store.models.managers import manager, ownership, service_document
from engine.store.models.outcomes import ASSIGNMENT_VIEW, block, change, current, label, label_summary, output, rule_hit, run, run_state
from engine.store.models.people import (
    api_key,
    export_log,
    role_permission,
    sign_in_attempt,
    user_account,
    user_role,
    user_session,
)
from engine.store.models.rewards import coupon, offer_account, offer_use, reward, reward_claim
from engine.store.models.rules import (
    audit_entry,
    draft,
    draft_comment,
    draft_edit,
    fixed_value,
    publication,
    review,
    rulebook_version,
    schedule,
)
from engine.store.models.service import desk_document, ticket, ticket_clock, ticket_event, ticket_letter, ticket_pause, ticket_step
from engine.store.models.tasks import task

__all__ = [
    "ASSIGNMENT_VIEW",
    "REFUND",
    "SALE",
    "SLOTS",
    "Big",
    "alias",
    "api_key",
    "audit_entry",
    "block",
    "care_act",
    "care_message",
    "change",
    "coupon",
    "current",
    "custom_field",
    "custom_value",
    "customer",
    "delivery",
    "desk_document",
    "draft",
    "draft_comment",
    "draft_edit",
    "event",
    "exchange_rate",
    "export_log",
    "fact_clock",
    "feed",
    "fixed_value",
    "former_fact",
    "gateway",
    "idempotency_key",
    "import_batch",
    "interaction",
    "label",
    "label_summary",
    "manager",
    "metadata",
    "offer_account",
    "offer_use",
    "order_line",
    "orders",
    "output",
    "ownership",
    "points_account",
    "points_act",
    "points_day",
    "points_entry",
    "points_lot",
    "product",
    "publication",
    "rejected_row",
    "review",
    "reward",
    "reward_claim",
    "role_permission",
    "rule_hit",
    "rulebook_version",
    "run",
    "run_state",
    "saved_view",
    "schedule",
    "service_document",
    "setting",
    "sign_in_attempt",
    "slot_name",
    "source",
    "tag",
    "tag_member",
    "task",
    "term",
    "ticket",
    "ticket_clock",
    "ticket_event",
    "ticket_letter",
    "ticket_pause",
    "ticket_step",
    "user_account",
    "user_role",
    "user_session",
    "webhook",
]
