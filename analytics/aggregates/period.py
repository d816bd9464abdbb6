"""Periods of whole UTC days, ending at the organisation's clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from urllib.parse import urlencode

from django.db.models import Min
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from analytics.models import Organisation, OrganisationDay

EVERYTHING = "all"
CUSTOM = "custom"
"""A first and a last day that somebody chose."""
DEFAULT = "28"
LONGEST = timedelta(days=20 * 366)
"""Days of a period are listed one by one."""
LABELS: dict[str, str | Promise] = {
    "7": _("7 days"),
    "28": _("28 days"),
    "90": _("90 days"),
    EVERYTHING: _("All"),
}


@dataclass(frozen=True)
class Period:
    """The days from `first_on` to `last_on`, both within it."""

    key: str
    first_on: date
    last_on: date

    @property
    def n_days(self) -> int:
        return (self.last_on - self.first_on).days + 1

    @property
    def is_everything(self) -> bool:
        return self.key == EVERYTHING

    def parameters(self) -> dict[str, str]:
        """As an address says it."""
        if self.key == CUSTOM:
            return {"from": self.first_on.isoformat(), "to": self.last_on.isoformat()}
        return {"period": self.key}

    @property
    def query(self) -> str:
        """The same as part of an address."""
        return urlencode(self.parameters())

    def days(self) -> list[date]:
        return [self.first_on + timedelta(days=n) for n in range(self.n_days)]

    def weeks(self) -> list[date]:
        """The Mondays of all weeks that the period touches."""
        monday = self.first_on - timedelta(days=self.first_on.weekday())
        return [monday + timedelta(days=7 * n) for n in range((self.last_on - monday).days // 7 + 1)]

    def previous(self) -> Period:
        """As many days just before."""
        return Period(self.key, self.first_on - timedelta(days=self.n_days), self.first_on - timedelta(days=1))


def period_from(given: Mapping[str, str], organisation: Organisation) -> Period:
    """The period of an address: its days `from` and `to`, or else one of the usual periods by `period`.

    One of the two days is enough: the other is the first event's, or today. Days that are no days are passed over.
    """
    first_on, last_on = _day(given.get("from")), _day(given.get("to"))
    if first_on is None and last_on is None:
        return period_of(given.get("period"), organisation)
    today = organisation.now().astimezone(UTC).date()
    last_on = min(last_on or today, today)
    first_on = first_on or min(first_day(organisation) or last_on, last_on)
    first_on, last_on = sorted((first_on, last_on))
    return Period(CUSTOM, max(first_on, last_on - LONGEST), last_on)


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def period_of(key: str | None, organisation: Organisation) -> Period:
    """The period that an address asks for; the default for what is no period, as addresses are typed by people.

    The default of an archive is all of it: its last weeks are a tail that says little.
    """
    last_on = organisation.now().astimezone(UTC).date()
    if key == EVERYTHING or (key not in LABELS and organisation.as_of is not None):
        return Period(EVERYTHING, min(first_day(organisation) or last_on, last_on), last_on)
    known = key if key is not None and key in LABELS else DEFAULT
    return Period(known, last_on - timedelta(days=int(known) - 1), last_on)


def first_day(organisation: Organisation) -> date | None:
    """The day of the first event."""
    first: date | None = OrganisationDay.objects.filter(organisation=organisation).aggregate(on=Min("on"))["on"]
    return first


def _week(day: date) -> tuple[date, date]:
    monday = day - timedelta(days=day.weekday())
    return monday, monday + timedelta(days=6)


def _month(day: date) -> tuple[date, date]:
    first = day.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


SPANS: dict[str, Callable[[date], tuple[date, date]]] = {"week": _week, "month": _month}
"""First and last day of the span that a day lies in."""
