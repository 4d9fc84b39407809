"""The routes, one module per subject."""

from engine.api.views import (
    audit,
    customers,
    drafts,
    evaluate,
    facts,
    fixed,
    jobs,
    meta,
    people,
    plugins,
    results,
    rulebooks,
    runs,
    schedules,
    tasks,
    webhooks,
)

ALL = (
    meta.routes,
    facts.routes,
    evaluate.routes,
    customers.routes,
    results.routes,
    runs.routes,
    jobs.routes,
    schedules.routes,
    rulebooks.routes,
    drafts.routes,
    fixed.routes,
    plugins.routes,
    people.routes,
    audit.routes,
    tasks.routes,
    webhooks.routes,
)
