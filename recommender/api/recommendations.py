"""What a learner could do next, and what they say to it."""

from __future__ import annotations

import uuid
from typing import Any

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.public import Activity, Learner, Member, Role, Scope
from analytics.rest.parameters import Body, ExternalIdField, InvalidParameters, Parameters
from analytics.rest.permissions import EVERY_ROLE, Access, visible
from analytics.rest.views import ApiView, missing
from recommender.api.told import remembered, told
from recommender.models import RECOMMENDED, RECOMMENDED_CHOICES, FeedbackAction, Impression, TargetKind, Version
from recommender.serving.candidates import SOURCES
from recommender.serving.feedback import give_feedback
from recommender.serving.personal import Named
from recommender.serving.recommend import (
    Answer,
    popular_now,
    recommend,
    recommend_for_session,
    similar_to,
    versions_answering,
)
from recommender.serving.why_not import why_not
from recommender.serving.write_behind import settle

RECOMMENDING_SOURCES = sorted(SOURCES)
MAX_NUMBER = 2**31 - 1
EXPLAIN_HELP = "false: without reasons, which is quicker"
VERSION_HELP = (
    "number of a version to ask in place of the one in use; for data administrators, model owners and keys with the "
    "scope versions:write"
)


class NamedActivitySerializer(serializers.Serializer[Any]):
    external_id = serializers.CharField()
    kind = serializers.CharField()
    name = serializers.CharField()


class RecommendationSerializer(serializers.Serializer[Any]):
    rank = serializers.IntegerField(help_text="1 is the best")
    activity = NamedActivitySerializer()
    strength = serializers.FloatField(help_text="comparable within this answer only")
    source: Any = serializers.ChoiceField(choices=RECOMMENDING_SOURCES, help_text="what put it forward")
    reason = serializers.CharField(allow_null=True, help_text="one sentence for the learner; null with explain=false")
    reason_activities = NamedActivitySerializer(many=True, help_text="what the learner did that led here")


class AnswerSerializer(serializers.Serializer[Any]):
    learner = serializers.CharField(
        source="learner.shown_id", default=None, allow_null=True, help_text="null where the answer is nobody's own"
    )
    token = serializers.UUIDField(allow_null=True, help_text="send feedback with it; null where nothing was kept")
    source: Any = serializers.CharField(help_text="the algorithm, or the fallback's name")
    version = serializers.IntegerField(source="version.number", default=None, allow_null=True)
    card = serializers.SerializerMethodField(help_text="address of the version's model card; null for fallbacks")
    fallback = serializers.CharField(allow_null=True, help_text="why no model answered; null when one did")
    recommendations = RecommendationSerializer(many=True)

    def get_card(self, answer: Answer) -> str | None:
        return reverse("api_version_card", args=[answer.version.number]) if answer.version else None


class RecommendationParameters(Parameters):
    limit = serializers.IntegerField(min_value=1, max_value=100, default=10, required=False)
    kind = serializers.ChoiceField(choices=RECOMMENDED_CHOICES, default=TargetKind.ANY, required=False)
    course = ExternalIdField(required=False, help_text="external id of a course: only its activities")
    exclude = serializers.ListField(
        child=ExternalIdField(),
        required=False,
        default=list,
        max_length=1000,
        help_text="external ids; may be repeated",
    )
    context: Any = serializers.ListField(
        child=ExternalIdField(),
        required=False,
        default=list,
        max_length=100,
        help_text="external ids of what was met just now and no event tells of yet, oldest first; may be repeated",
    )
    explain = serializers.BooleanField(default=True, required=False, help_text=EXPLAIN_HELP)
    version = serializers.IntegerField(min_value=1, max_value=MAX_NUMBER, required=False, help_text=VERSION_HELP)


ANSWER_EXAMPLE = OpenApiExample(
    "answer",
    response_only=True,
    value={
        "learner": "learner-17",
        "token": "3f2b8f0e-58a9-4a0e-9c63-0d2f7a4d1e55",
        "source": "ease",
        "version": 3,
        "fallback": None,
        "recommendations": [
            {
                "rank": 1,
                "activity": {"external_id": "algebra-4", "kind": "video", "name": "Matrices, gently"},
                "strength": 0.82,
                "source": "model",
                "reason": "Because you worked on Vectors and Linear maps",
                "reason_activities": [
                    {"external_id": "algebra-2", "kind": "video", "name": "Vectors"},
                    {"external_id": "algebra-3", "kind": "quiz", "name": "Linear maps"},
                ],
            }
        ],
    },
)


