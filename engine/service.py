"""The verbs of Tierwise: everything the command line, the console and the API can do goes through `Engine`.

from engine import Engine

with Engine.open("sqlite:///shop.db") as engine:
    engine.import_facts("orders.csv", "online-retail")
    engine.publish("starter")
    run = engine.run()
    print(run.outputs["rfm.segment"])
"""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict
from zoneinfo import ZoneInfo

from engine import runner
from engine.catalogue import Catalogue, Feature
from engine.clock import here
from engine.documents import Document
from engine.errors import FactError, Fault, RulebookError, RunError, TierwiseError, UnknownCustomer, did_you_mean
from engine.known import Known
from engine.moments import Moment, as_moment, month_starts, written
from engine.registry import PluginHealth, Registry, load_plugins
from engine.rooms import Room
from engine.rulebook import Rulebook, load_rulebook, nothing
from engine.rulebook_sources import RulebookSource, read_source
from engine.sandbox import synchronise
from engine.settings import Settings
from engine.store import audit, outcomes, rulebooks
from engine.store.drafts import note_four_eyes
from engine.store.facts import StoreSettings, fix_settings, store_settings
from engine.store.outcomes import RunRecord
from engine.store.rulebooks import Version
from engine.store.session import Store

if TYPE_CHECKING:
    import pandas as pd

    from engine.attainment import Attainment
    from engine.audit import Audit
    from engine.calendars import Calendars
    from engine.caring import Care
    from engine.comments import Comments
    from engine.customers import Customers
    from engine.difference_words import Change
    from engine.drafts import Drafts
    from engine.evaluate import Evaluation, Evaluator
    from engine.evidence import Evidence
    from engine.exchange import Exchange
    from engine.explaining import Explaining
    from engine.explanation import Explanation
    from engine.feed import Feed
    from engine.fixed_values import FixedValues
    from engine.forms import FormField
    from engine.gateways import Gateways
    from engine.inbox import Waiting
    from engine.insight import Insight
    from engine.installation import Installation
    from engine.interactions import Interactions
    from engine.jobs import Jobs
    from engine.managers import Managers
    from engine.membership import Membership
    from engine.offers import Offers
    from engine.overview import Overview
    from engine.people import People
    from engine.pictures import Pictures
    from engine.points import Points
    from engine.policy_types import PolicyType
    from engine.previews import Previews
    from engine.questions import Questions
    from engine.replay import Replay
    from engine.report import RunSummary
    from engine.retention import Retention
    from engine.rewards import Rewards
    from engine.rule_desk import RuleDesk
    from engine.rule_findings import RuleFinding
    from engine.sandbox import Sandbox
    from engine.schedules import Schedules
    from engine.service_desk import ServiceDesk
    from engine.simulation import Previewer, Simulation
    from engine.simulations import Simulations
    from engine.store.ingest import ImportReport, UndoReport
    from engine.store.ingest.assistant import FileView
    from engine.store.ingest.fields import Field
    from engine.store.sight import Sight
    from engine.tags import Tags
    from engine.tasks import Tasks
    from engine.tickets import Tickets
    from engine.views import Views
    from engine.webhooks import Webhooks


class Acting(TypedDict):
    """In whose name a verb acts, as the store's functions take it."""

    actor: str
    authenticated: bool


