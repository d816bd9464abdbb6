"""The upload form: a file, what the format asks for, and whether to try it only."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.imports.formats import FORMATS, format_named
from analytics.imports.formats.base import Format, Option
from analytics.imports.formats.csv_events import OPTIONAL, REQUIRED
from analytics.models import Kind

COLUMN_PREFIX = "column_"
MAPPING = "columns"
"""The option that is a mapping: one form field for each of its columns."""
LABELS = {
    "delimiter": gettext_lazy("Delimiter"),
    "time_zone": gettext_lazy("Time zone"),
    "default_kind": gettext_lazy("Kind of activities"),
}
DELIMITER_NAMES = {
    ",": gettext_lazy("comma"),
    ";": gettext_lazy("semicolon"),
    "\t": gettext_lazy("tabulator"),
    "|": gettext_lazy("vertical bar"),
}


def uploadable_formats() -> dict[str, type[Format]]:
    """The formats whose source is one file; folders are imported by command."""
    kinds = {name: format_named(name) for name in FORMATS}
    return {name: kind for name, kind in kinds.items() if not kind.takes_folder}


class ImportForm(forms.Form):
    """Its option fields are those that the format declares."""

    file = forms.FileField(label=gettext_lazy("File"), allow_empty_file=True)
    is_dry_run = forms.BooleanField(
        label=gettext_lazy("Dry run"),
        required=False,
        help_text=gettext_lazy("Read and check every row, and keep nothing but the ledger."),
    )

    def __init__(self, kind: type[Format], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        self.option_names = [option.name for option in kind.options if option.name != MAPPING]
        for option in kind.options:
            if option.name == MAPPING:
                self.fields |= {COLUMN_PREFIX + name: _column_field(name) for name in REQUIRED + OPTIONAL}
            else:
                self.fields[option.name] = _option_field(option)

    def clean_file(self) -> UploadedFile[Any]:
        upload: UploadedFile[Any] = self.cleaned_data["file"]
        size = upload.size or 0
        if size > settings.NEURALINK_UPLOAD_BYTES:
            raise forms.ValidationError(
                _("The file has %(size)s; the largest that is taken is %(most)s. Import it with the command.")
                % {"size": filesizeformat(size), "most": filesizeformat(settings.NEURALINK_UPLOAD_BYTES)}
            )
        return upload

    def options(self) -> dict[str, Any]:
        """What was filled in, in the words of the format."""
        given = {name: self.cleaned_data[name] for name in self.option_names if self.cleaned_data[name]}
        columns = {
            name.removeprefix(COLUMN_PREFIX): value
            for name, value in self.cleaned_data.items()
            if name.startswith(COLUMN_PREFIX) and value
        }
        return given | ({MAPPING: columns} if columns else {})

    @property
    def column_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith(COLUMN_PREFIX)]

    @property
    def option_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.option_names]

    @property
    def has_filled_options(self) -> bool:
        """Whether the options should be unfolded again after a fault."""
        return self.is_bound and any(field.value() for field in [*self.column_fields, *self.option_fields])


def _column_field(name: str) -> forms.CharField:
    field = forms.CharField(label=name, required=False, strip=True)
    field.widget.attrs |= {"placeholder": name, "autocomplete": "off"}
    return field


def _option_field(option: Option) -> forms.Field:
    label = LABELS.get(option.name, option.name.replace("_", " ").capitalize())
    choices = option.choices or (tuple(Kind.values) if option.name == "default_kind" else ())
    if not choices:
        return forms.CharField(label=label, required=False, help_text=_(option.help))
    named = [(choice, DELIMITER_NAMES.get(choice, choice)) for choice in choices]
    return forms.ChoiceField(
        label=label, required=False, help_text=_(option.help), choices=[("", _("not given")), *named]
    )
