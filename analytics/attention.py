"""What the overview shows of each thing that somebody should look at, whoever finds it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Attention:
    """A row of templates/analytics/_attention_rows.html."""

    level: str
    """"bad", "warn" or "info", as in the class of a badge."""
    label: str
    sentence: str
    url: str = ""
