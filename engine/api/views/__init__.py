"""The routes, one module per subject."""

from engine.api.views import audit, customers, evaluate, facts, meta, people, plugins, results, rulebooks, runs

ALL = (
    meta.routes,
    facts.routes,
    evaluate.routes,
    customers.routes,
    results.routes,
    runs.routes,
    rulebooks.routes,
    plugins.routes,
    people.routes,
    audit.routes,
)
