"""The catalogue: activities with their kind, their place in the tree, tags, prerequisites and opening dates."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from analytics.imports.formats.base import Target
from analytics.imports.formats.mapped import COLUMNS, DATES, DEFAULT_KIND, READING, Mapped


class Activities(Mapped):
    """`tags` and `prerequisites` hold several, with ; or | or , between them; a parent may stand in any row."""

    label = gettext_noop("Activities")
    target = Target.ACTIVITIES
    required = ("activity",)
    optional = ("kind", "name", "parent", "course", "position", "tags", "prerequisites", "opens_at", "closes_at")
    instants = ("opens_at", "closes_at")
    options = (COLUMNS, *READING, *DATES, DEFAULT_KIND)
