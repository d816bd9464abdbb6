"""What workers do. The messages only wake: the row says whether there is work, and takes the outcome."""

from celery import shared_task

from analytics import public
from recommender.models import Run
from recommender.training.retrain import retrain


@shared_task(name=Run.task_name)  # type: ignore[untyped-decorator]
def train(run_id: int) -> None:
    with public.working_on(Run, run_id) as lease:
        if lease is not None:
            retrain(lease)


@shared_task(name="recommender.tasks.sweep")  # type: ignore[untyped-decorator]
def sweep() -> int:
    """Wake a worker for runs that wait or were lost; how many those were."""
    return public.sweep(Run)
