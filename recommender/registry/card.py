"""The card of a version: everything somebody must know before trusting it, taken from the facts and nothing else.

Mitchell et al., "Model cards for model reporting", FAT* 2019.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from recommender.algorithms.catalogue import build
from recommender.errors import InvalidConfig, UnknownName
from recommender.models import TargetKind, Version
from recommender.outcomes.catalogue import PREDICTORS


@dataclass(frozen=True)
class Card:
    version: int
    algorithm: str
    recommends: str
    trained_at: datetime
    expires_at: datetime
    is_expired: bool
    data: dict[str, Any]  # counts and window of what was learnt from
    protocol: str
    protocol_hash: str
    metrics: dict[str, float]  # with intervals and segments
    baseline_metrics: dict[str, float]
    checks: list[dict[str, Any]]
    limits: list[str]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def card_of(version: Version, now: datetime) -> Card:
    """From the version and its run (select it with the version); `now` decides whether it has expired."""
    run = version.run
    expires_at = version.created_at + timedelta(days=settings.NEURALINK_VERSION_DAYS)
    return Card(
        version=version.number,
        algorithm=version.algorithm,
        recommends=version.get_kind_display(),
        trained_at=version.created_at,
        expires_at=expires_at,
        is_expired=now >= expires_at,
        data=run.data,
        protocol=run.protocol,
        protocol_hash=run.protocol_hash,
        metrics=version.metrics,
        baseline_metrics=run.baseline_metrics,
        checks=[*run.guard, *run.findings],
        limits=limits_of(version),
    )


def limits_of(version: Version) -> list[str]:
    """What the version cannot do, one sentence each."""
    return _limits_of_predictor(version) if version.kind == TargetKind.OUTCOME else _limits_of_recommender(version)


def _limits_of_predictor(version: Version) -> list[str]:
    found = [
        _("It tells how learners like these went on in the runs that it learnt from, not why, nor what would help."),
        _("It knows nothing of enrolments that began after %(at)s but what their learners do.")
        % {"at": _last_day(version)},
        _("It says nothing of learners who have done too little yet, and of courses that nobody has ended."),
    ]
    if version.algorithm not in PREDICTORS:
        found.append(_("This release does not know its algorithm any more."))
    return [*found, *_rough(version)]


def _limits_of_recommender(version: Version) -> list[str]:
    found = [
        _("It tells what learners like these did next, not what would have been best for them."),
        _("It knows nothing that happened to activities after %(at)s but what a learner did.")
        % {"at": _last_day(version)},
    ]
    try:
        made = build(version.algorithm, version.run.config)
    except (UnknownName, InvalidConfig):
        return [*found, _("This release does not know its algorithm any more.")]
    if not made.learns_new_learners:
        found.append(_("Learners who came after the training get a fallback."))
    if not made.learns_newcomers:
        found.append(
            _("Learners who have met nothing yet get a fallback: what is popular, or the beginning of a course.")
        )
    if not made.learns_new_activities:
        found.append(_("Activities that came after the training are not recommended until the next one."))
    if not made.uses_order:
        found.append(_("The order in which somebody did things makes no difference."))
    if not made.explains:
        found.append(_("It cannot tell which of a learner's events led to a recommendation."))
    return [*found, *_rough(version)]


def _last_day(version: Version) -> str:
    """Of what was learnt from."""
    told = version.run.data.get("last_at")
    return date_format(datetime.fromisoformat(told) if told else version.created_at, "DATE_FORMAT")


def _rough(version: Version) -> list[str]:
    n_tested = version.metrics.get("n_learners", 0)
    return [_("It was measured on %(n)d learners only: the figures are rough.") % {"n": n_tested}] * (n_tested < 100)
