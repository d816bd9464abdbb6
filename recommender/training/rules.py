"""Start the trainings that nobody asks for: so many days after the last, or when enough is new."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _

from analytics.public import InvalidInput, JobState, number
from recommender.day_history import n_events_stored
from recommender.models import RetrainRule, Run
from recommender.training.start import check_budget, checked_kind, start_run

logger = logging.getLogger(__name__)

PAUSE = timedelta(hours=1)
"""Between two runs of a rule, however much comes in."""
PAUSE_AFTER_FAILURE = timedelta(days=1)
"""Nobody is helped by the same sentence every hour."""


def checked(rule: RetrainRule) -> RetrainRule:
    """The rule as it may be stored; one of a predictor gets the kind of predictors.

    Raises:
        InvalidInput: `pointer` names the field at fault.
    """
    rule.kind = checked_kind(rule.organisation, rule.algorithm, rule.kind, rule.course, rule.config)
    check_budget(rule.budget_seconds)
    if rule.every_days is None and rule.new_events_share is None:
        raise InvalidInput(_("Say when: after so many days, when so much is new, or both."), "every_days")
    if rule.quiet_from_hour is None and rule.quiet_to_hour is not None:
        raise InvalidInput(_("Quiet hours need a beginning too."), "quiet_from_hour")
    if rule.quiet_to_hour is None and rule.quiet_from_hour is not None:
        raise InvalidInput(_("Quiet hours need an end too."), "quiet_to_hour")
    return rule


def start_due_runs(now: datetime | None = None) -> int:
    """Look at every rule as of `now`, the real time where None; how many runs were started.

    A rule that cannot start one keeps its reason in the log.
    """
    n_started = 0
    for rule in RetrainRule.objects.filter(is_active=True).select_related("organisation", "course"):
        why = due(rule, now or timezone.now())
        if why is None:
            continue
        try:
            start(rule, why)
        except InvalidInput as error:
            logger.warning("The rule %s of organisation %s starts nothing: %s", rule, rule.organisation_id, error)
        else:
            n_started += 1
    return n_started


def start(rule: RetrainRule, why: str) -> Run:
    """Queue the rule's run.

    Raises:
        InvalidInput: a run of its scope is open, or the release does not know its algorithm or parameters any more.
    """
    return start_run(
        rule.organisation,
        rule.algorithm,
        kind=rule.kind,
        course=rule.course,
        config=rule.config,
        promotes=rule.promotes,
        why=why,
        budget_seconds=rule.budget_seconds,
    )


def due(rule: RetrainRule, now: datetime) -> str | None:
    """Why the rule starts a run now; None while it does not. Days and quiet hours are those of real time."""
    return None if is_quiet(rule, now) else wanted(rule, now)


def is_quiet(rule: RetrainRule, now: datetime) -> bool:
    """Whether it is one of the rule's quiet hours, by the organisation's zone."""
    return rule.is_quiet_at(now.astimezone(ZoneInfo(rule.organisation.time_zone)).hour)


def wanted(rule: RetrainRule, now: datetime) -> str | None:
    """Why the rule wants a run, in quiet hours too; None while it does not."""
    runs = Run.objects.filter(organisation=rule.organisation, kind=rule.kind, course=rule.course, search=None)
    if runs.unfinished().exists():
        return None
    last = runs.filter(algorithm=rule.algorithm).exclude(state=JobState.CANCELLED).defer("curve", "log").first()
    if last is None:
        return _("the rule has never been followed") if n_events_stored(rule.organisation) else None
    age = now - last.created_at
    if age < (PAUSE_AFTER_FAILURE if last.state == JobState.FAILED else PAUSE):
        return None
    if rule.every_days is not None and age >= timedelta(days=rule.every_days):
        return _("%(days)d days after run #%(run)d") % {"days": age.days, "run": last.pk}
    return _enough_new(rule, last)


def _enough_new(rule: RetrainRule, last: Run) -> str | None:
    known = last.data.get("n_events_stored")
    if rule.new_events_share is None or not isinstance(known, int):
        return None
    new = n_events_stored(rule.organisation) - known
    if new < max(1, rule.new_events_share * known):
        return None
    return _("%(new)s events more than run #%(run)d knew") % {"new": number(new), "run": last.pk}
