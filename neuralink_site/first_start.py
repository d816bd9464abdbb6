"""What the first start makes and later ones find: tables, collected static files, the academy, its first model."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from analytics.models import Organisation
from neuralink_site.embedded_postgres import EmbeddedPostgresError
from neuralink_site.start_checks import StartError
from recommender.models import Promotion, Run
from recommender.training.start import start_run

ACADEMY = "academy"
# What comes next and who needs help, each within seconds, and one that learns the order of things and takes minutes.
# The academy is small, so the first is held back more than its default does for real data.
FIRST_MODELS: tuple[tuple[str, dict[str, object]], ...] = (
    ("ease", {"regularization": 2000}),
    ("logistic", {}),
    ("sasrec", {}),
)
LOGINS = Path(settings.HOME) / "logins.json"


def open_database() -> str:
    """Connect, starting the embedded server at need; say which server answers."""
    try:
        connection.ensure_connection()
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version")
            version = cursor.fetchone()[0].split()[0]
    except EmbeddedPostgresError:
        raise
    except OperationalError as error:
        raise StartError(
            "The database named by NEURALINK_DATABASE_URL does not answer: start it or correct the address. "
            f"(It said: {' '.join(str(error).split())})"
        ) from error
    address = connection.get_connection_params()
    return f"PostgreSQL {version} on {address.get('host') or 'a socket'}:{address.get('port') or 5432}"


def migrate() -> str:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        call_command("migrate", interactive=False, verbosity=0)
    return f"{len(plan)} migrations applied" if plan else "up to date"


def collect_static() -> str:
    """Collect only when a source file changed: compressing Plotly alone takes seconds."""
    stamp, state = Path(settings.STATIC_ROOT) / "sources.sha256", _static_state()
    if stamp.exists() and stamp.read_text() == state:
        return "unchanged"
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    stamp.write_text(state)
    return "collected"


def create_academy() -> str:
    """Make the synthetic academy, in a process of its own: what that needs of memory is then given back."""
    is_begun = Organisation.objects.filter(slug=ACADEMY, is_synthetic=True).exists()
    # Its logins are written last: without them an earlier start was interrupted, and is gone on with.
    if Organisation.objects.exists() and (LOGINS.exists() or not is_begun):
        return "there already" if is_begun else "left out, for there are other organisations"
    done = subprocess.run([sys.executable, "manage.py", "create_academy"], cwd=settings.BASE_DIR, check=False)
    if done.returncode:
        raise StartError(
            f"The synthetic academy could not be made (`python manage.py create_academy` ended with exit status "
            f"{done.returncode}): correct what it says above and start again."
        )
    return "made"


def next_run() -> Run | None:
    """Return the academy's unfinished training, or begin the first of FIRST_MODELS that it never had."""
    academy = Organisation.objects.filter(slug=ACADEMY, is_synthetic=True).first()
    if academy is None:
        return None
    runs = Run.objects.filter(organisation=academy)
    unfinished: Run | None = runs.unfinished().first()
    if unfinished is not None:
        return unfinished
    for algorithm, config in FIRST_MODELS:
        if not runs.filter(algorithm=algorithm).exists():
            return start_run(academy, algorithm, config=config)
    return None


def has_model() -> bool:
    return Promotion.objects.filter(organisation__slug=ACADEMY).exists()


def follow(run: Run, say: Callable[[str], None]) -> Callable[[], bool]:
    """Return a question that tells whether the run is finished, saying its progress when that changes."""
    said: list[str] = []

    def is_finished() -> bool:
        run.refresh_from_db()
        news = f"{run.progress_share:4.0%} {run.progress_text or run.get_state_display()}"
        if said[-1:] != [news]:
            said.append(news)
            say(news)
        return run.is_finished

    return is_finished


def logins() -> list[tuple[str, str, str]]:
    """Return role, name and password of the logins that `create_academy` keeps in the data folder."""
    try:
        kept = json.loads(LOGINS.read_text())
    except FileNotFoundError:
        return []
    return [(role.replace("_", " "), login["login"], login["password"]) for role, login in kept.items()]


def _static_state() -> str:
    state = hashlib.sha256(repr(settings.STORAGES).encode())
    for finder in get_finders():
        for path, storage in sorted(finder.list([]), key=lambda found: str(found[0])):
            source = Path(storage.path(path)).stat()
            state.update(f"{path} {source.st_size} {source.st_mtime_ns}\n".encode())
    return state.hexdigest()
