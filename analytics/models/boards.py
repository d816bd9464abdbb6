"""What members keep to come back to: views of tables, and boards of charts. The question is an address's query."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from analytics.models.organisation import Member, Organisation, Role

LONGEST_QUERY = 2000


class KeptQuerySet(models.QuerySet["Kept"]):
    def visible_to(self, member: Member) -> KeptQuerySet:
        """The member's own, and what others of the organisation share. What it shows is asked anew for each reader."""
        mine = self.filter(organisation_id=member.organisation_id)
        return mine.filter(Q(member=member) | Q(is_shared=True))

    def changeable_by(self, member: Member) -> KeptQuerySet:
        """The member's own; an administrator may also clear away what others share."""
        mine = self.filter(organisation_id=member.organisation_id)
        is_shared = Q(is_shared=True) if member.role == Role.ADMINISTRATOR else Q(pk__in=[])
        return mine.filter(Q(member=member) | is_shared)


class Kept(models.Model):
    """A name under which a member finds something again, alone or with everybody of the organisation's staff."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+", help_text=_("whose it is"))
    name = models.CharField(max_length=80)
    is_shared = models.BooleanField(default=False, help_text=_("seen by everybody on the staff of the organisation"))
    created_at = models.DateTimeField(auto_now_add=True)

    objects = KeptQuerySet.as_manager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


class SavedView(Kept):
    """A table with filters, order and columns."""

    table = models.CharField(max_length=40, help_text=_("name of the table"))
    query = models.CharField(max_length=LONGEST_QUERY, blank=True, help_text=_("the query string of its address"))

    class Meta:
        ordering = ["name", "id"]
        constraints = [models.UniqueConstraint(fields=["member", "table", "name"], name="saved_view_once")]


class Board(Kept):
    """A page of charts, each made in Explore."""

    class Meta:
        ordering = ["name", "id"]
        constraints = [models.UniqueConstraint(fields=["member", "name"], name="board_once")]


class Tile(models.Model):
    """One chart of a board: a question of Explore."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    board = models.ForeignKey(Board, on_delete=models.CASCADE, related_name="tiles")
    name = models.CharField(max_length=120)
    query = models.CharField(max_length=LONGEST_QUERY, blank=True, help_text=_("the query string of its address"))
    position = models.IntegerField(default=0, help_text=_("place on the board, from 0"))

    class Meta:
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.name
