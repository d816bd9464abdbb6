"""Addresses below /xapi/, without a slash at the end, as clients of xAPI build them."""

from django.urls import path

from analytics.api.xapi.unknown import unknown_address

urlpatterns = [
    path("<path:rest>", unknown_address),
    path("", unknown_address, {"rest": ""}),
]
