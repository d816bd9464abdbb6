"""Presentation mode: while it is on, learners show a pseudonym instead of their name, id and addresses.

On and off like Django's time zone: for the thread that answers a request. Whatever shows a learner asks `shown_name`
or `shown_id`, so that page, fragment and file need to know nothing of it.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

CODE_LETTERS = 6
_masks: ContextVar[bool] = ContextVar("masks_learners", default=False)


def masks_learners() -> bool:
    return _masks.get()


@contextmanager
def masked_learners() -> Iterator[None]:
    """Inside the block learners show pseudonyms."""
    token = _masks.set(True)
    try:
        yield
    finally:
        _masks.reset(token)


def masked_stream(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces of an answer that is made while it is sent: after the request itself is done with."""
    source = iter(pieces)
    while True:
        with masked_learners():
            piece = next(source, None)
        if piece is None:
            return
        yield piece


def pseudonym_code(organisation_id: int, learner_id: int) -> str:
    """Six letters and digits; the same every time, and nothing that leads back without the server's secret."""
    digest = salted_hmac("learner-pseudonym", f"{organisation_id}/{learner_id}", algorithm="sha256").digest()
    return base64.b32encode(digest).decode()[:CODE_LETTERS]


def pseudonym(organisation_id: int, learner_id: int) -> str:
    return _("Learner %(code)s") % {"code": pseudonym_code(organisation_id, learner_id)}
