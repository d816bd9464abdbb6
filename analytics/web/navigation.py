"""The main navigation: one table of entries, each for some roles."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from analytics.models import Member, Role

MODELS = frozenset({Role.ADMINISTRATOR, Role.MODEL_OWNER})
STAFF = MODELS | {Role.INSTRUCTOR}
CARERS = frozenset({Role.ADMINISTRATOR, Role.INSTRUCTOR})
CARE_PAGES = frozenset(
    {"message_new", "digest_preview", "intervention_list", "outcome_policy", "message_template", "message_template_new"}
)
RUN_PAGES = frozenset({"run_page", "run_new", "search_list", "search_page", "retrain_rule_list", "retrain_rule_page"})
STATEMENT_PAGES = frozenset({"identity_list", "credential_list"})


@dataclass(frozen=True)
class Entry:
    url_name: str
    label: str | Promise
    icon: str
    """Id of a symbol in static/img/icons.svg."""
    roles: frozenset[Role]
    pages: frozenset[str] = frozenset()
    """Names of further addresses during which this entry counts as the current one."""


ENTRIES = (
    Entry("overview", _("Overview"), "overview", STAFF),
    Entry("course_list", _("Courses"), "courses", STAFF, frozenset({"course_page", "course_risk"})),
    Entry("learner_list", _("Learners"), "learners", STAFF, frozenset({"learner_page"})),
    Entry("worklist", _("Worklist"), "worklist", CARERS, CARE_PAGES),
    Entry("import_list", _("Imports"), "imports", MODELS, frozenset({"import_new", "import_page"})),
    Entry("statement_list", _("Statements"), "statements", frozenset({Role.ADMINISTRATOR}), STATEMENT_PAGES),
    Entry(
        "run_list",
        _("Runs"),
        "runs",
        MODELS,
        RUN_PAGES,
    ),
    Entry("version_list", _("Versions"), "versions", MODELS, frozenset({"version_page"})),
    Entry("my_learning", _("My learning"), "own", frozenset({Role.LEARNER})),
)


def entries_for(member: Member, current: str) -> list[dict[str, object]]:
    """What the member may open, in order; `current` is the name of the address that is being shown."""
    shown: list[dict[str, object]] = []
    for entry in ENTRIES:
        if member.role not in entry.roles:
            continue
        try:
            url = reverse(entry.url_name)
        except NoReverseMatch:  # an installation without the recommender has no such pages
            continue
        is_current = current == entry.url_name or current in entry.pages
        shown.append({"url": url, "label": entry.label, "icon": entry.icon, "is_current": is_current})
    return shown
