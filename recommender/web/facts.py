"""What a run learnt from, as rows of label and value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

Label = str | Promise

COUNTS: tuple[tuple[str, Label], ...] = (
    ("n_learners", _("Learners")),
    ("n_enrolments", _("Enrolments that ended")),
    ("n_not_finished", _("Not finished of them")),
    ("n_activities", _("Activities")),
    ("n_interactions", _("Pairs of learner and activity")),
    ("n_events", _("Events behind them")),
)
INSTANTS: tuple[tuple[str, Label], ...] = (
    ("first_at", _("From")),
    ("cutoff_at", _("Split for measuring at")),
    ("last_at", _("To")),
)
TESTED: tuple[tuple[str, Label], ...] = (("n_tested", _("Learners measured on")),)


def data_facts(data: Mapping[str, Any]) -> list[tuple[Label, str]]:
    """Counts and window, without what the run has not found out yet."""
    counts = [(label, number_format(data[name], force_grouping=True)) for name, label in COUNTS if name in data]
    instants = [(label, _shown(data[name])) for name, label in INSTANTS if data.get(name)]
    tested = [(label, number_format(data[name], force_grouping=True)) for name, label in TESTED if name in data]
    return counts + instants + tested


def _shown(text: str) -> str:
    instant = parse_datetime(text)
    return date_format(localtime(instant), "DATETIME_FORMAT") if instant else text
