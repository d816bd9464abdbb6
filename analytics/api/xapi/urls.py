"""Addresses below /xapi/, without a slash at the end, as clients of xAPI build them."""

from django.urls import path

from analytics.api.xapi.about import About
from analytics.api.xapi.documents import ActivityProfile, AgentProfile, State
from analytics.api.xapi.endpoint import unknown_address
from analytics.api.xapi.lookups import Activities, Agents
from analytics.api.xapi.statements import MoreStatements, Statements

urlpatterns = [
    path("about", About.as_view(), name="xapi_about"),
    path("activities", Activities.as_view(), name="xapi_activities"),
    path("activities/profile", ActivityProfile.as_view(), name="xapi_activity_profile"),
    path("activities/state", State.as_view(), name="xapi_state"),
    path("agents", Agents.as_view(), name="xapi_agents"),
    path("agents/profile", AgentProfile.as_view(), name="xapi_agent_profile"),
    path("statements", Statements.as_view(), name="xapi_statements"),
    path("statements/more/<str:token>", MoreStatements.as_view(), name="xapi_more"),
    path("", unknown_address),
    path("<path:rest>", unknown_address),
]
