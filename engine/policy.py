"""What a plugin author subclasses: a policy, its parameters, its outputs, its reasons and its pictures.

A policy type is a class; a configured policy is an instance of it, made from a rulebook entry. `fit` sees every
customer of the population once and returns what it learnt as JSON; `apply` treats each row alone. The engine does the
rest: features, missing inputs, order, partitions, storage, history, explanation, console.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

from marshmallow import RAISE, Schema, ValidationError

from engine.columns import Columns
from engine.errors import Fault, PluginError
from engine.texts import Text as Text  # handed on: plugins and half of the engine know it from here

if TYPE_CHECKING:
    from engine.catalogue import Feature
    from engine.kinds import ColumnKind
    from engine.levels import ServiceLevel
    from engine.loyalty.earning import Earning
    from engine.loyalty.offers import Offer
    from engine.loyalty.programme import Programme
    from engine.rule_sets import RuleSet
    from engine.scales import Scale

CONTRACT = 1
"""The number of the plugin contract that this engine speaks."""

KEY = re.compile(r"[a-z][a-z0-9_]*\Z")

State: TypeAlias = Mapping[str, Any]
"""What `fit` learnt, as JSON: text keys; numbers, texts, lists, objects."""


@dataclass(frozen=True, slots=True)
class Label:
    """One value of a label output. `key` is stable and stored; title and colour are presentation.

    step: the colour step of the ordered scale, 1 (best) to 8; None lets the console spread the labels evenly.
    """

    key: str
    title: Text
    step: int | None = None


Kind: TypeAlias = Literal["label", "flag", "score", "amount", "date", "set"]


@dataclass(frozen=True, slots=True)
class Output:
    """A column that a policy produces, addressed `<policy key>.<name>`.

    kind: "label" (one of `labels`, best first), "flag" (True, False, missing), "score" and "amount" (rounded to
        `decimals` before anybody sees them), "date", "set" (any of at most 64 labels, as bits of a uint64).
    Only labels and flags have history rows: a score moves for everyone every day (ENGINE 4), so it lives in the
    run's block alone; so does a label or flag with `history=False`, for a fine code that moves as often.
    minimum, maximum, step: what values can occur; verification leaves out the gaps between them.
    """

    name: str
    kind: Kind = "label"
    labels: tuple[Label, ...] = ()
    title: Text | None = None
    unit: str = ""
    decimals: int = 4
    minimum: float | None = None
    maximum: float | None = None
    history: bool = True

    def __post_init__(self) -> None:
        if not KEY.match(self.name):
            raise PluginError(f"output name {self.name!r} must be lower-case letters, digits and _")
        if self.kind in ("label", "set") and not self.labels:
            raise PluginError(f"output {self.name!r} is a {self.kind} and declares no labels")
        keys = [label.key for label in self.labels]
        if len(set(keys)) < len(keys):
            raise PluginError(f"output {self.name!r} declares a label twice: {', '.join(keys)}")
        if self.kind == "set" and len(keys) > 64:
            raise PluginError(f"output {self.name!r} is a set of {len(keys)} labels; at most 64 fit")

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the labels, in order."""
        return tuple(label.key for label in self.labels)

    @property
    def has_history(self) -> bool:
        """Whether moves of this output are kept as changes and shown as an assignment."""
        return self.history and self.kind in ("label", "flag")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an assignment has its value, or why there is none. `key` is stable; `text` may use {names} of `values`."""

    key: str
    text: Text
    values: Mapping[str, Any] | None = None


PictureKind: TypeAlias = Literal["heat map", "cumulative curve", "funnel", "distribution", "treemap", "flow"]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that console, report and command line draw for a policy.

    data: (columns, state) -> small columns of equal length, computed over all customers. `columns` holds the policy's
        inputs, its own outputs under their bare names, and every input of `needs` that the store offers.
        The names of the small columns say their role: "x", "y", "label", "customers", "amount", "share", "bound", "value",
        "was", "now"; "x_from" and "x_below", "x_above" and "x_up_to" (and the same of y) say where a step begins and ends.
    of: role -> the own output or the input whose values stand there: it gives the axis a title and a unit, and lets a
        reader open the customers behind a mark. Without it, labels are looked for among the own outputs.
    """

    kind: PictureKind
    name: str
    title: Text
    data: Callable[[Columns, State], Mapping[str, Any]]
    needs: tuple[str, ...] = ()
    of: Mapping[str, str] = field(default_factory=dict)


class Params(Schema):
    """The parameters of a policy type: defaults, bounds, choices and cross-field checks, as a marshmallow schema.

    It alone decides what is valid; the console form, the JSON Schema, the docs page and the messages come from it.
    Unknown keys are refused. Each field may carry `metadata={"title": Text, "help": Text, "unit": str, "editor": one
    of "bands", "table", "condition", "segments", "weights", "labels", "grid", "column", "title", "key", "step", "scalar", "choices": value -> Text, "only": other parameter -> the values
    with which this one counts}`.
    """

    class Meta:
        unknown = RAISE