class AsksVersions(ApiView):
    """An address that answers by any stored version, to those who may look at them."""

    def version(self, number: int | None, error: type[ValidationError]) -> Version | None:
        """The version of that number, or None where none was asked for.

        Raises:
            PermissionDenied: the caller may not look at versions.
            ValidationError: there is no such version that recommends.
        """
        if number is None:
            return None
        caller = self.caller
        if not (self.sees_everything if isinstance(caller, Member) else Scope.VERSIONS_WRITE in caller.scopes):
            raise PermissionDenied(_("Only those who may read versions choose one: leave out version."))
        rows = visible(Version.objects.filter(kind__in=RECOMMENDED), caller).select_related("organisation", "course")
        found = rows.filter(number=number).first()
        if found is None:
            raise error({"version": [_("There is no version %d here that recommends.") % number]})
        return found


class OfLearner(ApiView):
    """An address below a learner's."""

    queryset = Learner.objects.all()

    def learner(self, external_id: str) -> Learner | Named:
        """The learner of that id; whoever sees all of the organisation's is spared the query for who is visible.

        Raises:
            Http404: the caller sees no such learner.
        """
        if self.sees_everything:
            return Named(self.organisation, external_id)
        found: Learner = self.found(self.get_queryset(), external_id=external_id)
        found.organisation = self.organisation  # theirs, and read already
        return found

    def handle_exception(self, exc: Exception) -> Response:
        """Of a name that no learner has, as of one that the caller does not see."""
        is_unknown = isinstance(exc, Learner.DoesNotExist)
        return super().handle_exception(missing(Learner, self.kwargs["external_id"]) if is_unknown else exc)


class Recommendations(OfLearner, AsksVersions):
    """The learner's next steps, best first, each with its reason; the answer is recorded under its token."""

    access = {"GET": Access(Scope.RECOMMENDATIONS_READ, EVERY_ROLE)}
    parameters = RecommendationParameters
    serializer_class = AnswerSerializer

    @extend_schema(tags=["recommendations"], examples=[ANSWER_EXAMPLE])
    def get(self, request: Request, external_id: str) -> Response:
        answer = recommend(
            self.learner(external_id),
            limit=self.query["limit"],
            kind=self.query["kind"],
            course=self.named(Activity.objects.courses(), "course") if "course" in self.query else None,
            channel="api",
            exclude=self.query["exclude"],
            context=self.query["context"],
            explain=self.query["explain"],
            version=self.version(self.query.get("version"), InvalidParameters),
        )
        return Response(told(answer))


class SessionBody(Body):
    history = serializers.ListField(
        child=ExternalIdField(), max_length=1000, help_text="external ids of what was met lately, oldest first"
    )
    limit = serializers.IntegerField(min_value=1, max_value=100, default=10, required=False)
    kind = serializers.ChoiceField(choices=RECOMMENDED_CHOICES, default=TargetKind.ANY, required=False)
    course = ExternalIdField(required=False, allow_null=True, default=None, help_text="external id of a course")
    exclude = serializers.ListField(child=ExternalIdField(), required=False, default=list, max_length=1000)
    explain = serializers.BooleanField(default=True, required=False, help_text=EXPLAIN_HELP)
    version = serializers.IntegerField(
        min_value=1, max_value=MAX_NUMBER, required=False, allow_null=True, default=None, help_text=VERSION_HELP
    )


SESSION = Access(Scope.RECOMMENDATIONS_READ, EVERY_ROLE)


class SessionRecommendations(AsksVersions):
    """Next steps for a visitor who is not known, from what they met in this session. Nothing is kept."""

    access = {"POST": SESSION}
    serializer_class = AnswerSerializer

    @extend_schema(tags=["recommendations"], request=SessionBody, responses={200: AnswerSerializer})
    def post(self, request: Request) -> Response:
        wanted = self.read_body(SessionBody)
        wanted["course"] = self.named_in_body(Activity.objects.courses(), "course", wanted["course"])
        wanted["version"] = self.version(wanted["version"], ValidationError)
        return Response(told(recommend_for_session(self.organisation, **wanted)))


class PopularParameters(Parameters):
    limit = serializers.IntegerField(min_value=1, max_value=100, default=10, required=False)
    kind = serializers.ChoiceField(choices=RECOMMENDED_CHOICES, default=TargetKind.ANY, required=False)
    course = ExternalIdField(required=False, help_text="external id of a course: only its activities")


