"""Tierwise: grade every stored customer by policies that are plugins.

For plugin authors: `Policy`, `Params`, `Output`, `Label`, `Reason`, `Picture`, `Text`, `Codes`, `Feature`, `bands`,
`editors`, `hookimpl`; `Measured`, `Interval` and `Named` for reasons with units and titles; `TableRules`, `ConditionRules` and `ColumnKind` for policies made of rules; `Scale` for cuts; `levels` for what a label promises; `Days` for what a policy makes of a history; and `engine.testing`,
which proves a policy keeps the contract.
For integrators: `Engine.open(url)` and the errors below `TierwiseError`; `Condition` and `DecisionTable` without a store.
For us: the map of the modules is docs/explanation/architecture.md.

Names are loaded when first used: `import engine` must load neither SQLAlchemy nor Flask, and the reader process may not
hold a second SQLite library.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from engine._version import __version__

if TYPE_CHECKING:
    from engine import bands, editors, levels
    from engine.catalogue import Feature
    from engine.columns import Codes, Columns
    from engine.conditions import Condition
    from engine.errors import (
        ApprovalNeeded,
        CalendarError,
        CareError,
        DeskError,
        DraftError,
        FactError,
        Fault,
        FeatureError,
        FixedValueError,
        InteractionError,
        ManagerError,
        MustChoose,
        NotAllowed,
        PeopleError,
        PluginError,
        PointsError,
        PolicyFault,
        RulebookError,
        RunError,
        StaleDraft,
        StoreError,
        TaskError,
        TicketError,
        TierwiseError,
        TooManyTries,
        UnknownCustomer,
    )
    from engine.folds import Days
    from engine.hookspecs import hookimpl
    from engine.kinds import ColumnKind
    from engine.loyalty.earning import Campaign, Earning
    from engine.loyalty.offers import Offer
    from engine.loyalty.programme import MemberLevel, Programme
    from engine.policy import Label, Output, Params, Picture, Policy, Reason, Text
    from engine.quantities import Interval, Measured, Named
    from engine.rule_sets import ConditionRules, RuleSet, TableRules
    from engine.scales import Scale
    from engine.service import Engine
    from engine.tables import DecisionTable

_HOME = {
    "DeskError": "engine.errors",
    "TicketError": "engine.errors",
    "ApprovalNeeded": "engine.errors",
    "Campaign": "engine.loyalty.earning",
    "Codes": "engine.columns",
    "ColumnKind": "engine.kinds",
    "Columns": "engine.columns",
    "Condition": "engine.conditions",
    "ConditionRules": "engine.rule_sets",
    "Days": "engine.folds",
    "DecisionTable": "engine.tables",
    "Earning": "engine.loyalty.earning",
    "Engine": "engine.service",
    "DraftError": "engine.errors",
    "FactError": "engine.errors",
    "Fault": "engine.errors",
    "Feature": "engine.catalogue",
    "FeatureError": "engine.errors",
    "CalendarError": "engine.errors",
    "CareError": "engine.errors",
    "ManagerError": "engine.errors",
    "TaskError": "engine.errors",
    "FixedValueError": "engine.errors",
    "InteractionError": "engine.errors",
    "Interval": "engine.quantities",
    "Label": "engine.policy",
    "NotAllowed": "engine.errors",
    "Measured": "engine.quantities",
    "MemberLevel": "engine.loyalty.programme",
    "MustChoose": "engine.errors",
    "Named": "engine.quantities",
    "Offer": "engine.loyalty.offers",
    "Output": "engine.policy",
    "Params": "engine.policy",
    "PeopleError": "engine.errors",
    "Picture": "engine.policy",
    "PluginError": "engine.errors",
    "Policy": "engine.policy",
    "PointsError": "engine.errors",
    "Programme": "engine.loyalty.programme",
    "PolicyFault": "engine.errors",
    "Reason": "engine.policy",
    "RuleSet": "engine.rule_sets",
    "RulebookError": "engine.errors",
    "RunError": "engine.errors",
    "Scale": "engine.scales",
    "StaleDraft": "engine.errors",
    "StoreError": "engine.errors",
    "TableRules": "engine.rule_sets",
    "Text": "engine.policy",
    "TierwiseError": "engine.errors",
    "TooManyTries": "engine.errors",
    "UnknownCustomer": "engine.errors",
    "hookimpl": "engine.hookspecs",
}

__all__ = [
    "ApprovalNeeded",
    "CalendarError",
    "Campaign",
    "CareError",
    "Codes",
    "ColumnKind",
    "Columns",
    "Condition",
    "ConditionRules",
    "Days",
    "DecisionTable",
    "DeskError",
    "DraftError",
    "Earning",
    "Engine",
    "FactError",
    "Fault",
    "Feature",
    "FeatureError",
    "FixedValueError",
    "InteractionError",
    "Interval",
    "Label",
    "ManagerError",
    "Measured",
    "MemberLevel",
    "MustChoose",
    "Named",
    "NotAllowed",
    "Offer",
    "Output",
    "Params",
    "PeopleError",
    "Picture",
    "PluginError",
    "PointsError",
    "Policy",
    "PolicyFault",
    "Programme",
    "Reason",
    "RuleSet",
    "RulebookError",
    "RunError",
    "Scale",
    "StaleDraft",
    "StoreError",
    "TableRules",
    "TaskError",
    "Text",
    "TicketError",
    "TierwiseError",
    "TooManyTries",
    "UnknownCustomer",
    "__version__",
    "bands",
    "editors",
    "hookimpl",
    "levels",
]


def __getattr__(name: str) -> Any:
    if name in ("bands", "editors", "levels"):
        return importlib.import_module(f"engine.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'engine' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)
