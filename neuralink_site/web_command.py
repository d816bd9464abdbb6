"""How the web server is started: one command for `up` and for whoever measures it."""

import sys

from django.conf import settings


def web_command(host: str, port: int, n_processes: int, application: str = "neuralink_site.wsgi") -> tuple[str, ...]:
    """Gunicorn with threads, on an address that was found free.

    Loaded once and then forked: half the memory, and a quicker start. Each process listens for itself, because of one
    socket that all of them share the first to wake takes nearly every connection, and the other cores stay idle.
    """
    command = (sys.executable, "-m", "gunicorn", application, "--bind", f"{host}:{port}", "--preload", "--reuse-port")
    threads = ("--worker-class", "gthread", "--threads", str(settings.NEURALINK_WEB_THREADS))
    others = ("--workers", str(n_processes), "--graceful-timeout", "3", "--log-level", "warning")
    return command + threads + others
