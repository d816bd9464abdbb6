"""Is the process alive, and is the whole chain ready: for load balancers, containers and people in a hurry."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, ProgrammingError
from django.db.models import Max
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from analytics.jobs import worker_seen_at
from analytics.models import Import, Job, JobState, RollupRefresh
from recommender.models import Promotion, Run

JOBS: tuple[type[Job], ...] = (Import, RollupRefresh, Run)
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
    except ProgrammingError:
        return Part(False, _("The database lacks tables. Run `python manage.py migrate`."))
    except DatabaseError:
        return Part(False, _("The database cannot be reached."))
    return Part(True, _("The database answers."))


def worker() -> Part:
    """Alive if one swept lately, or keeps a job's lease: a long job may hold up the sweeps of its worker."""
    last = max((at for at in (worker_seen_at(), *map(_last_heartbeat, JOBS)) if at), default=None)
    if last is None:
        return Part(
            False, _("No worker has been seen yet. Start the program with `make run`, or Celery's worker and beat.")
        )
    age_seconds = int((timezone.now() - last).total_seconds())
    if age_seconds > SILENCE.total_seconds():
        return Part(
            False, _("The last sign of life of a worker is %d seconds old. See the worker's log.") % age_seconds
        )
    starving = [job.queue for job in JOBS if _is_starving(job)]
    if starving:
        return Part(False, _("Jobs wait, but nobody works on the queue: %s.") % ", ".join(starving))
    return Part(True, _("A worker gave a sign of life %d seconds ago.") % age_seconds)


def _last_heartbeat(job: type[Job]) -> datetime | None:
    running = job._default_manager.filter(state=JobState.RUNNING)
    last: datetime | None = running.aggregate(last=Max("heartbeat_at"))["last"]
    return last


def _is_starving(job: type[Job]) -> bool:
    """A queue may have a worker of its own, which can be missing though others sweep."""
    jobs = job._default_manager
    waiting = jobs.filter(state=JobState.QUEUED, created_at__lt=timezone.now() - SILENCE)
    return waiting.exists() and not jobs.filter(state=JobState.RUNNING).exists()


def model() -> Part:
    """Never a reason not to be ready: without a version, popularity answers under its own name."""
    n_organisations = Promotion.objects.values("organisation").distinct().count()
    if not n_organisations:
        return Part(True, _("No version is in use yet: recommendations fall back to what is popular."))
    return Part(True, _("Organisations with a version in use: %d.") % n_organisations)
