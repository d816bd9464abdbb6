"""What rows can become: for each target its cleaning and its load."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa

from analytics.imports import clean, load
from analytics.imports.formats.base import Target


@dataclass(frozen=True)
class Steps:
    clean: Callable[[pa.Table, clean.Rules], clean.Cleaned]
    load: Callable[[load.Place, pa.Table], list[clean.Mark]]
    """Inserts what was cleaned; marks on the rows that were merged into what was there."""


STEPS: dict[Target, Steps] = {
    Target.EVENTS: Steps(clean.clean, load.load_events),
}