class PopularActivities(ApiView):
    """What most learners met in the last weeks and is open."""

    access = {"GET": SESSION}
    parameters = PopularParameters
    serializer_class = AnswerSerializer

    @extend_schema(tags=["recommendations"])
    def get(self, request: Request) -> Response:
        course = self.named(Activity.objects.courses(), "course")
        limit, kind = self.query["limit"], self.query["kind"]
        key = ("popular", self.organisation.pk, kind, course.pk if course else None, limit, get_language())
        answer = remembered(key, lambda: popular_now(self.organisation, limit=limit, kind=kind, course=course))
        return Response(answer)


class LimitParameters(Parameters):
    limit = serializers.IntegerField(min_value=1, max_value=100, default=10, required=False)


class SimilarActivities(ApiView):
    """What the model says next to somebody who has met this activity alone."""

    access = {"GET": SESSION}
    parameters = LimitParameters
    serializer_class = AnswerSerializer
    queryset = Activity.objects.select_related("organisation")

    @extend_schema(tags=["recommendations"])
    def get(self, request: Request, external_id: str) -> Response:
        organisation, limit = self.organisation, self.query["limit"]
        seen = None if self.sees_everything else self.found(self.get_queryset(), external_id=external_id)

        def similar() -> Answer:
            return similar_to(seen or self.found(self.get_queryset(), external_id=external_id), limit=limit)

        key = ("similar", organisation.pk, external_id, limit, versions_answering(organisation), get_language())
        return Response(remembered(key, similar))


class WhyNotParameters(Parameters):
    kind = serializers.ChoiceField(choices=RECOMMENDED_CHOICES, default=TargetKind.ANY, required=False)
    course = ExternalIdField(required=False, help_text="external id of a course: only its activities")


class WhyNotSerializer(serializers.Serializer[Any]):
    cause = serializers.ChoiceField(choices=["rule", "rank", "unknown", "no_model"])
    sentence = serializers.CharField()
    rule = serializers.CharField(allow_null=True, help_text="name of the rule that keeps it out")
    rank = serializers.IntegerField(allow_null=True, help_text="among all that the rules admit, 1 is the best")
    n_ranked = serializers.IntegerField(allow_null=True)
    version = serializers.IntegerField(source="version.number", default=None, allow_null=True)


class WhyNotView(OfLearner):
    """Why an activity is not at the top of a learner's list: a rule, its rank, or that the model does not know it."""

    access = {"GET": Access(Scope.RECOMMENDATIONS_READ, EVERY_ROLE)}
    parameters = WhyNotParameters
    serializer_class = WhyNotSerializer

    @extend_schema(tags=["recommendations"], operation_id="why_not")
    def get(self, request: Request, external_id: str, activity: str) -> Response:
        learner = self.learner(external_id)
        asked = self.found(visible(Activity.objects.all(), self.caller), external_id=activity)
        course = self.named(Activity.objects.courses(), "course")
        return Response(WhyNotSerializer(why_not(learner, asked, kind=self.query["kind"], course=course)).data)


class NewFeedback(Body):
    token = serializers.UUIDField(help_text="of the answer in which the activity was recommended")
    activity = ExternalIdField(help_text="the activity's external id")
    action = serializers.ChoiceField(choices=FeedbackAction.choices)


class FeedbackSerializer(serializers.Serializer[Any]):
    token = serializers.UUIDField(source="impression.token")
    activity = serializers.CharField(source="activity.external_id")
    action = serializers.CharField()
    at = serializers.DateTimeField()


class FeedbackList(ApiView):
    """What a learner did with a recommendation, or said to it. Activities that they refuse do not come back."""

    access = {"POST": Access(Scope.RECOMMENDATIONS_READ, (Role.LEARNER,))}
    serializer_class = FeedbackSerializer

    @extend_schema(request=NewFeedback, responses={201: FeedbackSerializer})
    def post(self, request: Request) -> Response:
        wanted = self.read_body(NewFeedback)
        self._check_is_own(wanted["token"])
        feedback = give_feedback(self.organisation, wanted["token"], wanted["activity"], wanted["action"])
        return Response(FeedbackSerializer(feedback).data, status=201)

    def _check_is_own(self, token: uuid.UUID) -> None:
        """A learner speaks for themselves only; a key speaks for every learner of its organisation."""
        settle(token)
        shown = visible(Impression.objects.all(), self.caller)
        if isinstance(self.caller, Member):
            shown = shown.filter(learner__in=Learner.objects.visible_to(self.caller))
        self.found(shown, token=token)
