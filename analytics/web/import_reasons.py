"""What the codes of a ledger say, as headings: API and CSV keep the codes, pages tell them in words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

REASONS = {
    "already_imported": gettext_lazy("Imported before"),
    "banked_result": gettext_lazy("Result carried over from an earlier run"),
    "band_without_percent": gettext_lazy("Percent sign put behind a band"),
    "broken_quoting": gettext_lazy("Quote that is not closed"),
    "id_taken": gettext_lazy("Id of another statement"),
    "known_activity": gettext_lazy("Activity there already, brought up to date"),
    "known_dates": gettext_lazy("Dates of the enrolment known already"),
    "known_enrolment": gettext_lazy("Enrolment there already, brought up to date"),
    "known_id": gettext_lazy("Came before, by its id"),
    "known_learner": gettext_lazy("Learner there already, brought up to date"),
    "learner_matched": gettext_lazy("Learner found by another address"),
    "no_enrolment": gettext_lazy("Not enrolled in the course"),
    "not_a_row": gettext_lazy("Not a row"),
    "not_an_object": gettext_lazy("Not an object of names and values"),
    "not_json": gettext_lazy("Not JSON"),
    "not_utf8": gettext_lazy("Not in the encoding of the file"),
    "nul_character": gettext_lazy("Character that no text has"),
    "parent_in_circle": gettext_lazy("Activity that would hold itself"),
    "repeated_activity": gettext_lazy("Activity twice in the file"),
    "repeated_enrolment": gettext_lazy("Enrolment twice in the file"),
    "repeated_id": gettext_lazy("Id twice in the file"),
    "repeated_learner": gettext_lazy("Learner twice in the file"),
    "row_too_long": gettext_lazy("Row too long"),
    "statement_invalid": gettext_lazy("Invalid statement"),
    "test_learner": gettext_lazy("Test account of the source"),
    "text_garbled": gettext_lazy("Garbled letters put right"),
    "unknown_course": gettext_lazy("Course that does not exist"),
    "wrong_number_of_fields": gettext_lazy("Too many or too few fields"),
}
"""By the whole code."""
ENDINGS = {
    "_missing": gettext_lazy("%(column)s: missing"),
    "_too_long": gettext_lazy("%(column)s: too long"),
    "_cut": gettext_lazy("%(column)s: cut"),
    "_filled": gettext_lazy("%(column)s: filled in as the import says"),
    "_unknown": gettext_lazy("%(column)s: not known"),
    "_unreadable": gettext_lazy("%(column)s: not to be read"),
    "_impossible": gettext_lazy("%(column)s: impossible"),
    "_skipped_hour": gettext_lazy("%(column)s: in an hour that clocks skipped"),
    "_repeated_hour": gettext_lazy("%(column)s: in an hour that came twice"),
    "_not_a_number": gettext_lazy("%(column)s: no number"),
    "_decimal_comma": gettext_lazy("%(column)s: decimal comma"),
    "_percent_sign": gettext_lazy("%(column)s: percent sign"),
    "_fraction": gettext_lazy("%(column)s: written as a fraction"),
    "_length": gettext_lazy("%(column)s: written as a length of time"),
}
"""By the end of a code that begins with the column it is about."""
COLUMNS = {
    "activity": gettext_lazy("Activity"),
    "at": gettext_lazy("Time"),
    "attempt": gettext_lazy("Attempt"),
    "closes_at": gettext_lazy("Closes"),
    "course": gettext_lazy("Course"),
    "ended_at": gettext_lazy("End"),
    "full_mark": gettext_lazy("Full mark"),
    "grade": gettext_lazy("Grade"),
    "id": gettext_lazy("Id"),
    "kind": gettext_lazy("Kind"),
    "learner": gettext_lazy("Learner"),
    "learner_name": gettext_lazy("Name of the learner"),
    "name": gettext_lazy("Name"),
    "opens_at": gettext_lazy("Opens"),
    "outcome": gettext_lazy("Outcome"),
    "parent": gettext_lazy("Parent"),
    "position": gettext_lazy("Position"),
    "started_at": gettext_lazy("Start"),
    "unit": gettext_lazy("Unit"),
    "value": gettext_lazy("Value"),
    "verb": gettext_lazy("Verb"),
}


def reason(code: str) -> str:
    """A code as a heading; one that nobody named keeps its letters."""
    if code in REASONS:
        return str(REASONS[code])
    for ending, words in ENDINGS.items():
        name = code.removesuffix(ending)
        if name != code:
            return words % {"column": COLUMNS.get(name, name)}
    return code.replace("_", " ")
