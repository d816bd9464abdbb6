"""The import formats: one file per kind, one line per kind here (docs/adding_an_import_format.md)."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from django.utils.translation import gettext as _

from analytics.errors import InvalidInput
from analytics.imports.formats.base import Format

FORMATS: dict[str, str] = {
    "csv": "analytics.imports.formats.csv_events.CsvEvents",
    "ratings": "analytics.imports.formats.ratings.Ratings",
    "moodle_log": "analytics.imports.formats.moodle_log.MoodleLog",
    "canvas_gradebook": "analytics.imports.formats.canvas_gradebook.CanvasGradebook",
    "enrolments": "analytics.imports.formats.people.Enrolments",
    "learners": "analytics.imports.formats.people.Learners",
    "activities": "analytics.imports.formats.catalogue.Activities",
    "xapi": "analytics.imports.formats.xapi.Xapi",
    "oulad": "analytics.imports.formats.oulad.Oulad",
}


def format_named(name: str) -> type[Format]:
    """The class of a format.

    Raises:
        InvalidInput: there is no such format.
    """
    if name not in FORMATS:
        raise InvalidInput(
            _("There is no import format %(name)r. The formats are: %(known)s.")
            % {"name": name, "known": ", ".join(FORMATS)},
            "format",
        )
    module, _dot, class_name = FORMATS[name].rpartition(".")
    return cast("type[Format]", getattr(import_module(module), class_name))
