"""How the OpenAPI schema tells of access, query parameters and problems, which every address has alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction, OpenApiResponse

from analytics.models import Role
from analytics.rest.permissions import Access
from analytics.rest.problems import MEDIA_TYPE, ProblemSerializer

if TYPE_CHECKING:  # the views name this module in their settings
    from analytics.rest.views import ApiView


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "analytics.rest.authentication.KeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "nlk_...",
            "description": "An API key of the organisation; each address says which scope it needs.",
        }


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "analytics.rest.authentication.MemberSessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "sessionid",
            "description": "The session of a signed-in member; whatever changes something needs X-CSRFToken too.",
        }


class ApiSchema(AutoSchema):
    """Reads `access` and `parameters` off the view, so that neither is told twice."""

    view: ApiView  # type: ignore[override]

    @property
    def access(self) -> Access:
        return self.view.access[self.method]

    def get_operation_id(self) -> str:
        """`imports_cancel` rather than `imports_cancel_create`: what is posted below a row makes no row."""
        name: str = super().get_operation_id()
        return name.removesuffix("_create") if len(self._tokenize_path()) > 1 else name

    def get_override_parameters(self) -> list[Any]:
        parameters = self.view.parameters
        return [parameters] if self.method == "GET" and parameters().fields else []

    def get_description(self) -> str:  # type: ignore[override]
        return f"{super().get_description()}\n\n{self._access_sentence()}"

    def _access_sentence(self) -> str:
        if self.access.is_for_every_key:
            keys = _("Keys: all.")
        elif self.access.scope:
            keys = _("Keys: scope `%s`.") % self.access.scope.value
        else:
            keys = _("Keys: none.")
        roles = ", ".join(str(Role(role).label) for role in self.access.roles)
        return f"{keys} {_('Members: %s.') % roles}"

    def get_auth(self) -> list[dict[str, list[str]]]:
        ways = [
            ("key", self.access.scope is not None or self.access.is_for_every_key),
            ("session", bool(self.access.roles)),
        ]
        admitted = [name for name, is_admitted in ways if is_admitted]
        # super() also enters the schemes into the schema's components.
        return [way for way in super().get_auth() if way.keys() & set(admitted)]

    def _get_response_bodies(self, direction: Direction = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        answer = OpenApiResponse(ProblemSerializer, description=_("What is wrong, as problem details (RFC 9457)"))
        told = self._get_response_for_code(answer, "default", [MEDIA_TYPE], direction)  # type: ignore[no-untyped-call]
        return bodies | {"default": told}
