"""Forms: what to train, and why a version is put into use."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from analytics.public import Activity, InvalidInput, Member
from recommender.algorithms.catalogue import ALGORITHMS, algorithm_class
from recommender.models import Run, Search, TargetKind
from recommender.outcomes.catalogue import PREDICTORS
from recommender.training.estimate import Estimate, estimate
from recommender.training.start import start_run, start_search
from recommender.web.algorithms import algorithm_choices, all_choices, class_of, config_fields, form_field
from recommender.web.offers import OFFERS

PARAMETER = "parameter-"
"""Prefix of the fields that come from the chosen algorithm's config."""
DEFAULT_ALGORITHM = "ease"


class RunForm(forms.Form):
    """What to train. The fields of the parameters are those of the algorithm that the data name."""

    algorithm = forms.ChoiceField(label=_("Algorithm"))
    kind = forms.ChoiceField(
        label=_("Recommends"),
        choices=[(TargetKind.ANY, _("Activities")), (TargetKind.COURSE, _("Courses"))],
        initial=TargetKind.ANY,
        required=False,
    )
    course = forms.ModelChoiceField(
        Activity.objects.none(),
        label=_("Only in the course"),
        required=False,
        empty_label=_("All courses"),
        help_text=_("A course of its own gets its own version; the others share one."),
    )
    seed = forms.IntegerField(
        label=_("Seed"),
        initial=0,
        min_value=0,
        max_value=2**31 - 1,
        help_text=_("The same seed on the same data gives the same version."),
    )
    promotes = forms.BooleanField(
        label=_("Put into use when it is better"),
        required=False,
        initial=True,
        help_text=_("Otherwise the version waits until somebody puts it into use."),
    )

    budget_seconds = forms.IntegerField(
        label=_("Seconds at most"),
        required=False,
        min_value=10,
        help_text=_("Of both fits together. A network keeps its best state so far; empty for the server's limit."),
    )
    override = forms.CharField(
        label=_("Train although the data look broken, because"),
        required=False,
        max_length=500,
        help_text=_("Empty lets the checks before the training stop it."),
    )

    def __init__(self, member: Member, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.member = member
        self.fields["algorithm"].choices = all_choices()  # type: ignore[attr-defined]
        self.fields["algorithm"].initial = DEFAULT_ALGORITHM
        courses = Activity.objects.visible_to(member).courses().order_by("name", "id")
        self.fields["course"].queryset = courses  # type: ignore[attr-defined]
        owner = class_of(self.algorithm_name).config_class
        for field in config_fields(self.algorithm_name):
            self.fields[PARAMETER + field.name] = form_field(field, owner)

    @property
    def algorithm_name(self) -> str:
        """The algorithm whose parameters are asked for: the one that was sent, or the default."""
        sent = self.data.get("algorithm") or self.initial.get("algorithm")
        return sent if sent in ALGORITHMS or sent in PREDICTORS else DEFAULT_ALGORITHM

    @property
    def recommends(self) -> bool:
        """False for a predictor of outcomes: it looks at all courses, and there is nothing to choose among."""
        return self.algorithm_name in ALGORITHMS

    @property
    def parameter_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith(PARAMETER)]

    @property
    def has_hidden_errors(self) -> bool:
        """Something is wrong among the fields that the page keeps folded."""
        return any(name in {"seed", "override", "budget_seconds"} or name.startswith(PARAMETER) for name in self.errors)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("kind") == TargetKind.COURSE and cleaned.get("course"):
            self.add_error("course", _("Courses are recommended across all courses: leave this empty."))
        return cleaned

    def config(self) -> dict[str, object]:
        """The parameters that differ from their defaults; an emptied field keeps its default where it has one."""
        return {
            field.name: self.cleaned_data[PARAMETER + field.name]
            for field in config_fields(self.algorithm_name)
            if self.cleaned_data.get(PARAMETER + field.name) not in {None, "", field.default}
        }

    def estimate(self) -> Estimate:
        """What the run would cost; ask a valid form."""
        asked = self.cleaned_data
        scope = {"kind": asked["kind"] or TargetKind.ANY, "course": asked["course"]}
        return estimate(self.member.organisation, asked["algorithm"], config=self.config(), **scope)

    def start(self) -> Run | None:
        """The queued run; None, with the reason at the field it belongs to, if it was refused."""
        asked = self.cleaned_data
        try:
            return start_run(
                self.member.organisation,
                asked["algorithm"],
                kind=asked["kind"] or TargetKind.ANY,
                course=asked["course"] if self.recommends else None,
                config=self.config(),
                seed=asked["seed"],
                promotes=asked["promotes"],
                override=asked["override"],
                budget_seconds=asked["budget_seconds"],
                requested_by=self.member,
            )
        except InvalidInput as error:
            name = error.pointer.replace("config/", PARAMETER)
            self.add_error(name if name in self.fields else None, str(error))
            return None


class SearchForm(forms.Form):
    """What to search the parameters of, and what that may cost."""

    algorithm = forms.ChoiceField(label=_("Algorithm"), initial=DEFAULT_ALGORITHM)
    minutes = forms.FloatField(
        label=_("Minutes"),
        initial=10,
        min_value=0.1,
        help_text=_("No trial begins after that; trainings wait until the search has ended."),
    )
    kind = forms.ChoiceField(
        label=_("Recommends"), choices=[(TargetKind.ANY, _("Activities")), (TargetKind.COURSE, _("Courses"))]
    )
    seed = forms.IntegerField(label=_("Seed"), initial=0, min_value=0, max_value=2**31 - 1)

    def __init__(self, member: Member, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.member = member
        searched = [name for name in ALGORITHMS if algorithm_class(name).config_class.searched()]
        self.fields["algorithm"].choices = [choice for choice in algorithm_choices() if choice[0] in searched]  # type: ignore[attr-defined]

    def start(self) -> Search | None:
        """The queued search; None, with the reason at the field it belongs to, if it was refused."""
        asked = self.cleaned_data
        try:
            return start_search(
                self.member.organisation,
                asked["algorithm"],
                budget_seconds=asked["minutes"] * 60,
                kind=asked["kind"],
                seed=asked["seed"],
                requested_by=self.member,
            )
        except InvalidInput as error:
            name = {"budget_seconds": "minutes"}.get(error.pointer, error.pointer)
            self.add_error(name if name in self.fields else None, str(error))
            return None


class FeedbackForm(forms.Form):
    """A learner's answer to one recommendation of a list that was shown to them."""

    token = forms.UUIDField()
    activity = forms.CharField(strip=False)
    action = forms.ChoiceField(choices=[(name, offer.label) for name, offer in OFFERS.items()])


class WhyForm(forms.Form):
    """The reason that the log of promotions keeps for ever."""

    why = forms.CharField(
        label=_("Why"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": _("Say why: the log keeps the reason beside your name.")},
    )

    def reason(self) -> str:
        """What was written.

        Raises:
            InvalidInput: nothing was, or too much.
        """
        if not self.is_valid():
            raise InvalidInput(" ".join(str(error) for error in self.errors["why"]), "why")
        return str(self.cleaned_data["why"])
