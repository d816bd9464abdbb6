"""What a run tells while it works: a bar that only goes forward, a curve, and whether it should stop."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone
from django.utils.translation import gettext as _

from analytics.public import Lease
from recommender.algorithms.base import FitOptions, Progress

logger = logging.getLogger(__name__)
Listener = Callable[[float, str], None]

PAUSE_SECONDS = 0.5
"""Between two writes to the run's row: often enough to look alive, too seldom to cost."""
CURVE_POINTS = 400
LOG_LINES = 500
"""The first ones go: how it ended matters more."""


def nobody(share: float, text: str) -> None:
    """Nobody listens."""


class Watch:
    """Maps the steps of a run, each with its share of the whole, on the row that pages and commands look at."""

    def __init__(self, lease: Lease, listener: Listener = nobody, folder: Path | None = None) -> None:
        self.lease = lease
        self.listener = listener
        self.folder = folder
        self._n_fits = 0
        self.curve: list[dict[str, Any]] = []
        self.log: list[dict[str, str]] = []
        self._epoch = 0
        self._begin = self._end = 0.0
        self._title = ""
        self._written_at = 0.0
        self._records = False

    def step(self, title: str, until: float, *, records: bool = False) -> None:
        """Enter a step that ends at the share `until` (0..1); `records` keeps its losses as the run's curve.

        Raises:
            JobCancelled: somebody asked for it.
            LeaseLost: another process works on this run.
        """
        self._begin, self._end, self._title, self._records = self._end, until, title, records
        self._epoch = 0
        self._say(title)
        self._write(self._begin, title)

    def options(self, seed: int, budget_seconds: float) -> FitOptions:
        """Of the next fit; each has a folder of its own, and a run that begins again comes by in the same order."""
        self._n_fits += 1
        return FitOptions(
            seed=seed,
            budget_seconds=budget_seconds,
            progress=self.note,
            should_stop=lambda: self.lease.should_stop,
            working_folder=self.folder / f"fit-{self._n_fits}" if self.folder else None,
        )

    def note(self, progress: Progress) -> None:
        if self._records and progress.loss is not None:
            self._add_point(progress)
        if progress.epoch > self._epoch:
            self._epoch = progress.epoch
            figures = {"loss": progress.loss, **progress.validation}
            told = " ".join(f"{name} {value:.4f}" for name, value in figures.items() if value is not None)
            self._say(f"{self._text(progress)} {told}".strip())
        if time.monotonic() - self._written_at >= PAUSE_SECONDS:
            done = progress.step / max(1, progress.n_steps)
            self._write(self._begin + done * (self._end - self._begin), self._text(progress))

    def _say(self, text: str) -> None:
        self.log = [*self.log, {"at": timezone.now().isoformat(timespec="seconds"), "text": text}][-LOG_LINES:]

    def _add_point(self, progress: Progress) -> None:
        point = {"step": progress.step, "epoch": progress.epoch, "loss": round(float(progress.loss or 0.0), 6)}
        validation = {name: round(float(value), 6) for name, value in progress.validation.items()}
        self.curve.append(point | validation | ({"part": progress.part} if progress.part else {}))
        if len(self.curve) > CURVE_POINTS:
            # Every other point of the older half goes, those with a validation stay: a long run keeps its shape.
            older, newer = self.curve[: CURVE_POINTS // 2], self.curve[CURVE_POINTS // 2 :]
            self.curve = [p for k, p in enumerate(older) if k % 2 == 0 or set(p) - {*point, "part"}] + newer

    def _text(self, progress: Progress) -> str:
        parts = [self._title]
        if progress.n_epochs:
            parts.append(_("%(n)d of %(total)d epochs") % {"n": progress.epoch, "total": progress.n_epochs})
        return ": ".join([*parts, progress.message] if progress.message else parts)

    def _write(self, share: float, text: str) -> None:
        self._written_at = time.monotonic()
        self.listener(share, text)
        try:
            self.lease.report(share, text, curve=self.curve, log=self.log)
        except (OperationalError, InterfaceError) as error:
            # How far it is can be told later: a database that restarts is no reason to lose an hour of training.
            logger.warning("The progress of %s could not be written: %s", self.lease.job, error)
            connection.close()
