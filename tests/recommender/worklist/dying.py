"""A real process that kills itself while it sends a mail, at a moment of our choice.

Run as `python -m tests.recommender.worklist.dying MAIL MOMENT`; the database and the data folder come by environment.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import django


def die(*args: Any, **kwargs: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "neuralink_site.settings")
    django.setup()
    from django.core.mail import EmailMessage

    from recommender.tasks import send_mail

    send = EmailMessage.send

    def send_and_die(message: EmailMessage) -> None:
        send(message)
        die()

    EmailMessage.send = {"before": die, "after": send_and_die}[sys.argv[2]]
    send_mail(int(sys.argv[1]))
