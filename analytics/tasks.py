"""What workers do. A message names a job's row; the row says whether there is anything to do (analytics/jobs.py)."""

from __future__ import annotations

from typing import cast

from celery import shared_task

from analytics.aggregates import rollups
from analytics.imports import rollback, run, uploads
from analytics.imports.projector import project, sweeping
from analytics.jobs import sweep as sweep_jobs
from analytics.jobs import working_on
from analytics.models import Cleanup, Erasure, Import, Projection, RollBack, RollupRefresh
from analytics.retention import cleanup, erasure


@shared_task(name=Import.task_name)  # type: ignore[untyped-decorator]
def run_import(import_id: int) -> None:
    with working_on(Import, import_id) as lease:
        if lease is not None:
            run.run_import(lease)


@shared_task(name=RollBack.task_name)  # type: ignore[untyped-decorator]
def roll_back(roll_back_id: int) -> None:
    with working_on(RollBack, roll_back_id) as lease:
        if lease is not None:
            rollback.work_on(lease)


@shared_task(name=RollupRefresh.task_name)  # type: ignore[untyped-decorator]
def refresh_rollups(refresh_id: int) -> None:
    with working_on(RollupRefresh, refresh_id) as lease:
        if lease is not None:
            rollups.refresh(cast("RollupRefresh", lease.job).organisation_id, lease)


@shared_task(name=Projection.task_name)  # type: ignore[untyped-decorator]
def project_statements(projection_id: int) -> None:
    with working_on(Projection, projection_id) as lease:
        if lease is not None:
            project.project(lease)


@shared_task(name=Cleanup.task_name)  # type: ignore[untyped-decorator]
def clean_up(cleanup_id: int) -> None:
    with working_on(Cleanup, cleanup_id) as lease:
        if lease is not None:
            cleanup.clean_up(lease)


@shared_task(name=Erasure.task_name)  # type: ignore[untyped-decorator]
def erase(erasure_id: int) -> None:
    with working_on(Erasure, erasure_id) as lease:
        if lease is not None:
            erasure.erase(lease)


@shared_task(name="analytics.tasks.start_due_cleanups")  # type: ignore[untyped-decorator]
def start_due_cleanups() -> None:
    cleanup.start_due()


@shared_task(name="analytics.tasks.sweep")  # type: ignore[untyped-decorator]
def sweep() -> None:
    """Wake workers again for the jobs whose message or worker was lost, and clear away what nobody needs."""
    for jobs in (Import, RollBack, RollupRefresh, Projection, Cleanup, Erasure):
        sweep_jobs(jobs)
    sweeping.request_missing()
    sweeping.forget_old_projections()
    rollups.forget_old_refreshes()
    uploads.forget_old_uploads()
