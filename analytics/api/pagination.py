"""Pages that cost the same however deep: the next page starts after the last row's key."""

from rest_framework.pagination import CursorPagination


class KeysetPagination(CursorPagination):
    ordering = "-id"
    page_size_query_param = "limit"
    max_page_size = 500
