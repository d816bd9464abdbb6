"""What a training will cost, said before it begins: from runs that were, and from what the algorithm declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from analytics.public import Activity, JobState, Organisation, duration
from recommender.algorithms.catalogue import build
from recommender.day_history import n_events_stored
from recommender.models import Run, TargetKind
from recommender.outcomes.catalogue import PREDICTORS, build_predictor


@dataclass(frozen=True)
class Estimate:
    """None where there is nothing yet to tell it from."""

    seconds: float | None = None
    memory_bytes: int | None = None
    like: Run | None = None
    """The run that it is told from."""

    @property
    def sentence(self) -> str:
        facts: dict[str, object] = {"run": self.like, "bytes": filesizeformat(self.memory_bytes or 0)}
        if self.seconds is not None:
            facts["time"] = duration(self.seconds)
            if self.memory_bytes is None:
                return _("It should take about %(time)s, as %(run)s did.") % facts
            return _("It should take about %(time)s, as %(run)s did, and at most %(bytes)s of memory.") % facts
        if self.memory_bytes is not None:
            sentence = _("It takes at most %(bytes)s of memory; how long it takes is known after its first run here.")
            return sentence % facts
        return _("How long it takes is known after the first run here.")


def estimate(
    organisation: Organisation,
    algorithm: str,
    *,
    kind: str,
    course: Activity | None = None,
    config: Mapping[str, object] | None = None,
) -> Estimate:
    """Seconds of the latest like run, in proportion to the events that came since; bytes as the algorithm declares.

    A run with the same parameters is preferred. For the counts of learners and activities any run of the scope will do.

    Raises:
        UnknownName: no such algorithm.
        InvalidConfig: a parameter that does not exist or is out of its range.
    """
    if algorithm in PREDICTORS:
        return _of_predictor(organisation, algorithm, build_predictor(algorithm, config or {}).config.as_dict())
    built = build(algorithm, config or {})
    done = Run.objects.filter(
        organisation=organisation, kind=kind, course=course, search=None, state=JobState.SUCCEEDED
    ).defer("curve", "log")
    of_scope = done.first()
    if of_scope is None:
        return Estimate()
    now = n_events_stored(organisation)
    growth = now / max(1, of_scope.data.get("n_events_stored") or now)
    n_learners, n_activities, n_interactions = (
        int(of_scope.data[name] * max(1.0, growth)) for name in ("n_learners", "n_activities", "n_interactions")
    )
    memory_bytes = built.memory_bytes(n_learners, n_activities, n_interactions)
    alike = done.filter(algorithm=algorithm)
    like = alike.filter(config=dict(config or {})).first() or alike.first()
    if like is None or like.duration_seconds is None:
        return Estimate(memory_bytes=memory_bytes, like=of_scope)
    grown = now / max(1, like.data.get("n_events_stored") or now)
    return Estimate(like.duration_seconds * max(1.0, grown), memory_bytes, like)


def _of_predictor(organisation: Organisation, algorithm: str, config: Mapping[str, object]) -> Estimate:
    """Seconds of the latest like run: enrolments that have ended grow by the term and not by the hour."""
    done = Run.objects.filter(
        organisation=organisation, kind=TargetKind.OUTCOME, algorithm=algorithm, state=JobState.SUCCEEDED
    ).defer("curve", "log")
    like = next((run for run in done[:10] if config.items() >= run.config.items()), None) or done.first()
    return Estimate(like.duration_seconds, None, like) if like else Estimate()
