"""How far a job is, in words, for the bar on a page."""

from __future__ import annotations

from typing import Any

from admin import findings
from admin.words import t


def progress_of(job: Any) -> dict[str, Any]:
    """What the bar of `js/jobs.js` reads."""
    return {
        "id": job.id,
        "status": job.status,
        "open": job.is_open,
        "step": findings.step(job.step) if job.step else t("waiting", "等待中"),
        "done": job.done,
        "total": job.total,
        "share": job.share,
        "cancelling": job.cancelling,
        "error": job.error,
    }
