"""Learners by how much they do: one set of levels for filters, dimensions and words."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Level:
    name: str
    label: str | Promise
    least_days: int
    """Active days from which a learner belongs here, up to the next level."""


LEVELS = (
    Level("none", _("Not active yet"), 0),
    Level("light", _("Light: 1 to 6 active days"), 1),
    Level("regular", _("Regular: 7 to 29 active days"), 7),
    Level("heavy", _("Heavy: 30 active days or more"), 30),
)


def level_filter(name: str, column: str) -> Q:
    """The rows of one level, by a column that holds the number of active days."""
    place = next(place for place, level in enumerate(LEVELS) if level.name == name)
    found = Q(**{f"{column}__gte": LEVELS[place].least_days})
    return found & Q(**{f"{column}__lt": LEVELS[place + 1].least_days}) if place + 1 < len(LEVELS) else found
