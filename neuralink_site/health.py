"""Is the process alive, and is the whole chain ready: for load balancers, containers and people in a hurry."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, connection
from django.db.models import Max
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from analytics.jobs import worker_seen_at
from analytics.models import Import, JobState, RollupRefresh
from recommender.models import Promotion, Run

SILENCE = timedelta(seconds=60)
"""A worker that gave no sign of life for so long is taken for dead. Sweeps come every few seconds."""


@dataclass(frozen=True)
class Part:
    is_ok: bool
    sentence: str


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers. It asks neither database nor worker: their failure is no reason to restart it."""
    return JsonResponse({"is_ok": True})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when the database answers and a worker lives, else 503; either way what is wrong with which part."""
    parts = {"database": database()}
    if parts["database"].is_ok:
        parts |= {"worker": worker(), "model": model()}
    is_ok = all(part.is_ok for part in parts.values())
    body: dict[str, Any] = {"is_ok": is_ok} | {name: asdict(part) for name, part in parts.items()}
    return JsonResponse(body, status=200 if is_ok else 503)


def database() -> Part:
    try:
        Import.objects.values("pk").first()
    except DatabaseError as error:
        if connection.is_usable() if connection.connection else False:
            return Part(
                False, _("The database lacks tables: run `python manage.py migrate`. (%s)") % type(error).__name__
            )
        return Part(False, _("The database cannot be reached."))
    return Part(True, _("The database answers."))


def worker() -> Part:
    """Alive if it swept lately, or if a job's lease is being kept: a long job may hold up the sweeps."""
    seen = [worker_seen_at(), *(_last_heartbeat(job) for job in (Import, Run, RollupRefresh))]
    last = max((at for at in seen if at), default=None)
    if last is None:
        return Part(False, _("No worker has ever been seen. Start one with `make run`, or celery's worker and beat."))
    age_seconds = int((timezone.now() - last).total_seconds())
    if age_seconds > SILENCE.total_seconds():
        return Part(False, _("The last sign of life of a worker is %d seconds old. See its log.") % age_seconds)
    return Part(True, _("A worker gave a sign of life %d seconds ago.") % age_seconds)


def _last_heartbeat(job: Any) -> datetime | None:
    last: datetime | None = job.objects.filter(state=JobState.RUNNING).aggregate(last=Max("heartbeat_at"))["last"]
    return last


def model() -> Part:
    """Never a reason not to be ready: without a version, popularity answers under its own name."""
    n_organisations = Promotion.objects.values("organisation").distinct().count()
    if not n_organisations:
        return Part(True, _("No version is in use yet: recommendations fall back to what is popular."))
    return Part(True, _("Organisations with a version in use: %d.") % n_organisations)