class Engine:
    """An open store with its plugins. Made by `Engine.open`; use it in `with`, or close it.

    Every verb raises a `TierwiseError` that says what is wrong and what would be right. Moments may be given as ISO
    text, datetime, date (00:00 in the business zone) or epoch seconds; None is now.
    """

    audit: Room[Audit] = Room("engine.audit:Audit", "Who did what: `audit.verify()`, `audit.entries(...)`.")
    attainment: Room[Attainment] = Room("engine.attainment:Attainment", "How well the promises about tickets are kept: `read`.")
    calendars: Room[Calendars] = Room(
        "engine.calendars:Calendars", "Stored calendars of working time, named by service levels: save, show, list, remove."
    )
    care: Room[Care] = Room("engine.caring:Care", "Care plans: `save`, `run`, `preview`, `effect`, `deliver`.")
    comments: Room[Comments] = Room("engine.comments:Comments", "What people say to each other about drafts: add, list, settle.")
    customers: Room[Customers] = Room("engine.customers:Customers", "Lists of customers: `list`, `count`, `find`, `export`.")
    desk: Room[ServiceDesk] = Room(
        "engine.service_desk:ServiceDesk",
        "How the service desk is set up: `setup`, `save_setup`, prepared answers, the levels that are live.",
    )
    drafts: Room[Drafts] = Room(
        "engine.drafts:Drafts",
        "Rulebooks on their way: `drafts.new()`, `edit`, `check`, `simulate`, `submit`, `approve`, `publish`, `rollback`.",
    )
    exchange: Room[Exchange] = Room("engine.exchange:Exchange", "What programs ask for: facts with an answer per row, suppositions, pages.")
    feed: Room[Feed] = Room("engine.feed:Feed", "What changes, page after page.")
    fixed_values: Room[FixedValues] = Room(
        "engine.fixed_values:FixedValues", "Outputs of single customers fixed by hand: request, approve, reject, withdraw, end, list."
    )
    gateways: Room[Gateways] = Room(
        "engine.gateways:Gateways", "Gateways for messages such as SMS and WeCom: `save`, `trial`, `messages`, `retry`."
    )
    insight: Room[Insight] = Room(
        "engine.insight:Insight",
        "What only the whole population can answer: why labels changed, the cut for a count, portraits, who falls when.",
    )
    interactions: Room[Interactions] = Room(
        "engine.interactions:Interactions", "What was said between us and customers: `add`, `of`, `import_file`, `void`."
    )
    jobs: Room[Jobs] = Room("engine.jobs:Jobs", "Long work: `submit`, `get`, `list`, `cancel`, `retry`.")
    managers: Room[Managers] = Room(
        "engine.managers:Managers", "Account managers and their customers: `add`, `assign`, `explain`, `claim`, `leave`, `capacity`."
    )
    offers: Room[Offers] = Room("engine.offers:Offers", "What a customer may save on a basket: `of`, `use`, `cancel`, `issue` codes.")
    membership: Room[Membership] = Room(
        "engine.membership:Membership", "The levels of members: `card` with rights, points and what is missing; `overview`."
    )
    pictures: Room[Pictures] = Room(
        "engine.pictures:Pictures",
        "What can be looked at: the pictures that policies declare, trends, flows between runs, who stands behind a mark.",
    )
    points: Room[Points] = Room(
        "engine.points:Points", "The points of members: `earn`, `redeem`, `cancel`, `reverse`, `balance`, `verify`."
    )
    previews: Room[Previews] = Room(
        "engine.previews:Previews", "Live previews of unsaved drafts, kept warm for all who act on this store: `preview(document)`."
    )
    questions: Room[Questions] = Room(
        "engine.questions:Questions",
        "The questions of `insight`, computed once for all who ask the same, by a job where it takes long: `ask`, `look`.",
    )
    retention: Room[Retention] = Room("engine.retention:Retention", "What grows without end: `due`, `remove`.")
    rewards: Room[Rewards] = Room("engine.rewards:Rewards", "What points buy: the catalogue, `reserve`, `confirm`, `cancel`, `claims`.")
    rules: Room[RuleDesk] = Room(
        "engine.rule_desk:RuleDesk",
        "Rules that are being written: what they may read, what they do to whom, what mends them, spreadsheets.",
    )
    schedules: Room[Schedules] = Room("engine.schedules:Schedules", "What happens by itself: runs and publications.")
    simulations: Room[Simulations] = Room(
        "engine.simulations:Simulations",
        "Simulations of drafts, remembered while nothing they rest on changes, and who is behind their numbers.",
    )
    sandbox: Room[Sandbox] = Room("engine.sandbox:Sandbox", "A store for trying things, and its clock: `clock`, `move`.")
    tags: Room[Tags] = Room(
        "engine.tags:Tags", "Tags and groups that people give to customers: `add`, `give`, `take`, `list`; rules read them as features."
    )
    tasks: Room[Tasks] = Room("engine.tasks:Tasks", "What somebody is to do by a day: `add`, `list`, `done`, `skip`, `edit`.")
    tickets: Room[Tickets] = Room(
        "engine.tickets:Tickets", "Requests of customers and the promises about them: `open`, `queue`, `say`, `move`, `edit`, `tick`."
    )
    views: Room[Views] = Room("engine.views:Views", "Lists that people keep: `save`, `share`, `list`, `remove`.")
    webhooks: Room[Webhooks] = Room("engine.webhooks:Webhooks", "Telling other systems what happened.")

    def __init__(self, store: Store, settings: Settings, registry: Registry) -> None:
        self.store = store
        self.settings = settings
        self.registry = registry
        self._sight: Sight | None = None
        self.origin: Engine | None = None
        self._opened: OrderedDict[tuple[int, str], Replay] = OrderedDict()
        self._known = Known()

    @classmethod
    def open(cls, url: str | None = None, *, create: bool = True, actor: str | None = None, plugins: Iterable[Path] = ()) -> Engine:
        """Open the store at `url` (default: TIERWISE_DATABASE_URL), making it when it is not there.

        actor: in whose name the verbs act. plugins: single plugin files to load besides the installed ones.
        """
        settings = Settings.read(database_url=url, actor=actor)
        store = Store.open(settings.database_url, cache_dir=settings.cache_dir, create=create, audit_keys=settings.audit_keys)
        try:
            fix_settings(store, settings)
            audit.seal(store, settings.actor)
            synchronise(store)
            note_four_eyes(store, settings.four_eyes, settings.actor)
            return cls(store, settings, load_plugins(settings.plugins_dir, settings.blocked_plugins, paths=plugins))
        except BaseException:
            store.close()
            raise

    def acting_as(self, actor: str, *, authenticated: bool = True, sight: Sight | None = None) -> Engine:
        """The same open store and plugins, in another person's name: what a server does for each request.

        authenticated: whether somebody proved to be this person; the command line and files cannot. sight: what of the
        customers is seen; None is what this person may see, or everything where nobody proved anything.
        """
        other = Engine(self.store, replace(self.settings, actor=actor, authenticated=authenticated), self.registry)
        other._sight, other._opened, other._known = sight, self._opened, self._known
        other.origin = self
        return other

    @property
    def sight(self) -> Sight:
        """Whose customers the acting person sees, and whether personal data unmasked: the same for every surface."""
        from engine.store.sight import EVERYTHING

        if self._sight is None:
            self._sight = self.people.sight(self.settings.actor) if self.settings.authenticated else EVERYTHING
        return self._sight

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *args: object) -> None:
        self.close()

    # --- what this store is ------------------------------------------------------------------------------------

    @cached_property
    def business(self) -> StoreSettings:
        """Time zone, currency and minor digits, fixed when the store was made."""
        return self.origin.business if self.origin is not None else store_settings(self.store)

    @property
    def zone(self) -> ZoneInfo:
        """The business time zone."""
        return self.business.timezone

    @property
    def now(self) -> dt.datetime:
        """The moment, in the business time zone; in a sandbox, what its clock says."""
        return here(self.zone)

    @property
    def plugins(self) -> Sequence[PluginHealth]:
        """Every plugin found, with its health."""
        return list(self.registry.plugins.values())

    def policy_types(self) -> Sequence[PolicyType]:
        """Every kind of policy that is installed: purpose, parameters, what it reads and gives."""
        from engine.policy_types import policy_types

        return policy_types(self.registry)

    def form(self, policy_type: str) -> Sequence[FormField]:
        """The form of a policy type's parameters: kinds, titles, bounds, editors. Raises `PluginError` for an unknown type."""
        from engine.forms import form_of

        return form_of(self.registry.policy(policy_type))

    @cached_property
    def installation(self) -> Installation:
        """The settings with their help, the store in numbers."""
        from engine.installation import Installation

        return Installation(self)

    @cached_property
    def catalogue(self) -> Catalogue:
        """Built-in features, those of plugins, the store's custom fields, and its tags and groups."""
        from engine.store.features import custom_features, tag_features

        with self.store.read() as connection:
            custom = [*custom_features(connection), *tag_features(connection)]
        known = self._known.catalogue
        if known is not None and known[0] == custom:
            return known[1]
        made = Catalogue.built_in().with_features([*self.registry.features.values(), *custom])
        self._known.catalogue = custom, made
        return made

    def inbox(self) -> Sequence[Waiting]:
        """What waits for a person: drafts to approve or publish, own ones that came back, comments, held runs, values to fix."""
        from engine.inbox import inbox

        return inbox(self)

    def features(self) -> Sequence[Feature]:
        """Every feature of the live rulebook's catalogue, or of the store's when none is published."""
        try:
            return self.rulebook().catalogue.list()
        except RulebookError:
            return self.catalogue.list()

    @cached_property
    def people(self) -> People:
        """Users, sessions and keys."""
        from engine.people import People

        return People(self.store, self.settings)

    @property
    def acting(self) -> Acting:
        """In whose name the verbs act, and whether it was proven to be them."""
        return {"actor": self.settings.actor, "authenticated": self.settings.authenticated}

    # --- facts -------------------------------------------------------------------------------------------------

    def import_facts(
        self,
        facts: str | Path | list[dict[str, Any]],
        mapping: str | Path | Mapping[str, Any],
        *,
        dry_run: bool = False,
        progress: Callable[[int, int | None], None] | None = None,
    ) -> ImportReport:
        """Import a file (CSV, Parquet, XLSX) by a mapping (a name, a path or a document), or a list of rows of a kind ("customers", "orders", ...).

        All rows that are right are kept in one transaction; each wrong one is kept with file, line, column and reason.
        Returns the report. Raises `FactError` when the file or the mapping cannot be used at all.
        """
        from engine.store import ingest

        self.__dict__.pop("catalogue", None)
        if isinstance(facts, list):
            return ingest.import_rows(self.store, str(mapping), facts, source="api", **self.acting)
        chosen = ingest.any_mapping(mapping, settings=self.business)
        return ingest.import_file(self.store, Path(facts), chosen, **self.acting, dry_run=dry_run, progress=progress)

    def customer_id(self, external_id: str) -> int:
        """The internal key of a customer by its own id or an alias. Raises `UnknownCustomer`, also for one who is out of sight."""
        from engine.store.identity import resolve

        return resolve(self.store, external_id, reach=self.sight.reach)

    def customer_name(self, external_id: str) -> str | None:
        """The name of a customer, masked for those who may not see it, if the store knows one. Raises `UnknownCustomer`."""
        from engine.store.lookups import name_of
        from engine.store.models import customer

        key = self.customer_id(external_id)
        with self.store.read() as connection:
            name: str | None = self.sight.shown(customer.c.name, name_of(connection, key))
            return name

    def batches(self, limit: int = 50) -> Sequence[dict[str, Any]]:
        """The newest imports first: batch, file, kind, source, mapping, actor, counts of rows, undone."""
        from engine.store.exports import batch_rows

        with self.store.read() as connection:
            return batch_rows(connection, limit)

    def look_into(self, path: str | Path, *, kind: str | None = None) -> FileView:
        """What a file holds and how it would be read: columns, first rows, the mapping that is proposed. Raises `FactError`."""
        from engine.store.ingest.assistant import look

        return look(Path(path), self.business, kind=kind)

    def import_fields(self, kind: str) -> Sequence[Field]:
        """The fields that a file of a kind can bring, as the mapping page lists them."""
        from engine.store.ingest.fields import FIELDS

        if kind not in FIELDS:
            raise FactError(f"there is no kind of file {kind!r}; {did_you_mean(kind, FIELDS) or 'kinds are ' + ', '.join(FIELDS)}")
        return FIELDS[kind]

    def rejected_rows(self, batch: int, *, limit: int = 200) -> Sequence[dict[str, Any]]:
        """Rows of an import that were set aside: line, column, reason, found, expected, row (JSON of the row as it was)."""
        from itertools import islice

        from engine.store.exports import rejected

        with self.store.read() as connection:
            table = rejected(connection, batch, sight=self.sight)
            rows = (dict(zip(table.names, row, strict=True)) for part in table.batches for row in zip(*part, strict=True))
            return list(islice(rows, limit))

    def undo_import(self, batch: int) -> UndoReport:
        """Take back everything that an import brought or changed. Raises `FactError` when later facts rest on it."""
        from engine.store import ingest

        self.__dict__.pop("catalogue", None)
        return ingest.undo(self.store, batch, **self.acting)

    def void(self, kind: str, source: str, external_id: str, *, back: bool = False) -> bool:
        """Take one fact (customer, product, order, line, rate) out of every feature, or bring it back; returns whether it changed."""
        from engine.store import ingest

        verb = ingest.unvoid if back else ingest.void
        return verb(self.store, kind, source, external_id, **self.acting)

    def join_customers(self, survivor: str, other: str) -> None:
        """Make two customers one: the other's ids and orders count for the survivor from now on."""
        from engine.store.identity import join

        join(self.store, self.customer_id(survivor), self.customer_id(other), **self.acting)

    def separate_customer(self, external_id: str, source: str | None = None) -> None:
        """Undo a join: the customer gets its own ids and orders back. source: needed where two sources use the id."""
        from engine.store.identity import separate
        from engine.store.lookups import sources_of

        if source is None:
            with self.store.read() as connection:
                found = sources_of(connection, external_id)
            if len(found) > 1:
                raise UnknownCustomer(f"customer {external_id!r} is known to the sources {', '.join(found)}; name the source")
            self.customer_id(external_id)  # says what is near when nobody has this id
            source = found[0]
        separate(self.store, (source, external_id), **self.acting)

    def flag_not_graded(self, customer: str, reason: str | None) -> None:
        """Leave a customer out of grading for a reason; None grades it again."""
        from engine.store.identity import flag_not_graded

        flag_not_graded(self.store, self.customer_id(customer), reason, **self.acting)

    # --- rules -------------------------------------------------------------------------------------------------

    def check(self, source: RulebookSource) -> Rulebook:
        """Check a rulebook (a file, "starter", "live", or a document) completely. Raises `RulebookError` with all faults."""
        if source == "live":
            return self.rulebook()
        return load_rulebook(read_source(source), self.registry, self.catalogue)

    def verify(self, source: RulebookSource) -> list[RuleFinding]:
        """Find what is incomplete, contradictory or useless in the rules of a rulebook, and how many customers each touches.

        Also rules that nobody hit in the newest visible run. Raises `RulebookError` when the rulebook is wrong.
        """
        from engine.verification import verify_rulebook

        return verify_rulebook(self.store, self.check(source))

    def publish(self, source: RulebookSource, *, note: str = "") -> Version:
        """Check a rulebook and make it live as an immutable version, where no second person has to approve it.

        Where one has (TIERWISE_FOUR_EYES=on, the default) it becomes a submitted draft, and `ApprovalNeeded` names it. The
        starter rulebook of a store without any is published by "system". Raises `RulebookError` for faults, conflicts, and
        whatever else blocks publishing.
        """
        return self.drafts.bring(source, note=note)

    def version(self, name: str = "live") -> Version:
        """A version by number, by the start of its hash, or "live"."""
        with self.store.read() as connection:
            return rulebooks.get(connection, name)

    def rulebook(self, name: str = "live") -> Rulebook:
        """A version as a checked rulebook."""
        return self._loaded(self.version(name))

    def rulebook_log(self) -> Sequence[Version]:
        """Every version, the newest first."""
        with self.store.read() as connection:
            return rulebooks.log(connection)

    def differences(self, was: Mapping[str, Any], now: Mapping[str, Any]) -> list[Change]:
        """Say in both languages what differs between two rulebook documents; canonical ones have every default written out."""
        from engine.difference_words import difference_words

        return difference_words(was, now, self.registry.policies.get, currency=self.business.currency)

    def live_or_nothing(self) -> Rulebook:
        """The live rulebook, or one without any policy where nothing is published yet."""
        with self.store.read() as connection:
            published = rulebooks.any_live(connection)
        return self.rulebook() if published else nothing(self.catalogue)

    def _loaded(self, version: Version) -> Rulebook:
        key = version.number, version.hash, self.catalogue.hash
        known = self._known.rulebook(key)
        if known is None:
            known = load_rulebook(Document(version.document, f"rulebook version {version.number}"), self.registry, self.catalogue)
            self._known.keep(key, known)
        return known

    # --- runs --------------------------------------------------------------------------------------------------

    def run(
        self,
        as_of: Moment = None,
        *,
        historical: bool = False,
        partitions: int = 1,
        recompute: bool = False,
        changed: bool = False,
        progress: runner.Progress | None = None,
    ) -> RunRecord:
        """Evaluate the live rulebook over every stored customer, and make the outcome visible unless a guard holds it.

        historical: a look back; kept as history, never touches current assignments. partitions: in how many parts the
        columns are computed; the digest is the same. recompute: run even if the same run is already finished. changed: read
        again only the customers whom something happened to since an earlier run; the outcome is the same.
        """
        version = self.version()
        moment = as_moment(as_of, self.zone)
        actor, proved = self.settings.actor, self.settings.authenticated
        options = runner.RunOptions(moment, actor, historical, partitions, recompute, progress, proved, changed, self.tickets.retarget_in)
        record = runner.conduct(self.store, self.registry, version.number, self._loaded(version), options)
        self.__dict__.pop("_evaluator", None)
        return record

    def run_history(self, months: int, *, until: Moment = None, progress: runner.Progress | None = None) -> Iterator[RunRecord]:
        """Look back month by month (00:00 on each first), the earliest first, building history."""
        for moment in month_starts(as_moment(until, self.zone), months, self.zone):
            yield self.run(moment, historical=True, progress=progress)

    def release(self, run_id: int) -> RunRecord:
        """Make a held run visible."""
        self.__dict__.pop("_evaluator", None)
        return runner.release(self.store, run_id, **self.acting, after=self.tickets.retarget_in)

    def runs(self, limit: int = 50, *, before: int | None = None) -> Sequence[RunRecord]:
        """The newest runs first. before: only those with a smaller number."""
        with self.store.read() as connection:
            return outcomes.runs(connection, limit, before)

    def held_runs(self) -> Sequence[int]:
        """The numbers of runs that wait to be released, the newest first."""
        with self.store.read() as connection:
            return outcomes.held(connection)

    def run_record(self, run_id: int | None = None) -> RunRecord:
        """One run by its number, or the newest visible one. Raises `RunError`."""
        with self.store.read() as connection:
            if run_id is None:
                live = outcomes.live_run(connection)
                if live is None:
                    raise RunError("nothing has run yet; start with: tierwise run")
                return live
            return outcomes.record(connection, run_id)

    def run_summary(self, run_id: int | None = None) -> RunSummary:
        """A run as its first page tells it, titles and reasons in both languages; None is the newest visible one."""
        from engine.summaries import summary_of

        record = self.run_record(run_id)
        rows = [(*key, *value) for key, value in self.label_amounts(record.id).items()]
        business = self.business
        return summary_of(record, self.rulebook(str(record.version_id)), rows, business.currency, business.minor_digits, self.written)

    def run_states(self, run_id: int) -> Mapping[str, Mapping[str, Any]]:
        """What each policy of a run learnt from the whole population, by policy key: thresholds, edges, counts."""
        with self.store.read() as connection:
            return outcomes.states(connection, run_id)

    def label_amounts(self, run_id: int) -> dict[tuple[str, str], tuple[int, int]]:
        """Customers of a run and their revenue in minor units, by address and label; label "" holds those without a value."""
        with self.store.read() as connection:
            return outcomes.label_amounts(connection, run_id)

    def overview(self, address: str | None = None, *, days: int | None = None) -> Overview | None:
        """Customers and revenue by label of one output, and who moved since the run before (or one `days` older). None before the first run."""
        from engine.overview import overview, within

        found = overview(self, address, days=days)
        return found if found is None or self.sight.everything else within(self, found)

    # --- what a change would do --------------------------------------------------------------------------------

    def simulate(self, draft: RulebookSource, *, as_of: Moment = None, movers: int = 20) -> Simulation:
        """Evaluate a draft and the live rulebook over every customer at one moment and compare; nothing is stored.

        as_of: None is the moment of the newest visible run. movers: how many single customers to name, as far as
        they are within sight. Where nothing is published yet, every output of the draft is new.
        """
        from engine.simulation import simulate

        found = simulate(self.store, self.live_or_nothing(), self.check(draft), self.simulated_moment(as_of), movers=movers)
        return found.seen(self.store, self.sight)

    def previewer(self, *, as_of: Moment = None) -> Previewer:
        """Keep features and the live outcome in memory, for one preview after another: `previewer.preview(engine.check(draft))`."""
        from engine.simulation import Previewer

        return Previewer(self.store, self.rulebook(), self.simulated_moment(as_of))

    def simulated_moment(self, as_of: Moment = None) -> int:
        """The moment that simulations are as of (UTC epoch seconds): None is that of the newest visible run."""
        with self.store.read() as connection:
            live = outcomes.live_run(connection)
        return live.as_of if as_of is None and live is not None else as_moment(as_of, self.zone)

    # --- customers ---------------------------------------------------------------------------------------------

    @cached_property
    def _evaluator(self) -> Evaluator:
        from engine.evaluate import Evaluator

        return Evaluator.of_run(self.store, self.run_record(), self._loaded(self.version(str(self.run_record().version_id))), self.registry)

    def evaluate(
        self,
        customers: Sequence[str] | None = None,
        *,
        features: Sequence[Mapping[str, Any]] | None = None,
        as_of: Moment = None,
    ) -> list[Evaluation]:
        """Evaluate some customers with the states of the newest visible run; nothing is stored.

        customers: their ids; facts are read as of `as_of` (None: of that run). features: feature values instead of stored
        facts, one mapping per customer; what is not given is missing.
        """
        if features is not None:
            return self._evaluator.of_features(features)
        moment = None if as_of is None else as_moment(as_of, self.zone)
        return self._evaluator.of_customers([self.customer_id(customer) for customer in customers or ()], moment)

    @cached_property
    def _explaining(self) -> Explaining:
        from engine.explaining import Explaining

        return Explaining(self, self._opened)

    def explain(
        self,
        customer: str,
        policy: str | None = None,
        *,
        language: str = "en",
        run_id: int | None = None,
        at: Moment = None,
        to: str | None = None,
    ) -> list[Explanation]:
        """Why a customer is where it is, each rule with its verdict, and the nearest changes that give another outcome.

        Of the newest visible run, of any other by `run_id`, or of the one in force `at` a moment. to: an outcome by key or
        title, of which is said what it would take: the smallest change, or pair of changes, or why there is none.
        """
        return self._explaining.explain(customer, policy, language=language, run_id=run_id, at=at, to=to)

    def evidence(self, customer: str, feature: str, **asked: Any) -> Evidence:
        """The facts that a feature of a customer counted as of a run's moment, and those it left out, with the reason.

        asked: run_id or at (default: the newest visible run), only ("counted" or "left out"), offset and limit of the
        page (100), language. What changed since the run is marked.
        """
        return self._explaining.evidence(customer, feature, **asked)

    def assignments(self, policy: str | None = None, *, value: str | None = None, run_id: int | None = None) -> pd.DataFrame:
        """Current assignments (or those of a run): columns customer, policy, output, value, since."""
        from engine.export import assignments_frame

        return assignments_frame(self.store, self.run_record(run_id), self.zone, policy=policy, value=value)

    def changes(self, run_id: int | None = None) -> pd.DataFrame:
        """What moved in a run (default: the newest visible): columns customer, policy, output, was, now, run, as_of, reason."""
        from engine.export import changes_frame

        return changes_frame(self.store, self.run_record(run_id), self.zone)

    @staticmethod
    def said(problem: TierwiseError | Fault | str, language: str) -> str:
        """An error, a single fault, or a message of one, in the language of a reader ("en" or "zh")."""
        from engine.chinese import error_in, fault_in, message_zh

        if isinstance(problem, str):
            return message_zh(problem) if language.startswith("zh") else problem
        return fault_in(problem, language) if isinstance(problem, Fault) else error_in(problem, language)

    def written(self, moment: int) -> str:
        """A moment in full, in the business time zone."""
        return written(moment, self.zone)
