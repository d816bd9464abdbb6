"""Which verbs came, what they mean, and giving them another meaning, also for what came before."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from django.db import transaction
from django.utils.translation import gettext as _

from analytics.errors import InvalidInput
from analytics.imports.projector.vocabulary import verb_of
from analytics.imports.vocabulary import verb_of as verb_of_word
from analytics.lrs.waking import request_projection
from analytics.models import Fate, Member, Organisation, Verb, VerbCount, VerbMeaning
from analytics.xapi.scalars import last_word

NO_EVENT = "none"
MOST_VERBS = 500


@dataclass
class VerbUse:
    """A verb on a type of activity, and what became of its statements."""

    verb: str
    activity_type: str
    n_by_fate: Counter[str] = field(default_factory=Counter)
    meaning: str = ""
    """A verb of events, NO_EVENT, or empty: nobody knows."""
    is_own: bool = False
    """The organisation's own meaning, not the table's."""
    is_applied: bool = True

    @property
    def n_statements(self) -> int:
        return sum(self.n_by_fate.values())

    @property
    def n_events(self) -> int:
        return self.n_by_fate[Fate.EVENT] + self.n_by_fate[Fate.MERGED]

    @property
    def n_unmapped(self) -> int:
        return self.n_by_fate[Fate.UNMAPPED]

    @property
    def word(self) -> str:
        return last_word(self.verb)

    @property
    def type_word(self) -> str:
        return last_word(self.activity_type)

    @property
    def meaning_label(self) -> str:
        return str(Verb(self.meaning).label) if self.meaning in Verb.values else ""

    @property
    def suggestion(self) -> str:
        """What its last word would mean in a CSV file."""
        return self.meaning or (verb_of_word(self.word) or Verb.OTHER).value


def verbs_in_use(organisation: Organisation) -> list[VerbUse]:
    """Unmapped ones first, then the most frequent; at most MOST_VERBS."""
    uses: defaultdict[tuple[str, str], VerbUse] = defaultdict(lambda: VerbUse("", ""))
    for count in VerbCount.objects.filter(organisation=organisation, n_statements__gt=0):
        if count.fate == Fate.VOIDING:
            continue
        use = uses[count.verb, count.activity_type]
        use.verb, use.activity_type = count.verb, count.activity_type
        use.n_by_fate[count.fate] += count.n_statements
    _add_meanings(organisation, list(uses.values()))
    return sorted(uses.values(), key=lambda use: (-use.n_unmapped, -use.n_statements, use.verb))[:MOST_VERBS]


def _add_meanings(organisation: Organisation, uses: list[VerbUse]) -> None:
    rows = {(row.verb, row.activity_type): row for row in VerbMeaning.objects.filter(organisation=organisation)}
    meanings = {pair: row.meaning for pair, row in rows.items()}
    for use in uses:
        try:
            found = verb_of(use.verb, use.activity_type, meanings)
        except KeyError:
            continue
        use.meaning = found.value if found else NO_EVENT
        own = rows.get((use.verb, use.activity_type)) or rows.get((use.verb, ""))
        use.is_own, use.is_applied = own is not None, own is None or own.is_applied


def give_meaning(organisation: Organisation, verb: str, activity_type: str, meaning: str, by: Member) -> VerbMeaning:
    """Let a verb mean something from now on, and have a worker apply that to what is here already.

    Raises:
        InvalidInput: no statement with this verb and type is here, or that is nothing that it could mean.
    """
    if not VerbCount.objects.filter(organisation=organisation, verb=verb, activity_type=activity_type).exists():
        raise InvalidInput(_("No statement came with this verb on this type of activity."), "verb")
    if meaning != NO_EVENT and meaning not in Verb.values:
        known = ", ".join([*Verb.values, NO_EVENT])
        raise InvalidInput(
            _("A verb can mean %(known)s, but not %(got)r.") % {"known": known, "got": meaning}, "meaning"
        )
    with transaction.atomic():
        given, _made = VerbMeaning.objects.update_or_create(
            organisation=organisation,
            verb=verb,
            activity_type=activity_type,
            defaults={"meaning": "" if meaning == NO_EVENT else meaning, "created_by": by, "is_applied": False},
        )
        request_projection(organisation.pk)
    return given
