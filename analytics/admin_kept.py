"""Django's admin for what members keep: views of tables, and boards with their tiles."""

from __future__ import annotations

from django.contrib import admin

from analytics.admin_base import OrganisationFilter, ReadOnlyAdmin
from analytics.models import Board, SavedView, Tile


@admin.register(SavedView)
class SavedViewAdmin(ReadOnlyAdmin):
    list_display = ["name", "table", "member", "is_shared", "created_at"]
    list_filter = [OrganisationFilter, "is_shared"]
    list_select_related = ["member__login", "member__organisation"]


@admin.register(Board)
class BoardAdmin(ReadOnlyAdmin):
    list_display = ["name", "member", "is_shared", "created_at"]
    list_filter = [OrganisationFilter, "is_shared"]
    list_select_related = ["member__login", "member__organisation"]


@admin.register(Tile)
class TileAdmin(ReadOnlyAdmin):
    list_display = ["name", "board", "position"]
    list_filter = [OrganisationFilter]
    list_select_related = ["board"]
