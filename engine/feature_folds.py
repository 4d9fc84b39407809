"""Features that policies declare of their own: folds over the days of each customer, checked before anything is read."""

from __future__ import annotations

import re
from collections.abc import Sequence

from engine.catalogue import Catalogue, Feature
from engine.errors import FeatureError
from engine.feature_filters import checked_filter
from engine.folds import Fold

MEASURES = {"orders": ("", "amount", "net_amount", "cost"), "refunds": ("", "amount"), "points": ("",)}
"""What a fold may be given: of each source, the column that is summed up by day; without one, how many there are."""

_NAME = re.compile(r"history\.[a-z][a-z0-9_]*\Z")


def check_fold(feature: Feature) -> None:
    """Check a feature that a policy declares. Raises `FeatureError` saying what is wrong and what would be right."""
    if not isinstance(feature, Feature):
        raise FeatureError(f"features() returns {type(feature).__name__}; expected a tuple of Feature")
    if not _NAME.match(feature.name):
        raise FeatureError(f"feature {feature.name!r}: expected a name such as history.visits_1f3a, in lower-case letters, digits and _")
    if feature.aggregate != "fold" or not isinstance(feature.fold, Fold):
        raise FeatureError(f"feature {feature.name}: expected the aggregate 'fold', and an object with a method fold(days)")
    if feature.of not in MEASURES.get(feature.source, ()):
        listed = "; ".join(f"{source} of {', '.join(filter(None, of)) or 'nothing'}" for source, of in MEASURES.items())
        raise FeatureError(f"feature {feature.name}: {feature.source!r} of {feature.of!r}; expected {listed}")
    if feature.where is not None:
        checked_filter(feature.name, feature.where, feature.source)


def with_own(catalogue: Catalogue, features: Sequence[Feature]) -> Catalogue:
    """The catalogue and what a policy declares. Raises `FeatureError` when one name means two things."""
    new: list[Feature] = []
    for feature in features:
        check_fold(feature)
        if feature.name not in catalogue:
            new.append(feature)
        elif catalogue.resolve(feature.name) != feature:
            raise FeatureError(f"feature {feature.name} is declared twice with different meanings; let its name hold what decides it")
    return catalogue.with_features(new) if new else catalogue


__all__ = ["MEASURES", "check_fold", "with_own"]
