"""An import in words: its state in a sentence, its verdicts by kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from analytics.imports.formats import FORMATS, format_named
from analytics.imports.steps import STEPS
from analytics.models import Import, JobState, Verdict
from analytics.web.import_reasons import reason
from analytics.words import number

TELLING_SHARE = 0.02


@dataclass(frozen=True)
class VerdictTab:
    verdict: Verdict
    n: int
    is_current: bool


def format_label(name: str) -> str:
    """What the format is called; events that came by API have none of the formats, and keep their word."""
    return _(format_named(name).label) if name in FORMATS else name


def verdict_tabs(import_: Import, asked: str) -> list[VerdictTab]:
    """Kinds of verdict that occurred; the one asked for is current, else the first: rejected rows before others."""
    counts = [
        (Verdict.REJECTED, import_.n_rejected),
        (Verdict.REPAIRED, import_.n_repaired),
        (Verdict.MERGED, import_.n_merged),
    ]
    there = [(verdict, n) for verdict, n in counts if n]
    current = next((verdict for verdict, _n in there if verdict == asked), there[0][0] if there else None)
    return [VerdictTab(verdict, n, verdict == current) for verdict, n in there]


def code_rows(import_: Import) -> list[tuple[str, str, int]]:
    """Reasons by how often they occurred: code, heading, rows."""
    counts = sorted(import_.counts_by_code.items(), key=lambda pair: (-pair[1], pair[0]))
    return [(code, reason(code), n) for code, n in counts]


def step_rows(import_: Import) -> list[dict[str, Any]]:
    """Steps of cleaning that touched rows, in their order, and those that were left out."""
    off = set(import_.options.get("steps_off", ()))
    counts = {name.partition("@")[0]: (name, n) for name, n in import_.counts_by_step.items()}
    return [
        {"label": _(step.label), "code": counts.get(name, (name, 0))[0], "n": counts.get(name, (name, 0))[1],
         "is_off": name in off}
        for name, step in STEPS.items()
        if name in counts or name in off
    ]  # fmt: skip


@dataclass(frozen=True)
class Pace:
    """How quick a running import is, on the average since it began; nothing is foretold from its first rows."""

    rows_per_second: int
    remaining_seconds: float | None


def pace(import_: Import) -> Pace | None:
    """None before anything was read, and of imports that do not run."""
    seconds = import_.duration_seconds
    if import_.state != JobState.RUNNING or not seconds or not import_.n_read:
        return None
    share = import_.progress_share
    return Pace(round(import_.n_read / seconds), seconds * (1 - share) / share if share >= TELLING_SHARE else None)


def is_at_work(import_: Import) -> bool:
    """Whether the import runs, or its roll-back does."""
    return not import_.is_finished or (import_.roll_back is not None and not import_.roll_back.is_finished)


def shown_state(import_: Import) -> str:
    """Changes whenever the page has to be loaded anew."""
    return f"{import_.state} {import_.roll_back.state}" if import_.roll_back else str(import_.state)


def progress_context(import_: Import) -> dict[str, Any]:
    return {
        "steps": step_rows(import_),
        "pace": pace(import_),
        "is_at_work": is_at_work(import_),
        "shown_state": shown_state(import_),
        "roll_back": import_.roll_back,
    }


def answer(import_: Import) -> str:
    """The import in one sentence."""
    numbers = {
        "read": number(import_.n_read),
        "accepted": number(import_.n_accepted),
        "merged": number(import_.n_merged),
        "rejected": number(import_.n_rejected),
    }
    if import_.rolled_back_at:
        return _("Rolled back: none of the %(accepted)s rows that were accepted is in the data any more.") % numbers
    if import_.state == JobState.QUEUED:
        return _("The import waits for a worker.")
    if import_.state == JobState.RUNNING:
        return _("The import is at work; the ledger below grows with it.")
    if import_.state == JobState.FAILED:
        return _("The import failed after %(read)s rows.") % numbers
    if import_.state == JobState.CANCELLED:
        return _("The import was cancelled after %(read)s rows.") % numbers
    words = (
        _("Of %(read)s rows, %(accepted)s would be accepted, %(merged)s merged and %(rejected)s rejected.")
        if import_.is_dry_run
        else _("Of %(read)s rows, %(accepted)s were accepted, %(merged)s merged and %(rejected)s rejected.")
    )
    return words % numbers
