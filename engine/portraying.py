"""Draw the portrait of a label from what the store keeps: the outcomes of a run, and the inputs that it read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.columns import Column
from engine.errors import RunError, did_you_mean
from engine.portrait import Portrait, portrait
from engine.progress import Tell, silent
from engine.rulebook import Rulebook
from engine.run_report import REVENUE
from engine.simulate import FLAG_KEYS
from engine.store import outcomes
from engine.store.features import read_features
from engine.store.inputs import load_inputs
from engine.store.outcomes import RunRecord
from engine.store.session import Store


def portray(
    store: Store, record: RunRecord, rulebook: Rulebook, address: str, label: str, features: Sequence[str] = (), *, tell: Tell = silent
) -> Portrait:
    """Compare the customers with a label in a run with all others, by what the run read.

    features: further ones, read from the store as of the run's moment. Raises `RunError` for an unknown output or label,
    and when retention has removed the inputs of the run; `FeatureError` for an unknown feature.
    """
    declared = record.report["declared"]
    labelled = [one for one, about in declared.items() if about["kind"] in ("label", "flag")]
    if address not in labelled:
        hint = did_you_mean(address, labelled) or f"labels and flags are {', '.join(labelled)}"
        raise RunError(f"run {record.id} has no label {address!r}; {hint}")
    flag = declared[address]["kind"] == "flag"
    keys = FLAG_KEYS if flag else declared[address]["keys"]
    if label not in keys:
        raise RunError(f"{address} has no label {label!r}; {did_you_mean(label, keys) or 'it has ' + ', '.join(keys)}")
    tell("read", 0, None)
    with store.read() as connection:
        block = outcomes.load_block(connection, record.id)
        inputs = load_inputs(connection, record)
        ids = outcomes.all_labels(connection).get((address, record.report["types"][address]), {})
    if inputs is None:
        raise RunError(f"the inputs of run {record.id} are no longer kept; choose a later run")
    number = FLAG_KEYS.index(label) if flag else ids.get(label, -2)
    members = block.values[address] == number
    columns: dict[str, Column] = {REVENUE: inputs.columns[REVENUE], **inputs.columns}
    more = sorted(set(features) - set(columns))
    if more:
        table, _ = read_features(store, more, record.as_of, catalogue=rulebook.catalogue, keep=False)
        there = np.isin(block.customer_id, table.customer_id)
        order = np.argsort(table.customer_id, kind="stable")
        rows = order[np.searchsorted(table.customer_id, block.customer_id[there], sorter=order)]
        members = members[there]
        columns = {name: column[np.flatnonzero(there)] for name, column in columns.items()}
        columns |= {name: column[rows] for name, column in table.columns.items()}
    return portrait(members, columns, {name: rulebook.catalogue.resolve(name) for name in columns}, tell)
