"""What workers do. The messages only wake: the row says whether there is work, and takes the outcome."""

from celery import shared_task

from analytics import public
from recommender.models import ListExport, Mail, RiskRefresh, Run, Search
from recommender.serving import experiments, list_export, online, risks
from recommender.training import rules
from recommender.training.apart import work_apart
from recommender.worklist.digest import queue_due_digests
from recommender.worklist.post import deliver


@shared_task(name=Run.task_name)  # type: ignore[untyped-decorator]
def train(run_id: int) -> None:
    with public.working_on(Run, run_id) as lease:
        if lease is not None:
            work_apart(lease)


@shared_task(name=Search.task_name)  # type: ignore[untyped-decorator]
def search_parameters(search_id: int) -> None:
    with public.working_on(Search, search_id) as lease:
        if lease is not None:
            work_apart(lease)


@shared_task(name=RiskRefresh.task_name)  # type: ignore[untyped-decorator]
def refresh_risks(refresh_id: int) -> None:
    with public.working_on(RiskRefresh, refresh_id) as lease:
        if lease is not None:
            risks.refresh_risks(lease)


@shared_task(name=ListExport.task_name)  # type: ignore[untyped-decorator]
def export_lists(export_id: int) -> None:
    with public.working_on(ListExport, export_id) as lease:
        if lease is not None:
            list_export.export_lists(lease)


@shared_task(name="recommender.tasks.queue_list_exports")  # type: ignore[untyped-decorator]
def queue_list_exports() -> int:
    return list_export.queue_due_exports()


@shared_task(name="recommender.tasks.queue_risk_refreshes")  # type: ignore[untyped-decorator]
def queue_risk_refreshes() -> int:
    return risks.queue_due_refreshes()


@shared_task(name=Mail.task_name)  # type: ignore[untyped-decorator]
def send_mail(mail_id: int) -> None:
    with public.working_on(Mail, mail_id) as lease:
        if lease is not None:
            deliver(lease)


@shared_task(name="recommender.tasks.queue_digests")  # type: ignore[untyped-decorator]
def queue_digests() -> int:
    return queue_due_digests()


@shared_task(name="recommender.tasks.start_due_runs")  # type: ignore[untyped-decorator]
def start_due_runs() -> int:
    return rules.start_due_runs()


@shared_task(name="recommender.tasks.sweep")  # type: ignore[untyped-decorator]
def sweep() -> int:
    """Wake a worker for what waits or was lost; how many those were."""
    return sum(public.sweep(jobs) for jobs in (Run, Search, RiskRefresh, Mail, ListExport))


@shared_task(name="recommender.tasks.count_online")  # type: ignore[untyped-decorator]
def count_online() -> int:
    """What became of what was shown, for every organisation; how many experiments were looked at."""
    n_counted = 0
    for organisation in public.Organisation.objects.all():
        online.count_online(organisation)
        n_counted += experiments.count_running(organisation)
    return n_counted
