"""Why there is no risk to show, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from analytics.public import Enrolment, Organisation, Outcome
from recommender.models import TargetKind
from recommender.registry import versions
from recommender.worklist.rows import last_day

MIN_ENDED = 50
"""Ended enrolments below which nobody should expect a model to learn what leads to an end."""


@dataclass(frozen=True)
class Lack:
    """What is missing, in words, and where somebody who looks after models mends it."""

    heading: str | Promise
    sentence: str | Promise
    action: str | Promise = ""
    url: str = ""
    is_calculable: bool = False
    """Everything is there: risks only have to be calculated."""


def lack_of(organisation: Organisation) -> Lack | None:
    """The first thing that stands between the organisation and its risks; None if risks were calculated."""
    if last_day(organisation) is not None:
        return None
    ended = Enrolment.objects.filter(organisation=organisation).exclude(outcome=Outcome.ACTIVE)
    if ended[:MIN_ENDED].count() < MIN_ENDED:
        return Lack(
            _("No course has ended often enough yet"),
            _(
                "Risks are learnt from enrolments that ended: completed, failed or withdrawn. Import those of earlier "
                "runs with their outcome; from about fifty on a model can be trained."
            ),
        )
    if versions.live(organisation, TargetKind.OUTCOME) is None:
        return Lack(
            _("No outcome model is in use yet"),
            _(
                "Start a run of an outcome model, for example logistic: it trains within a minute on the "
                "enrolments that ended. When it is good enough it is put into use, and from then on risks are "
                "calculated every week."
            ),
            _("Start a run"),
            f"{reverse('run_new')}?algorithm=logistic",
        )
    return Lack(
        _("No risk has been calculated yet"),
        _("A model is in use. Risks of all enrolments that run are calculated within minutes, then once a week."),
        is_calculable=True,
    )
