"""Jobs that predict: on demand, every week, and as soon as another version is put into use."""

from __future__ import annotations

import datetime
from datetime import timedelta
from typing import cast

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from analytics.public import InvalidInput, Lease, Member, NeuralinkError, Organisation, wake
from recommender.errors import RecommenderError
from recommender.models import Promotion, RiskRefresh, TargetKind
from recommender.serving.predict import predict_running
from recommender.serving.predictor import live_predictor


def start_refresh(
    organisation: Organisation, *, requested_by: Member | None = None, wakes_worker: bool = True
) -> RiskRefresh:
    """Put a refresh into the queue; the one that is not finished yet, if there is one.

    Raises:
        InvalidInput: no predictor is in use yet, or `requested_by` belongs to another organisation.
    """
    if requested_by is not None and requested_by.organisation_id != organisation.pk:
        raise InvalidInput(_("%(member)s is not a member of this organisation.") % {"member": requested_by})
    with transaction.atomic():
        Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
        if not Promotion.objects.filter(organisation=organisation, kind=TargetKind.OUTCOME).exists():
            raise InvalidInput(
                _("No version that predicts outcomes is in use yet: train one first, for example `logistic`.")
            )
        unfinished: RiskRefresh | None = RiskRefresh.objects.unfinished().filter(organisation=organisation).first()
        if unfinished is not None:
            return unfinished
        refresh = RiskRefresh.objects.create(
            organisation=organisation,
            requested_by=requested_by,
            woken_at=None if wakes_worker else timezone.now(),
        )
        if wakes_worker:
            wake(refresh)
    return refresh


def refresh_risks(lease: Lease) -> None:
    """Do the refresh that the lease is held for.

    Raises:
        NeuralinkError: it cannot be done; the message says why.
        JobCancelled, LeaseLost: the day's risks are those from before, or all new.
    """
    refresh = cast("RiskRefresh", lease.job)
    lease.report(0.1, _("reading how running enrolments go"))
    try:
        live = live_predictor(refresh.organisation)
        if live is None:
            raise NeuralinkError(_("No version that predicts outcomes is in use any more."))
        with transaction.atomic():
            found = predict_running(refresh.organisation, live, lease.check)
            lease.confirm(
                on=found.on, n_enrolments=found.n_enrolments, n_known=found.n_known, progress_text=_("stored")
            )
    except RecommenderError as error:
        raise NeuralinkError(str(error)) from error


def queue_due_refreshes() -> int:
    """Queue a refresh for every organisation whose risks are old, or of another version; how many those were.

    Old is NEURALINK_RISK_DAYS by the organisation's own clock: an archive that stands still is predicted once.
    """
    due = [organisation for organisation in _with_predictor() if _is_due(organisation)]
    for organisation in due:
        start_refresh(organisation)
    return len(due)


def _with_predictor() -> list[Organisation]:
    promoted = Promotion.objects.filter(kind=TargetKind.OUTCOME).values("organisation_id")
    return list(Organisation.objects.filter(id__in=promoted).order_by("id"))


def _is_due(organisation: Organisation) -> bool:
    last: RiskRefresh | None = RiskRefresh.objects.filter(organisation=organisation).order_by("-id").first()
    if last is None:
        return True
    if not last.is_finished:
        return False
    promoted = Promotion.objects.filter(organisation=organisation, kind=TargetKind.OUTCOME).order_by("-id").first()
    if promoted is not None and promoted.at > last.created_at:
        return True
    # A refresh that failed is tried again after as long as a good one is left alone: its row says why meanwhile.
    if last.on is None:
        return last.created_at < timezone.now() - timedelta(days=settings.NEURALINK_RISK_DAYS)
    today: datetime.date = organisation.now().date()
    return last.on <= today - timedelta(days=settings.NEURALINK_RISK_DAYS)
