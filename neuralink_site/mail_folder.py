"""A mail back end without a mail server: each mail becomes a file that any mail program opens."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend


class EmailBackend(BaseEmailBackend):
    """Writes below MAIL_FOLDER, a file named by the mail's Message-ID: the same mail sent twice is there once."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        folder = Path(settings.MAIL_FOLDER)
        folder.mkdir(parents=True, exist_ok=True)
        for mail in email_messages:
            message = mail.message()
            name = re.sub(r"[^\w@.-]", "", message["Message-ID"])
            unfinished = folder / f"{name}.{os.getpid()}.unfinished"
            # They hold names and addresses: readable by their owner only, from the first byte on.
            with open(unfinished, "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
                file.write(message.as_bytes())
            os.replace(unfinished, folder / f"{name}.eml")
        return len(email_messages)
