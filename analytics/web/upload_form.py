"""How an upload is to be imported: format, how it is written, which column is which, and what it leaves open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.imports.column_words import INSTANTS, content_fit
from analytics.imports.formats import FORMATS, format_named
from analytics.imports.formats.base import STEPS_OFF, Option
from analytics.imports.formats.mapped import Mapped
from analytics.imports.look import Column, Look
from analytics.imports.mapping import READING, Choice, takes_mapping
from analytics.imports.rejected import is_extra
from analytics.imports.steps import STEPS
from analytics.models import Kind, Organisation

COLUMN_PREFIX = "column_"
MAPPING = "columns"
STEPS_ON = "steps_on"
LABELS = {
    "delimiter": gettext_lazy("Delimiter"),
    "encoding": gettext_lazy("Encoding"),
    "sheet": gettext_lazy("Sheet"),
    "time_zone": gettext_lazy("Time zone of times that name none"),
    "date_order": gettext_lazy("Order of day, month and year"),
    "default_kind": gettext_lazy("Kind of activities that name none"),
    "default_verb": gettext_lazy("Verb of rows that name none"),
    "default_unit": gettext_lazy("Unit of values that have none"),
    "default_value": gettext_lazy("Value of rows that have none"),
    "default_course": gettext_lazy("Course of rows that name none"),
    "default_at": gettext_lazy("Time of rows that name none"),
    "full_mark": gettext_lazy("Full mark"),
}
NAMES = {
    ",": gettext_lazy("comma"),
    ";": gettext_lazy("semicolon"),
    "\t": gettext_lazy("tabulator"),
    "|": gettext_lazy("vertical bar"),
    "dmy": gettext_lazy("day, month, year"),
    "mdy": gettext_lazy("month, day, year"),
    "ymd": gettext_lazy("year, month, day"),
}
SHOWN_COLUMNS = 200


def told_choice(format_name: str, look: Look, told: QueryDict) -> Choice:
    """What a form that was sent chose, whether or not it could be started."""
    names = [option.name for option in format_named(format_name).options if option.name != MAPPING]
    columns = {
        told[f"{COLUMN_PREFIX}{place}"]: column.name
        for place, column in enumerate(look.columns)
        if told.get(f"{COLUMN_PREFIX}{place}")
    }
    options: dict[str, Any] = {name: told[name] for name in names if told.get(name)}
    return Choice(format_name, options | {MAPPING: columns, STEPS_OFF.name: _off(told.getlist(STEPS_ON))})


def _off(steps_on: Sequence[str]) -> list[str]:
    return [name for name in STEPS if name not in steps_on]


class UploadForm(forms.Form):
    """Its fields are the options that the format declares, and one for each column of the file."""

    format = forms.ChoiceField(label=gettext_lazy("Format"))

    def __init__(
        self, organisation: Organisation, look: Look | None, choice: Choice, data: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(data)
        self.kind = format_named(choice.format)
        self.look = look
        self.choice = choice
        self.organisation = organisation
        self.fields["format"].choices = [(name, _(format_named(name).label)) for name in FORMATS]  # type: ignore[attr-defined]
        self.initial["format"] = choice.format
        for option in self.kind.options:
            if option.name != MAPPING:
                self.fields[option.name] = self._option_field(option)
                self.initial[option.name] = choice.options.get(option.name, "")
        is_mapped = issubclass(self.kind, Mapped) and takes_mapping(self.kind)
        self.required: tuple[str, ...] = getattr(self.kind, "required", ()) if is_mapped else ()
        self.ours: tuple[str, ...] = self.required + getattr(self.kind, "optional", ()) if is_mapped else ()
        self.fields[STEPS_ON] = forms.MultipleChoiceField(required=False, choices=[(n, n) for n in STEPS])
        self.initial[STEPS_ON] = [n for n in STEPS if n not in choice.options.get(STEPS_OFF.name, ())]
        self.columns = self._mapped_columns()
        ours_of = {theirs: ours for ours, theirs in choice.options.get(MAPPING, {}).items()}
        for place, column in self.columns:
            self.fields[f"{COLUMN_PREFIX}{place}"] = self._column_field(column)
            self.initial[f"{COLUMN_PREFIX}{place}"] = ours_of.get(column.name, "")

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        chosen = [values.get(f"{COLUMN_PREFIX}{place}") for place, _column in self.columns]
        twice = sorted({ours for ours in chosen if ours and chosen.count(ours) > 1})
        if twice:
            self.add_error(None, _("Two columns of the file are mapped to: %s.") % ", ".join(twice))
        missing = [name for name in self.required if name not in chosen and name not in self._stated(values)]
        if missing and self.columns:
            self.add_error(None, _("No column of the file is mapped to: %s.") % ", ".join(missing))
        if self.open_dates and not values.get("date_order"):
            self.add_error("date_order", _("Say what comes first in these dates; the file does not."))
        return values

    def options(self) -> dict[str, Any]:
        """What was filled in, in the words of the format."""
        given = {o.name: self.cleaned_data.get(o.name) for o in self.kind.options if o.name != MAPPING}
        columns = {
            self.cleaned_data[f"{COLUMN_PREFIX}{place}"]: column.name
            for place, column in self.columns
            if self.cleaned_data.get(f"{COLUMN_PREFIX}{place}")
        }
        off = _off(self.cleaned_data[STEPS_ON])
        told = {**given, MAPPING: columns, STEPS_OFF.name: off}
        return {name: value for name, value in told.items() if value}

    @property
    def open_dates(self) -> list[Column]:
        """Columns mapped to instants whose dates could be read in several ways."""
        if "date_order" not in self.fields:
            return []
        return [
            column
            for place, column in self.columns
            if column.ambiguous_dates and self[f"{COLUMN_PREFIX}{place}"].value() in INSTANTS
        ]

    @property
    def reading_fields(self) -> list[forms.BoundField]:
        """How text is written is asked of text only, and which sheet where there are several."""
        needless = set()
        if self.look is not None:
            needless = {name for name in ("encoding", "delimiter") if not getattr(self.look, name)}
        if self.look is None or len(self.look.sheets) < 2:
            needless.add("sheet")
        return [self[name] for name in READING if name in self.fields and name not in needless]

    @property
    def other_fields(self) -> list[forms.BoundField]:
        asked = {"format", STEPS_ON, *READING, *(["date_order"] if self.open_dates else [])}
        return [self[name] for name in self.fields if name not in asked and not name.startswith(COLUMN_PREFIX)]

    @property
    def column_rows(self) -> list[dict[str, Any]]:
        """What the page shows of each column of the file."""
        return [
            {"column": column, "field": self[f"{COLUMN_PREFIX}{place}"], "misfit": self._misfit(place, column)}
            for place, column in self.columns
        ]

    @property
    def step_rows(self) -> list[dict[str, Any]]:
        """The steps of cleaning that may be left out."""
        on = self[STEPS_ON].value() or []
        return [{"name": name, "step": step, "is_on": name in on} for name, step in STEPS.items()]

    @property
    def has_steps_off(self) -> bool:
        return not all(row["is_on"] for row in self.step_rows)

    def _stated(self, values: Mapping[str, Any]) -> set[str]:
        return self.kind.stated(values) if issubclass(self.kind, Mapped) else set()

    def _misfit(self, place: int, column: Column) -> str:
        ours = self[f"{COLUMN_PREFIX}{place}"].value()
        if ours in INSTANTS and column.kind == "text" and not content_fit(ours, column.kind, column.samples):
            return _("These are no times: their rows would be rejected.")
        return ""

    def _mapped_columns(self) -> list[tuple[int, Column]]:
        there = self.look.columns if self.look and self.ours else ()
        return [(place, column) for place, column in enumerate(there) if not is_extra(column.name)][:SHOWN_COLUMNS]

    def _column_field(self, column: Column) -> forms.ChoiceField:
        named = [(name, f"{name} *" if name in self.required else name) for name in self.ours]
        return forms.ChoiceField(
            label=_("What %s is") % column.name, required=False, choices=[("", _("not used")), *named]
        )

    def _option_field(self, option: Option) -> forms.Field:
        label = LABELS.get(option.name, option.name.replace("_", " ").capitalize())
        choices = self._choices(option)
        if not choices:
            return forms.CharField(label=label, required=False, help_text=_(option.help))
        nothing = self._found_out(option) or _("not given")
        named = [(choice, NAMES.get(choice, choice)) for choice in choices]
        return forms.ChoiceField(label=label, required=False, help_text=_(option.help), choices=[("", nothing), *named])

    def _choices(self, option: Option) -> Sequence[str]:
        if option.name == "default_kind":
            return tuple(Kind.values)
        if option.name == "time_zone":
            return sorted(available_timezones())
        if option.name == "sheet":
            return self.look.sheets if self.look else ()
        return option.choices

    def _found_out(self, option: Option) -> str:
        """What was detected, as the name of the empty choice."""
        if option.name == "time_zone":
            return self.organisation.time_zone
        if self.look is None or option.name not in READING or self.choice.options.get(option.name):
            return ""
        found = getattr(self.look, option.name)
        return _("detected: %s") % NAMES.get(found, found) if found else ""
