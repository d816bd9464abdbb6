"""Who looks at a table: a member or an API key, and the part of the organisation that they see."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from django.db.models import QuerySet

from analytics.models import Activity, ApiKey, Learner, Member, Organisation


@dataclass(frozen=True)
class Viewer:
    """Everything that a table shows goes through here, so that page, CSV and API leave out the same rows."""

    organisation: Organisation
    member: Member | None = None
    """None: an API key, which sees the organisation as a whole."""

    @classmethod
    def of(cls, caller: Member | ApiKey) -> Viewer:
        return cls(caller.organisation, caller if isinstance(caller, Member) else None)

    @property
    def sees_everything(self) -> bool:
        return self.member is None or self.member.sees_everything

    @cached_property
    def course_ids(self) -> list[int] | None:
        """The courses that the viewer is confined to; None: everything, with what happened outside any course."""
        return None if self.sees_everything else list(self.courses().values_list("pk", flat=True))

    def courses(self) -> QuerySet[Activity]:
        return self.activities().filter(kind="course")

    def activities(self) -> QuerySet[Activity]:
        rows = Activity.objects.filter(organisation=self.organisation)
        return rows if self.member is None else rows.visible_to(self.member)

    def learners(self) -> QuerySet[Learner]:
        rows = Learner.objects.filter(organisation=self.organisation)
        return rows if self.member is None else rows.visible_to(self.member)
