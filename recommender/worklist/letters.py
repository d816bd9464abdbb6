"""The texts of messages: those that are shipped, the organisation's own, and how their gaps are filled."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.public import InvalidInput, Organisation
from recommender.models import MessageTemplate

GAP = re.compile(r"\{([^{}\n]{0,40})\}")
"""Only this is replaced, and only by PLACEHOLDERS: a text is data, never a program."""

PLACEHOLDERS: Mapping[str, str | Promise] = {
    "first_name": gettext_lazy("the learner's first name"),
    "learner": gettext_lazy("the learner's whole name"),
    "course": gettext_lazy("the course's name"),
    "noticed": gettext_lazy("what was noticed, one line each"),
    "strengths": gettext_lazy("what goes well, one line each"),
    "sender": gettext_lazy("your name"),
    "organisation": gettext_lazy("the organisation's name"),
}


@dataclass(frozen=True)
class Letter:
    key: str
    name: str | Promise
    subject: str | Promise
    body: str | Promise
    is_own: bool = False
    """Written by the organisation, not shipped."""


SHIPPED = (
    Letter(
        "checking-in",
        gettext_lazy("Checking in"),
        gettext_lazy("How is {course} going?"),
        gettext_lazy(
            "Hello {first_name},\n\nI wanted to ask how {course} is going for you. If anything is in your way - time, "
            "a topic, the platform - just answer this mail; we will find a way together.\n\nBest wishes\n{sender}"
        ),
    ),
    Letter(
        "catching-up",
        gettext_lazy("Catching up"),
        gettext_lazy("A way back into {course}"),
        gettext_lazy(
            "Hello {first_name},\n\nthere is still time to catch up in {course}. This is what I see:\n\n{noticed}\n\n"
            "Start with the smallest of them, half an hour is enough for a beginning. If a deadline has passed, write "
            "to me: much can still be arranged.\n\nBest wishes\n{sender}"
        ),
    ),
    Letter(
        "encouragement",
        gettext_lazy("Encouragement"),
        gettext_lazy("Well begun, {first_name}"),
        gettext_lazy(
            "Hello {first_name},\n\nI looked at {course} today and saw what goes well:\n\n{strengths}\n\n"
            "Keep that up, and tell me if you would like help with what comes next.\n\nBest wishes\n{sender}"
        ),
    ),
)


def letters_of(organisation: Organisation) -> list[Letter]:
    """Every text that may be sent: the shipped ones, or the organisation's of the same key instead; then its others."""
    own = {
        row.key: Letter(row.key, row.name, row.subject, row.body, is_own=True)
        for row in MessageTemplate.objects.filter(organisation=organisation)
    }
    return [own.pop(letter.key, letter) for letter in SHIPPED] + list(own.values())


def letter_of(organisation: Organisation, key: str) -> Letter | None:
    return next((letter for letter in letters_of(organisation) if letter.key == key), None)


def check_gaps(text: str, pointer: str) -> None:
    """Refuse a text with a gap that nothing fills.

    Raises:
        InvalidInput: `pointer` names the field.
    """
    unknown = [name for name in GAP.findall(text) if name not in PLACEHOLDERS]
    if unknown:
        raise InvalidInput(
            _("Nothing fills {%(name)s}. These are filled: %(known)s.")
            % {"name": unknown[0], "known": ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)},
            pointer,
        )


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with every known gap filled; what was filled in is not looked at again."""
    return GAP.sub(lambda gap: values.get(gap[1], gap[0]), text)
