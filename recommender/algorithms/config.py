"""Parameters of an algorithm: spelt once, as the fields of a frozen dataclass, and checked when it is made."""

import dataclasses
import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self, Union, get_args, get_origin, get_type_hints

import numpy as np

from recommender.errors import InvalidConfig


@dataclass(frozen=True, slots=True)
class Span:
    """Values worth trying between two numbers, both included; drawn evenly, or evenly in their logarithm."""

    low: float
    high: float
    is_log: bool = False


_WORDS = {int: "a whole number", float: "a number", str: "a text", bool: "true or false", type(None): "nothing"}


def parameter(
    default: Any,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[Any, ...] = (),
    search: Span | tuple[Any, ...] | None = None,
    doc: str = "",
) -> Any:
    """A field with its inclusive range or its choices, and what it does in a sentence (with the unit).

    `search` says which values a search for good parameters tries; without it the parameter keeps its default.
    """
    metadata = {"minimum": minimum, "maximum": maximum, "choices": choices, "search": search, "doc": doc}
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Config:
    """Base of every `<Algorithm>Config`.

    Raises:
        InvalidConfig: a value of the wrong type or out of its range.
    """

    def __post_init__(self) -> None:
        hints = get_type_hints(type(self))
        for field in dataclasses.fields(self):
            value = _converted(getattr(self, field.name), hints[field.name])
            if not _is_allowed(value, hints[field.name], field.metadata):
                allowed = describe(hints[field.name], field.metadata)
                raise InvalidConfig(field.name, type(self).__name__, allowed, value)
            object.__setattr__(self, field.name, value)

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> Self:
        """From a form, a manifest or a command line; what is not named keeps its default.

        Raises:
            InvalidConfig: also for a name that is no parameter.
        """
        known = [field.name for field in dataclasses.fields(cls)]
        for name, value in values.items():
            if name not in known:
                allowed = "one of the parameters " + ", ".join(known) if known else "absent: it has no parameters"
                raise InvalidConfig(name, cls.__name__, allowed, value)
        return cls(**values)

    @classmethod
    def searched(cls) -> list[str]:
        """The parameters that a search varies."""
        return [field.name for field in dataclasses.fields(cls) if field.metadata.get("search") is not None]

    @classmethod
    def draw(cls, generator: np.random.Generator) -> Self:
        """Every searched parameter drawn from its values, independently; the others at their defaults."""
        hints = get_type_hints(cls)
        fields = [field for field in dataclasses.fields(cls) if field.metadata.get("search") is not None]
        return cls(**{field.name: _drawn(field.metadata["search"], hints[field.name], generator) for field in fields})

    def as_dict(self) -> dict[str, Any]:
        """Plain values, fit for JSON; `from_dict` takes them back."""
        return dataclasses.asdict(self)


def _drawn(values: Span | tuple[Any, ...], hint: Any, generator: np.random.Generator) -> Any:
    if not isinstance(values, Span):
        return values[int(generator.integers(len(values)))]
    if values.is_log:
        drawn = float(np.exp(generator.uniform(np.log(values.low), np.log(values.high))))
    else:
        drawn = float(generator.uniform(values.low, values.high))
    # Three digits are as fine as a figure can tell apart, and they can be read.
    return round(drawn) if float not in _kinds(hint) else float(f"{drawn:.3g}")


def values_of(settings: Iterable[str]) -> dict[str, object]:
    """From texts such as "long_steps=20" to what `from_dict` takes."""
    pairs = (setting.partition("=") for setting in settings)
    return {name.strip(): _value(text.strip()) for name, _, text in pairs}


def _value(text: str) -> int | float | str | bool | None:
    words: dict[str, bool | None] = {"true": True, "false": False, "none": None, "": None}
    if text.lower() in words:
        return words[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def describe(hint: Any, metadata: Mapping[str, Any]) -> str:
    """What a parameter allows, in words: "a whole number from 1 to 512"."""
    if metadata.get("choices"):
        return "one of " + ", ".join(repr(choice) for choice in metadata["choices"])
    words = " or ".join(_WORDS[kind] for kind in _kinds(hint))
    minimum, maximum = metadata.get("minimum"), metadata.get("maximum")
    if minimum is not None and maximum is not None:
        return f"{words} from {minimum:g} to {maximum:g}"
    if minimum is not None:
        return f"{words}, {minimum:g} or more"
    return f"{words}, {maximum:g} or less" if maximum is not None else words


def _kinds(hint: Any) -> tuple[type, ...]:
    return get_args(hint) if get_origin(hint) in {Union, types.UnionType} else (hint,)


def _converted(value: Any, hint: Any) -> Any:
    """JSON and people write 1 for 1.0."""
    kinds = _kinds(hint)
    return float(value) if type(value) is int and float in kinds and int not in kinds else value


def _is_allowed(value: Any, hint: Any, metadata: Mapping[str, Any]) -> bool:
    if type(value) not in _kinds(hint):
        return False
    if metadata.get("choices"):
        return value in metadata["choices"]
    if not isinstance(value, int | float):
        return True
    minimum, maximum = metadata.get("minimum"), metadata.get("maximum")
    # Written so that a NaN fails.
    return (minimum is None or value >= minimum) and (maximum is None or value <= maximum) and value == value
