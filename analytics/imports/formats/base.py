"""What a format is: a reader that yields batches of rows as they came, and can go on from where it stopped."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from analytics.errors import InvalidInput
from analytics.imports.marks import Mark
from analytics.imports.steps import STEPS
from analytics.imports.tables.base import BrokenRow, Position
from analytics.imports.tables.packed import Packed


class Target(StrEnum):
    """What the rows of a batch are, and so which cleaning and which insert they go through."""

    EVENTS = "events"
    ACTIVITIES = "activities"
    LEARNERS = "learners"
    ENROLMENTS = "enrolments"
    ENROLMENT_DATES = "enrolment_dates"
    STATEMENTS = "statements"


@dataclass(frozen=True)
class Batch:
    """n rows of one file, and where the reader goes on after them."""

    target: Target
    file_name: str
    rows: pa.Table
    """n rows in the columns of the target: strings, or typed where the reader knows better."""
    raw: pa.Table
    """The same n rows as they came; what verdicts show."""
    row_numbers: NDArray[np.int64]
    """(n,) 1 is the first row after the header."""
    position: Position
    share: float
    """How much of everything is read after this batch, 0 to 1."""
    broken: list[BrokenRow] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    """What the reader itself repaired in `rows`, or wants rejected of them."""

    @property
    def n_rows(self) -> int:
        return int(self.rows.num_rows) + len(self.broken)


@dataclass(frozen=True)
class Option:
    """One thing that can be told to a format; the command and the upload page ask for it by this description."""

    name: str
    help: str
    choices: tuple[str, ...] = ()
    is_list: bool = False
    """Several of the choices may be named."""


STEPS_OFF = Option("steps_off", gettext_noop("steps of cleaning that are left out"), tuple(STEPS), is_list=True)
"""The option that every format has."""


class Format(ABC):
    """A reader of one kind of source. The constructor stores; `check` looks; `batches` reads.

    The batches depend on nothing but the content, the options and the position, so that an import that was
    killed finds the same rows again.
    """

    label: ClassVar[str]
    is_archive: ClassVar[bool] = False
    """True for published data sets of the past: an organisation that has nothing else stops its clock there."""
    implies_enrolment: ClassVar[bool] = False
    """True where nothing else says who is enrolled: whoever does something in a course is."""
    makes_courses: ClassVar[bool] = False
    """True where courses that only enrolments name are made."""
    options: ClassVar[tuple[Option, ...]] = ()

    def __init__(self, path: Path, options: Mapping[str, Any], batch_rows: int | None = None) -> None:
        self.path = path
        self.given = options
        self.batch_rows = batch_rows or settings.NEURALINK_BATCH_ROWS

    @abstractmethod
    def files(self) -> list[Path]:
        """The files that make up the source, in the order in which they are read."""

    @abstractmethod
    def check(self) -> None:
        """Look at the source before anything is written.

        Raises:
            InvalidInput: it is no source of this format.
        """

    def verify(self) -> None:  # noqa: B027  (most sources are not packed)
        """Read through what is packed: the worker does so once, before it writes anything.

        Raises:
            InvalidInput: an archive is damaged or ends too early.
        """

    @property
    def date_order(self) -> str:
        """What comes first in dates of figures: one of `dates.ORDERS`, or "" where there are none."""
        return ""

    @abstractmethod
    def batches(self, position: Position) -> Iterator[Batch]:
        """Read on from a position that an earlier batch named, or from the beginning."""

    @classmethod
    def fitness(cls, rows: pa.Table) -> float:
        """How well a file fits that begins with these rows, 0 to 1."""
        return 0.0

    @classmethod
    def parts(cls, path: Path) -> list[Packed]:
        """The files of a format that has several, if the path is a folder or an archive of all of them."""
        return []

    @classmethod
    def check_options(cls, options: Mapping[str, Any]) -> None:
        """Refuse options that the format does not have.

        Raises:
            InvalidInput: an unknown name, or a value that is not among the choices.
        """
        known = {option.name: option for option in (*cls.options, STEPS_OFF)}
        for name, value in options.items():
            if name not in known:
                raise InvalidInput(
                    _("The format has no option %(name)r. Its options are: %(known)s.")
                    % {"name": name, "known": ", ".join(known) or _("none")},
                    name,
                )
            choices = known[name].choices
            chosen = value if known[name].is_list and isinstance(value, list) else [value]
            if choices and not all(each in choices for each in chosen):
                raise InvalidInput(
                    _("The option %(name)s must be one of %(choices)s, but it is %(value)r.")
                    % {"name": name, "choices": ", ".join(choices), "value": value},
                    name,
                )
