"""Search for good parameters: random draws, halved in rungs, measured on validation only.

Bergstra & Bengio, "Random search for hyper-parameter optimization", JMLR 2012; successive halving: Jamieson &
Talwalkar, AISTATS 2016; repeated brackets: Li et al., "Hyperband", JMLR 2018. What a rung is given more of
is learners to learn from: every algorithm can use it, and the questions stay the same.

A trial is a run, written in one transaction when it ends. Which trial comes next follows from the seed and the
trials that are there, so a search that is killed goes on behind its last one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from analytics.public import JobState, Lease, NeuralinkError, number
from recommender.algorithms.base import FitOptions
from recommender.algorithms.catalogue import algorithm_class, build
from recommender.algorithms.config import Config
from recommender.datasets.interactions import Interactions
from recommender.datasets.splits import Split, time_split
from recommender.errors import NotEnoughData, RecommenderError, TrainingStopped
from recommender.evaluation.protocol import MEASURE, Evaluation, evaluate
from recommender.history import interactions
from recommender.models import Run, Search
from recommender.training.watch import Listener, nobody

BRACKET, RATE = 9, 3
"""Draws of a bracket, and how many of them one survivor stands for at the next rung."""
RUNGS = (1 / 9, 1 / 3, 1.0)
"""Shares of the learners that a trial learns from."""
MAX_ASKED = 10_000
MOST_BRACKETS = 50


@dataclass(frozen=True)
class Trial:
    """What is tried: the parameters, and how much they are given."""

    bracket: int  # 0 holds only the defaults
    rung: int
    place: int  # among the draws of the bracket
    config: Config

    @property
    def key(self) -> tuple[int, int, int]:
        return self.bracket, self.rung, self.place

    @property
    def changed(self) -> dict[str, object]:
        """What differs from the defaults."""
        defaults = type(self.config)().as_dict()
        return {name: value for name, value in self.config.as_dict().items() if value != defaults[name]}


def search(lease: Lease, listener: Listener = nobody) -> None:
    """Do the search that the lease is held for.

    Raises:
        NeuralinkError: it cannot be done; the message says why.
        JobCancelled: somebody asked for the end; the trials so far stay.
        LeaseLost: another process does it now.
    """
    job = cast("Search", lease.job)
    try:
        split = _questions(job)
        _try_all(lease, split, listener)
    except RecommenderError as error:
        lease.check()
        raise NeuralinkError(str(error)) from error
    best_config, verdict = _conclusion(job)
    with transaction.atomic():
        lease.confirm(best_config=best_config, verdict=verdict)


def trials_of(job: Search) -> QuerySet[Run]:
    return Run.objects.filter(search=job).order_by("id")


def best_of(job: Search) -> Run | None:
    """The best of those that learnt from the largest share of learners: figures of unlike shares say little."""
    done = [run for run in trials_of(job) if run.state == JobState.SUCCEEDED]
    return max(done, key=lambda run: (run.data["rung"], run.metrics[MEASURE], -run.pk), default=None)


def plan(job: Search, figures: dict[tuple[int, int, int], float]) -> Iterator[Trial]:
    """The trials in their order; `figures` is read as it grows. The defaults come first, on all learners."""
    config_class = algorithm_class(job.algorithm).config_class
    last = len(RUNGS) - 1
    yield Trial(0, last, 0, config_class())
    for bracket in range(1, MOST_BRACKETS + 1):
        generator = np.random.default_rng([job.seed, bracket])
        draws = [config_class.draw(generator) for _place in range(BRACKET)]
        places = list(range(BRACKET))
        for rung in range(len(RUNGS)):
            for place in places:
                yield Trial(bracket, rung, place, draws[place])
            standing = sorted(places, key=lambda place: (-figures.get((bracket, rung, place), -1.0), place))
            places = standing[: max(1, len(places) // RATE)]


def _questions(job: Search) -> Split:
    data = interactions(job.organisation, kind=job.kind, course=job.course)
    if not len(data):
        raise NotEnoughData(_("There is nothing to learn from: no events with such activities. Import history first."))
    # The questions of the verdict are set aside first, as a run does: parameters chosen on them would flatter.
    return time_split(time_split(data).train, max_learners=MAX_ASKED, seed=job.seed)


def _try_all(lease: Lease, split: Split, listener: Listener) -> None:
    job = cast("Search", lease.job)
    figures = {_key(run): run.metrics.get(MEASURE, -1.0) for run in trials_of(job)}
    spent = sum(run.duration_seconds or 0.0 for run in trials_of(job))
    n_done = len(figures)
    for trial in plan(job, figures):
        if trial.key in figures:
            continue
        if spent >= job.budget_seconds and n_done:
            return
        text = _("trial %(n)d: %(config)s") % {"n": n_done + 1, "config": _words(trial.changed)}
        lease.report(min(spent / job.budget_seconds, 0.99), text)
        listener(min(spent / job.budget_seconds, 0.99), text)
        began = time.monotonic()
        run = _try(lease, trial, split, job.budget_seconds - spent)
        spent += time.monotonic() - began
        n_done += 1
        figures[trial.key] = run.metrics.get(MEASURE, -1.0)


def _try(lease: Lease, trial: Trial, split: Split, seconds_left: float) -> Run:
    job = cast("Search", lease.job)
    began_at, began = timezone.now(), time.monotonic()
    algorithm = build(job.algorithm, trial.changed)
    found: Evaluation | None = None
    error, fit_seconds = "", None
    options = FitOptions(seed=job.seed, budget_seconds=max(seconds_left, 1.0), should_stop=lambda: lease.should_stop)
    try:
        algorithm.fit(_some_learners(split.train, RUNGS[trial.rung], job.seed), options)
        fit_seconds = time.monotonic() - began
        found = evaluate(algorithm, split, check_stop=lease.check)
    except TrainingStopped:
        lease.check()
        raise
    except RecommenderError as fault:  # parameters that cannot be trained are a finding, not the search's end
        error = str(fault)
    with transaction.atomic():
        lease.confirm()
        return Run.objects.create(
            organisation=job.organisation,
            search=job,
            algorithm=job.algorithm,
            config=trial.changed,
            kind=job.kind,
            course=job.course,
            seed=job.seed,
            promotes=False,
            requested_by=job.requested_by,
            state=JobState.SUCCEEDED if found else JobState.FAILED,
            error=error,
            metrics=found.metrics | {"n_learners": found.n_learners} if found else {},
            protocol=f"{split.name}/validation",
            protocol_hash=found.protocol_hash if found else "",
            data={"bracket": trial.bracket, "rung": trial.rung, "place": trial.place, "share": RUNGS[trial.rung]},
            fit_seconds=fit_seconds,
            progress_share=1.0,
            woken_at=began_at,
            started_at=began_at,
            finished_at=timezone.now(),
            attempt=1,
        )


def _some_learners(train: Interactions, share: float, seed: int) -> Interactions:
    """The whole histories of a seeded sample of the learners; smaller samples lie within larger ones."""
    if share >= 1:
        return train
    order = np.random.default_rng(seed).permutation(train.n_learners)
    is_kept = np.zeros(train.n_learners, bool)
    is_kept[order[: max(2, round(share * train.n_learners))]] = True
    return train.where(is_kept[train.learner_index], all_activities=True)


def _conclusion(job: Search) -> tuple[dict[str, object] | None, str]:
    trials = list(trials_of(job))
    best = best_of(job)
    if best is None:
        return None, _("Nothing could be trained: %(why)s") % {"why": trials[-1].error if trials else ""}
    defaults = next((run for run in trials if _key(run)[0] == 0 and run.metrics), None)
    facts = {
        "n": len(trials),
        "figure": best.metrics[MEASURE],
        "config": _words(best.config),
        "learners": number(best.metrics["n_learners"]),
    }
    if defaults is None or defaults.pk == best.pk:
        text = (
            _("The defaults stay the best of %(n)d trials: NDCG@10 is %(figure).4f on %(learners)s learners.") % facts
        )
    else:
        text = _(
            "The best of %(n)d trials is %(config)s: NDCG@10 is %(figure).4f on %(learners)s learners, "
            "the defaults have %(default).4f."
        ) % (facts | {"default": defaults.metrics[MEASURE]})
    return dict(best.config), text


def _key(run: Run) -> tuple[int, int, int]:
    return run.data["bracket"], run.data["rung"], run.data["place"]


def _words(config: dict[str, object]) -> str:
    return ", ".join(f"{name}={value}" for name, value in config.items()) or _("the defaults")
