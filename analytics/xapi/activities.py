"""Activities and their definitions.

1.0.3 Data 2.4.4.1 (https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md#2441-when-the-objecttype-is-activity),
2.0.0 section 4.2.2.3.
"""

from __future__ import annotations

from typing import Any

from analytics.xapi.errors import InvalidValue, shown
from analytics.xapi.scalars import check_iri, check_language_map, check_text
from analytics.xapi.shapes import array_of, check_array, check_object, object_of, one_of

COMPONENTS = {
    "choices": ("choice", "sequencing"),
    "scale": ("likert",),
    "source": ("matching",),
    "target": ("matching",),
    "steps": ("performance",),
}
"""Lists of components, and the types of interaction that have them."""
INTERACTION_TYPES = (
    "true-false", "choice", "fill-in", "long-fill-in", "matching", "performance", "sequencing", "likert", "numeric",
    "other",
)  # fmt: skip
_component = object_of({"id": check_text, "description": check_language_map}, "id")


def check_extensions(value: Any) -> None:
    """1.0.3 Data 4.1: keys are IRIs; the values are anybody's."""
    if not isinstance(value, dict):
        raise InvalidValue(f"This must be an object of values by IRI, but it is {shown(value)}.")
    for key in value:
        try:
            check_iri(key)
        except InvalidValue as error:
            raise error.below(key) from None


def _check_components(value: Any) -> None:
    """1.0.3 Data 2.4.4.1: ids are distinct within an array."""
    check_array(value, _component)
    seen = set()
    for index, component in enumerate(value):
        if component["id"] in seen:
            raise InvalidValue(f"Another component has the id {shown(component['id'])} already.", index, "id")
        seen.add(component["id"])


_DEFINITION = {
    "name": check_language_map,
    "description": check_language_map,
    "type": check_iri,
    "moreInfo": check_iri,
    "extensions": check_extensions,
    "interactionType": one_of(*INTERACTION_TYPES),
    "correctResponsesPattern": array_of(check_text),
    **dict.fromkeys(COMPONENTS, _check_components),
}


def check_definition(value: Any) -> None:
    check_object(value, _DEFINITION)
    kind = value.get("interactionType")
    for name, kinds in COMPONENTS.items():
        if name in value and kind not in kinds:
            raise InvalidValue(f"Only interactions of the type {' or '.join(kinds)} have {name}.", name)
    if "correctResponsesPattern" in value and kind is None:
        raise InvalidValue("An interaction must say its interactionType.", "correctResponsesPattern")


_ACTIVITY = {"objectType": one_of("Activity"), "id": check_iri, "definition": check_definition}


def check_activity(value: Any) -> None:
    check_object(value, _ACTIVITY, ("id",))
