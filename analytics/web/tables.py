"""Any table of analytics.tables as CSV."""

from __future__ import annotations

from django.http import StreamingHttpResponse

from analytics.access import MemberRequest, roles_required
from analytics.tables.export import table_lines
from analytics.tables.page import table_for
from analytics.tables.query import TableQuery
from analytics.tables.viewer import Viewer


@roles_required()
def table_csv(request: MemberRequest, name: str) -> StreamingHttpResponse:
    """All rows of the question as CSV: the same query object as the page's."""
    table = table_for(name, request.member)
    query = TableQuery.read(table, request.GET, Viewer.of(request.member))
    response = StreamingHttpResponse(table_lines(query), content_type="text/csv; charset=utf-8")
    file_name = f"{request.member.organisation.slug}-{table.name}.csv"
    response["Content-Disposition"] = f'attachment; filename="{file_name}"'
    return response