class Policy:
    """A policy type. Subclass it, fill in the class attributes, and implement `inputs`, `outputs` and `apply`.

    name: the type's name in rulebooks, unique among all plugins.
    version: raise it whenever results change for the same inputs; states and digests are promised per version.
    params: the validated parameters, as attributes.
    """

    name: ClassVar[str]
    family: ClassVar[str] = "segmentation"
    title: ClassVar[Text]
    help: ClassVar[Text]
    version: ClassVar[int] = 1
    contract: ClassVar[int] = CONTRACT
    graded_by: ClassVar[tuple[str, ...]] = ()
    Params: ClassVar[type[Params]] = Params

    def __init__(self, params: Mapping[str, Any] | None = None) -> None:
        """Validate `params` and keep them. Raises `marshmallow.ValidationError` with every wrong field."""
        loaded = self.Params().load(dict(params or {}))
        self.params = SimpleNamespace(**loaded)

    @classmethod
    def full_params(cls, params: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters with every default written out, as JSON. Raises `marshmallow.ValidationError`."""
        schema = cls.Params()
        dumped = schema.dump(schema.load(dict(params)))
        if not isinstance(dumped, dict):
            raise ValidationError("parameters must be an object")
        return dumped

    @classmethod
    def upgrade(cls, params: Mapping[str, Any], from_version: int) -> dict[str, Any]:
        """Rewrite parameters that were saved for an older version of this policy type."""
        return dict(params)

    def inputs(self) -> tuple[str, ...]:
        """Names of features, of other policies' outputs, or `previous.<policy>.<output>`; `name?` may be missing."""
        raise NotImplementedError

    def features(self) -> tuple[Feature, ...]:
        """Features that follow from the parameters, named `history.*`: what a fold makes of each customer's days. Optional.

        Policies may declare the same feature twice; equal names must mean the same, so let a name hold what decides it.
        """
        return ()

    def outputs(self) -> tuple[Output, ...]:
        """The columns that `apply` returns."""
        raise NotImplementedError

    def reasons(self) -> tuple[Reason, ...]:
        """Why this policy itself withholds a row: the optional int8 column "withheld" of `apply` indexes these."""
        return ()

    def scales(self) -> Mapping[str, Scale]:
        """Parameter of cuts -> what they divide. Optional: the console draws the cuts over the histogram of it."""
        return {}

    def rule_sets(self) -> tuple[RuleSet, ...]:
        """The rules that people wrote in the parameters: checked against the columns, verified, their hits counted. Optional."""
        return ()

    def check(self, kinds: Mapping[str, ColumnKind]) -> Sequence[Fault]:
        """Compare the parameters with what the columns hold; a fault's place begins with the parameter.

        kinds: of every input, sets aside, and of the own outputs under their bare names. The default checks every rule set.
        """
        return [fault for rules in self.rule_sets() for fault in rules.check(kinds)]

    def earning(self) -> Earning | None:
        """What sales earn, for the points ledger; None for a policy that is not about points. Optional."""
        return None

    def membership(self) -> Programme | None:
        """The levels of members with their rights; None for a policy without members. Optional.

        Its outputs are then called as those of `plugins.membership`: level, qualifying, to_next, falls_on and so on.
        """
        return None

    def service_levels(self) -> Mapping[str, Sequence[ServiceLevel]]:
        """Label output -> what each of its labels promises to customers, best first. Optional: the service desk keeps it."""
        return {}

    def offers(self, minor_digits: int) -> tuple[Offer, ...]:
        """The offers that are reckoned on baskets, money in minor units; empty for a policy that is not about offers. Optional.

        Such a policy has one set output, whose labels are the keys of the offers, and explains each in their order.
        """
        return ()

    def pictures(self) -> tuple[Picture, ...]:
        """The pictures that show this policy's result."""
        return ()

    def fit(self, columns: Columns) -> State | None:
        """Learn from all complete rows of the population, in the order of the customers' key hashes."""
        return None

    def apply(self, columns: Columns, state: State | None) -> Columns:
        """Compute the outputs, each row alone: no sum, mean, rank or product over rows.

        columns: the rows whose required inputs are all present.
        Returns a column per output. A label output is `Codes` over the label keys, or an integer array of positions
        in `labels`; -1 (or NaN, NaT) withholds the value. Two optional int columns beside the outputs: "withheld"
        (-1, or an index into `reasons()`; such a row has no value, whatever stands in its outputs) and "rule" (the
        position of the rule that decided, -1 for none).
        """
        raise NotImplementedError

    def explain(self, columns: Columns, state: State | None) -> list[Reason]:
        """Say why the single customer in `columns` (inputs and outputs, length 1) is where it is. Optional."""
        return []

    def verdicts(self, columns: Columns, state: State | None) -> Sequence[Mapping[str, Any]]:
        """Every rule that was looked at for the single customer in `columns`, with its verdict, as plain data.

        The default explains each rule set; docs/reference/explanation.md lists the forms that are shown.
        """
        return [rules.explain(columns) for rules in self.rule_sets()]

    def regrade(self, scores: Columns, state: State | None) -> Columns:
        """Return the label outputs that these own scores would give; for each name in `graded_by`. Optional.

        scores: own score outputs under their bare names. It lets a damping margin be one of the score.
        """
        raise NotImplementedError

    def bounds(self, state: State | None) -> Mapping[str, list[float]]:
        """Input name -> values at which the outcome may change. Optional: it makes "what would it take" exact."""
        return {}
