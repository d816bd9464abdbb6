"""What a person must know of an algorithm to choose one, and the form fields of its parameters."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args, get_type_hints

from django import forms
from django.utils.translation import gettext as _

from recommender.algorithms.base import Algorithm
from recommender.algorithms.catalogue import ALGORITHMS, algorithm_class
from recommender.algorithms.config import Config
from recommender.outcomes.base import Predictor
from recommender.outcomes.catalogue import PREDICTORS, predictor_class

Field = dataclasses.Field[Any]

_NUMBERS: dict[type, type[forms.Field]] = {int: forms.IntegerField, float: forms.FloatField}


@dataclass(frozen=True)
class Parameter:
    """One hyper-parameter as it was set, beside its default."""

    name: str
    value: object
    default: object
    doc: str

    @property
    def is_changed(self) -> bool:
        return self.value != self.default


def class_of(name: str) -> type[Algorithm] | type[Predictor]:
    """Of a recommender or of a predictor.

    Raises:
        UnknownName: in neither table.
    """
    return predictor_class(name) if name in PREDICTORS else algorithm_class(name)


def algorithm_choices() -> list[tuple[str, str]]:
    return [(name, f"{algorithm_class(name).__name__}") for name in ALGORITHMS]


def all_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """In groups: what recommends, and what predicts outcomes."""
    predictors = [(name, predictor_class(name).__name__) for name in PREDICTORS]
    return [
        (_("What next: recommendations"), algorithm_choices()),
        (_("Who needs help: predictions of outcomes"), predictors),
    ]


def summary(algorithm: str) -> str:
    """The first line of the algorithm's own file, in the reader's language: what it is, in a sentence."""
    return _(_first_line(algorithm))


def texts() -> Iterator[str]:
    """What algorithms say of themselves, for the translations: their files do not know Django, and mark nothing."""
    for name in (*ALGORITHMS, *PREDICTORS):
        yield _first_line(name)
        yield from (field.metadata["doc"] for field in config_fields(name) if field.metadata.get("doc"))


def _first_line(algorithm: str) -> str:
    module = sys.modules[class_of(algorithm).__module__]
    return (module.__doc__ or "").strip().partition("\n")[0]


def config_fields(algorithm: str) -> list[Field]:
    return list(dataclasses.fields(class_of(algorithm).config_class))


def parameters(algorithm: str, config: Mapping[str, object]) -> list[Parameter]:
    """Every parameter of the algorithm with the value in `config`, or its default; unknown ones last."""
    known = [
        Parameter(field.name, config.get(field.name, field.default), field.default, _said(field))
        for field in config_fields(algorithm)
    ]
    names = {parameter.name for parameter in known}
    return known + [Parameter(name, value, value, "") for name, value in config.items() if name not in names]


def form_field(field: Field, owner: type[Config]) -> forms.Field:
    """The form field of one parameter: its range is checked by the form and again by the config itself."""
    hint = get_type_hints(owner)[field.name]
    kinds = [kind for kind in get_args(hint) or (hint,) if kind is not type(None)]
    metadata = field.metadata
    make: Callable[..., forms.Field] = _NUMBERS.get(kinds[0], forms.CharField)
    options: dict[str, Any] = {
        "label": field.name,
        "required": False,
        "initial": field.default,
        "help_text": " ".join(filter(None, (_said(field), _range(metadata)))),
    }
    if kinds[0] is bool:
        return forms.BooleanField(**options)
    if metadata.get("choices"):
        return forms.TypedChoiceField(
            choices=[(choice, choice) for choice in metadata["choices"]], coerce=kinds[0], **options
        )
    if kinds[0] in _NUMBERS:
        options |= {"min_value": metadata.get("minimum"), "max_value": metadata.get("maximum")}
    return make(**options)


def _said(field: Field) -> str:
    doc = field.metadata.get("doc")
    return _(doc) if doc else ""  # gettext has an answer to "": the head of its file


def _range(metadata: Mapping[str, Any]) -> str:
    """What a number may be; choices are seen in their field."""
    least, most = metadata.get("minimum"), metadata.get("maximum")
    if least is not None and most is not None:
        return _("(%(least)s to %(most)s)") % {"least": f"{least:g}", "most": f"{most:g}"}
    if least is not None:
        return _("(%(least)s or more)") % {"least": f"{least:g}"}
    return _("(%(most)s or less)") % {"most": f"{most:g}"} if most is not None else ""
