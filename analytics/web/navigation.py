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
ADMINISTRATORS = frozenset({Role.ADMINISTRATOR})
CARE_PAGES = frozenset({"message_new", "digest_preview", "intervention_list"})
RUN_PAGES = frozenset({"run_page", "run_new", "search_list", "search_page"})


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
    Entry("explore", _("Explore"), "explore", STAFF, frozenset({"board_list", "board_page"})),
    Entry("worklist", _("Worklist"), "worklist", CARERS, CARE_PAGES),
    Entry("import_list", _("Imports"), "imports", MODELS, frozenset({"import_new", "import_page", "upload_page"})),
    Entry("statement_list", _("Statements"), "statements", ADMINISTRATORS, frozenset({"identity_list"})),
    Entry(
        "run_list",
        _("Runs"),
        "runs",
        MODELS,
        RUN_PAGES,
    ),
    Entry(
        "version_list",
        _("Versions"),
        "versions",
        MODELS,
        frozenset({"version_page", "promotion_list", "explorer", "experiment_list", "version_card"}),
    ),
    Entry("my_learning", _("My learning"), "own", frozenset({Role.LEARNER})),
    Entry("settings_own", _("Settings"), "settings", frozenset(Role)),
)


WITH_PERIOD = ("overview", "course_list", "explore")
"""Pages of which the address holds a period."""


@dataclass(frozen=True)
class Group:
    """One group of the settings' own navigation."""

    label: str | Promise
    entries: tuple[Entry, ...]


LETTER_PAGES = frozenset({"message_template", "message_template_new"})
SETTINGS = (
    Group(
        _("You"),
        (
            Entry("settings_own", _("Language and appearance"), "", frozenset(Role)),
            Entry("settings_password", _("Password"), "", frozenset(Role)),
        ),
    ),
    Group(
        _("Your organisation"),
        (
            Entry("settings_organisation", _("Organisation"), "", ADMINISTRATORS),
            Entry("member_list", _("Members"), "", ADMINISTRATORS, frozenset({"member_page", "member_link"})),
            Entry("retention", _("Data kept"), "", ADMINISTRATORS),
            Entry("outcome_policy", _("Risks and mails"), "", ADMINISTRATORS, LETTER_PAGES),
            Entry("list_rule_list", _("List rules"), "", MODELS),
            Entry("list_export_list", _("Lists of all learners"), "", MODELS),
            Entry("retrain_rule_list", _("Training rules"), "", MODELS, frozenset({"retrain_rule_page"})),
        ),
    ),
    Group(
        _("Programs"),
        (
            Entry("key_list", _("API keys"), "", ADMINISTRATORS),
            Entry("credential_list", _("Credentials of tools"), "", ADMINISTRATORS),
        ),
    ),
)


def entries_for(member: Member, current: str, period: str = "") -> list[dict[str, object]]:
    """What the member may open, in order; `current` is the name of the address that is being shown.

    `period` is the period of that address as a query string: pages that have a period go on with it.
    """
    is_settings = any(current == each.url_name or current in each.pages for group in SETTINGS for each in group.entries)
    shown = shown_of(ENTRIES, member, "settings_own" if is_settings else current)
    paths = {reverse(name) for name in WITH_PERIOD}
    return [each | {"url": f"{each['url']}?{period}"} if period and each["url"] in paths else each for each in shown]


def settings_for(member: Member, current: str) -> list[dict[str, object]]:
    """The groups of settings that hold something for the member."""
    groups: list[dict[str, object]] = [
        {"label": group.label, "entries": shown_of(group.entries, member, current)} for group in SETTINGS
    ]
    return [group for group in groups if group["entries"]]


def shown_of(entries: tuple[Entry, ...], member: Member, current: str) -> list[dict[str, object]]:
    shown: list[dict[str, object]] = []
    for entry in entries:
        if member.role not in entry.roles:
            continue
        try:
            url = reverse(entry.url_name)
        except NoReverseMatch:  # an installation without the recommender has no such pages
            continue
        is_current = current == entry.url_name or current in entry.pages
        shown.append({"url": url, "label": entry.label, "icon": entry.icon, "is_current": is_current})
    return shown
