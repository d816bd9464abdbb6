"""Addresses below /xapi/, without a slash at the end, as clients of xAPI build them."""

from django.urls import path

from analytics.api.xapi.about import About
from analytics.api.xapi.endpoint import unknown_address

urlpatterns = [
    path("about", About.as_view(), name="xapi_about"),
    path("", unknown_address),
    path("<path:rest>", unknown_address),
]
