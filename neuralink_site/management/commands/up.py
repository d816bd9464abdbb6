"""`python manage.py up`: everything that an installation needs, run by one command until Ctrl-C."""

import http.client
import signal
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connection
from kombu import Connection
from kombu.exceptions import OperationalError as BrokerError

from neuralink_site import embedded_postgres, first_start
from neuralink_site.celery import QUEUES, clear_embedded_broker
from neuralink_site.processes import STOP_SIGNALS, Program, Supervisor, end_leftovers
from neuralink_site.start_checks import StartError, check_disk, check_port, only_start
from neuralink_site.web_command import web_command

WEB_SECONDS = 60.0  # how long the web server may take to answer
WEB_DEATHS = 3  # so many deaths before its first answer are a fault, not an accident
DATABASE_CHECK_SECONDS = 1.0


class Command(BaseCommand):
    help = "Run database, workers, scheduler and web server, making at the first start what is missing."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--no-academy", action="store_true", help="begin empty instead of with the synthetic academy"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self.academy = not options["no_academy"]
        for number in STOP_SIGNALS:
            signal.signal(number, signal.default_int_handler)
        try:
            with ExitStack() as stack:
                self.run(stack)
        except (StartError, embedded_postgres.EmbeddedPostgresError) as error:
            self.stderr.write(f"\n{error}")
            sys.exit(1)
        except KeyboardInterrupt:
            self.say("Stopped.")

    def run(self, stack: ExitStack) -> None:
        """Start everything in order; what is entered into `stack` stops in the opposite order."""
        self.say(f"Neuralink starts; its data folder is {settings.HOME} and Ctrl-C stops it.")
        stack.enter_context(only_start(settings.HOME))
        self.step("Checks", self.check_machine)
        stack.callback(self.stop_database)
        self.step("Database", self.open_database)
        self.step("Tables", first_start.migrate)
        self.step("Static files", first_start.collect_static)
        if self.academy:
            self.step("Synthetic academy", first_start.create_academy)
        self.supervisor = stack.enter_context(Supervisor(settings.HOME, settings.BASE_DIR, self.say))
        stack.callback(self.say, "Stopping ...")
        self.step("Web server", self.start_web)
        self.step("Workers and scheduler", self.start_workers)
        self.step("First model", self.train_models)
        connection.close()  # nothing of ours stays open while the programs work
        self.say_ready()
        self.supervisor.watch(self.keep_database, DATABASE_CHECK_SECONDS)

    # Steps, in order. Each returns what it found or did.

    def check_machine(self) -> str:
        left = end_leftovers(settings.HOME)
        if left:
            self.say(f"  {left} programs of an earlier start that was killed were still there and were ended.")
        is_first = embedded_postgres.status(settings.HOME) is None
        return f"{check_port(*self.address)}, {check_disk(settings.HOME, is_first)}"

    def open_database(self) -> str:
        # A server that ran before, for a test or a command, is not ours to stop; one that an earlier start
        # was killed before stopping is.
        server = None if settings.DATABASE_URL else embedded_postgres.status(settings.HOME)
        if not settings.DATABASE_URL and (server is None or not server.is_running):
            self.database_marker.touch()
        return first_start.open_database()

    def start_web(self) -> str:
        self.supervisor.start([self.web_server()])
        deadline = time.monotonic() + WEB_SECONDS
        self.supervisor.watch(lambda: self.web_answers(deadline), 0.1)
        return f"answers at {self.url}"

    def start_workers(self) -> str:
        if settings.BROKER_URL:
            self.reach_broker()
        else:
            clear_embedded_broker()
        self.supervisor.start([*map(worker, QUEUES), scheduler()])
        return f"{', '.join(QUEUES)}; logs in {settings.HOME / 'logs'}"

    def train_models(self) -> str:
        """Wait for a training only as long as no model is in use."""
        said = "there already" if self.academy else "none wanted"
        while self.academy and (run := first_start.next_run()) is not None:
            if first_start.has_model():
                return f"{said.rstrip('.')}; {run.algorithm} trains in the background, see Runs"
            self.say(f"    training {run.algorithm}")
            self.supervisor.watch(first_start.follow(run, lambda news: self.say(f"    {news}")), 0.5)
            said = run.verdict or run.error or run.get_state_display()
        return said

    # Parts of the steps.

    def web_server(self) -> Program:
        return Program("web", web_command(*self.address, settings.NEURALINK_WEB_PROCESSES))

    def web_answers(self, deadline: float) -> bool:
        if self.supervisor.deaths("web") >= WEB_DEATHS or time.monotonic() > deadline:
            raise StartError(
                f"The web server does not answer: {self.supervisor.log('web')} says why; correct that and start "
                f"again. (Its last line: {self.supervisor.last_line('web')})"
            )
        host, port = self.address
        probe = http.client.HTTPConnection("127.0.0.1" if host == "0.0.0.0" else host, port, timeout=5)  # noqa: S104
        try:
            probe.request("GET", "/healthz")
            return probe.getresponse().status < http.client.INTERNAL_SERVER_ERROR
        except (OSError, http.client.HTTPException):
            return False
        finally:
            probe.close()

    def reach_broker(self) -> None:
        with Connection(settings.BROKER_URL, connect_timeout=5) as broker:
            try:
                broker.ensure_connection(max_retries=1, interval_start=1)
            except (BrokerError, OSError) as error:
                raise StartError(
                    f"The broker {broker.as_uri()} of NEURALINK_BROKER_URL does not answer: start it, correct the "
                    f"address, or remove it to use the embedded one. (It said: {error})"
                ) from error

    def keep_database(self) -> bool:
        """Never done: start the embedded server again should it have died."""
        if not settings.DATABASE_URL:
            server = embedded_postgres.status(settings.HOME)
            if server is None or not server.is_running:
                self.say("The database ended and starts again.")
                self.restart_database()
        return False

    def restart_database(self) -> None:
        try:
            embedded_postgres.start(settings.HOME)
        except embedded_postgres.EmbeddedPostgresError as error:
            self.say(f"{error} It is tried again every {DATABASE_CHECK_SECONDS:.0f} s.")

    def stop_database(self) -> None:
        connection.close()
        if self.database_marker.exists():
            for number in STOP_SIGNALS:
                signal.signal(number, signal.SIG_IGN)  # what is left to do takes a second, and must be done
            embedded_postgres.stop(settings.HOME)
            self.database_marker.unlink()

    def say_ready(self) -> None:
        self.say(f"\nNeuralink is ready: {self.url}\n")
        logins = first_start.logins() if self.academy else []
        for role, name, password in logins:
            self.say(f"  {role:<20} {name:<28} {password}")
        if logins:
            self.say(f"  (kept in {first_start.LOGINS})\n")

    def step(self, title: str, action: Callable[[], str]) -> None:
        self.say(f"  {title} ...")
        begin = time.monotonic()
        result = action()
        self.say(f"  {title}: {result} ({time.monotonic() - begin:.1f} s)")

    def say(self, sentence: str) -> None:
        self.stdout.write(sentence)
        self.stdout.flush()

    @property
    def address(self) -> tuple[str, int]:
        return settings.NEURALINK_BIND, settings.NEURALINK_PORT

    @property
    def url(self) -> str:
        host, port = self.address
        return f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}"  # noqa: S104

    @property
    def database_marker(self) -> Any:
        return settings.HOME / "database.started_by_up"


def worker(queue: str) -> Program:
    # One task at a time in the worker's own process: a Keras model used after a fork hangs its process.
    solo = ("worker", "--queues", queue, "--hostname", f"{queue}@%h", "--pool", "solo", "--loglevel", "WARNING")
    quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat")
    # A worker that is busy when all is stopped gets killed, and its job goes on at the next start: Celery's own "cold"
    # shutdown would make the job fail.
    return Program(f"worker-{queue}", (*CELERY, *solo, *quiet))


def scheduler() -> Program:
    return Program("scheduler", (*CELERY, "beat", "--loglevel", "WARNING"))


CELERY = (sys.executable, "-m", "celery", "-A", "neuralink_site.celery")
