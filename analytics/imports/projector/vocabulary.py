"""What verbs and activity types of xAPI are here: the table that the projector goes by.

Lists of the profiles: ADL https://registry.tincanapi.com and https://xapi.vocab.pub; video
https://w3id.org/xapi/video; cmi5 https://aicc.github.io/CMI-5_Spec_Current; Moodle (logstore_xapi); Open edX
(event-routing-backends); H5P (whose statements speak ADL).
"""

from __future__ import annotations

from analytics.models import Kind, Verb

ADL = "http://adlnet.gov/expapi/verbs/"
TINCAN = "http://id.tincanapi.com/verb/"
STREAMS = "http://activitystrea.ms/schema/1.0/"
ACROSSX = "https://w3id.org/xapi/acrossx/verbs/"
VIDEO = "https://w3id.org/xapi/video/verbs/"
CMI5 = "https://w3id.org/xapi/adl/verbs/"
TLA = "https://w3id.org/xapi/tla/verbs/"
OPENEDX = "https://w3id.org/xapi/openedx/verb/"
BRINDLEWAYE = "https://brindlewaye.com/xAPITerms/verbs/"

OTHER = "urn:neuralink:verbs:other"
"""Verb of exported events that say nothing more."""
VALUE_EXTENSION, UNIT_EXTENSION = "urn:neuralink:value", "urn:neuralink:unit"
"""Of exported results that xAPI has no words for: clicks, stars."""
VIDEO_TYPE = "https://w3id.org/xapi/video/activity-type/video"
PAUSED = f"{VIDEO}paused"


def _all(namespace: str, words: str, verb: Verb | None) -> dict[str, Verb | None]:
    return dict.fromkeys((namespace + word for word in words.split()), verb)


VERBS: dict[str, Verb | None] = {
    **_all(ADL, "experienced launched attended", Verb.VIEWED),
    **_all(ADL, "initialized attempted resumed", Verb.STARTED),
    **_all(ADL, "interacted progressed suspended", Verb.PROGRESSED),
    **_all(ADL, "completed", Verb.COMPLETED),
    **_all(ADL, "passed mastered", Verb.PASSED),
    **_all(ADL, "failed", Verb.FAILED),
    **_all(ADL, "answered responded", Verb.ANSWERED),
    **_all(ADL, "scored", Verb.SUBMITTED),
    **_all(ADL, "asked commented shared", Verb.POSTED),
    **_all(ADL, "registered", Verb.ENROLLED),
    # The end of a session, settings, logins: nothing that is learnt, and no fault either.
    **_all(ADL, "terminated exited preferred imported logged-in logged-out", None),
    **_all(VIDEO, "played", Verb.STARTED),
    **_all(VIDEO, "paused seeked", Verb.PROGRESSED),
    **_all(CMI5, "satisfied waived", Verb.COMPLETED),
    **_all(CMI5, "abandoned logged-in logged-out", None),
    **_all(TLA, "registered", Verb.ENROLLED),
    **_all(TLA, "launched explored", Verb.VIEWED),
    **_all(TLA, "initialized", Verb.STARTED),
    **_all(TLA, "terminated", None),
    **_all(TINCAN, "viewed previewed reviewed read focused selected", Verb.VIEWED),
    **_all(TINCAN, "downloaded bookmarked", Verb.VIEWED),
    **_all(TINCAN, "paused skipped", Verb.PROGRESSED),
    **_all(TINCAN, "replied replied-to-tweet sent discussed voted-up voted-down", Verb.POSTED),
    **_all(TINCAN, "rated", Verb.RATED),
    **_all(TINCAN, "evaluated", Verb.ANSWERED),
    **_all(TINCAN, "earned", Verb.PASSED),
    **_all(TINCAN, "enrolled", Verb.ENROLLED),
    **_all(TINCAN, "unregistered unfocused cancelled-planned-learning discarded hired promoted", None),
    **_all(STREAMS, "open access read watch listen view consume experience", Verb.VIEWED),
    **_all(STREAMS, "start play", Verb.STARTED),
    **_all(STREAMS, "complete", Verb.COMPLETED),
    **_all(STREAMS, "submit", Verb.SUBMITTED),
    **_all(STREAMS, "create author add update share", Verb.POSTED),
    **_all(STREAMS, "like favorite", Verb.RATED),
    **_all(STREAMS, "join", Verb.ENROLLED),
    **_all(STREAMS, "leave delete remove close unlike unfavorite unshare", None),
    **_all(ACROSSX, "viewed accessed watched listened", Verb.VIEWED),
    **_all(ACROSSX, "evaluated", Verb.ANSWERED),
    **_all(ACROSSX, "posted edited created updated shared", Verb.POSTED),
    **_all(ACROSSX, "liked rated disliked", Verb.RATED),
    **_all(ACROSSX, "completed", Verb.COMPLETED),
    **_all(ACROSSX, "searched deleted removed", None),
    **_all(OPENEDX, "voted", Verb.POSTED),
    **_all(OPENEDX, "unvoted removed deleted reported unreported", None),
    **_all("https://w3id.org/xapi/dod-isd/verbs/", "navigated", Verb.VIEWED),
    **_all("http://www.tincanapi.co.uk/verbs/", "enrolled_onto_learning_plan", Verb.ENROLLED),
    **_all("http://www.tincanapi.co.uk/verbs/", "evaluated graded", Verb.ANSWERED),
    **_all(BRINDLEWAYE, "loggedin loggedout", None),
    OTHER: Verb.OTHER,
}
"""IRI of a verb -> what it is; None: known, and no event."""

TYPED_VERBS: dict[tuple[str, str], Verb | None] = {
    # Open edX tells a learner's grade of a whole course so; an answer would put it beside those to single questions.
    (f"{ACROSSX}evaluated", "http://adlnet.gov/expapi/activities/course"): Verb.PROGRESSED,
    (f"{TINCAN}evaluated", "http://id.tincanapi.com/activitytype/school-assignment"): Verb.SUBMITTED,
    (f"{ADL}attempted", "http://adlnet.gov/expapi/activities/cmi.interaction"): Verb.ANSWERED,
    (f"{ADL}attempted", "http://adlnet.gov/expapi/activities/question"): Verb.ANSWERED,
    # Taking a mark of one's own away from a course page is no learning; opening it is.
    (f"{STREAMS}create", "http://id.tincanapi.com/activitytype/school-assignment"): Verb.SUBMITTED,
}
"""(verb, type of the activity) -> what it is, where that differs from the verb alone."""


def _types(namespace: str, words: str, kind: Kind) -> dict[str, Kind]:
    return dict.fromkeys((namespace + word for word in words.split()), kind)


_ADL = "http://adlnet.gov/expapi/activities/"
_TINCAN = "http://id.tincanapi.com/activitytype/"
_ACROSSX = "https://w3id.org/xapi/acrossx/activities/"
KINDS: dict[str, Kind] = {
    **_types(_ADL, "course", Kind.COURSE),
    **_types(_ADL, "module lesson objective", Kind.MODULE),
    **_types(_ADL, "media", Kind.VIDEO),
    **_types(_ADL, "file link", Kind.READING),
    **_types(_ADL, "assessment question interaction cmi.interaction attempt", Kind.QUIZ),
    **_types(_ADL, "performance simulation", Kind.ASSIGNMENT),
    **_types(_TINCAN, "lms/course course", Kind.COURSE),
    **_types(_TINCAN, "section step chapter unit", Kind.MODULE),
    **_types(_TINCAN, "recording webinar playlist", Kind.VIDEO),
    **_types(_TINCAN, "resource book document ebook slide slide-deck glossary vocabulary-word", Kind.READING),
    **_types(_TINCAN, "survey solution test", Kind.QUIZ),
    **_types(_TINCAN, "school-assignment essay project", Kind.ASSIGNMENT),
    **_types(_TINCAN, "discussion discussion-topic forum-reply forum-topic chat-channel chat-message", Kind.FORUM),
    **_types(STREAMS, "video", Kind.VIDEO),
    **_types(STREAMS, "page file article note audio image", Kind.READING),
    **_types(STREAMS, "question", Kind.QUIZ),
    **_types(STREAMS, "task", Kind.ASSIGNMENT),
    **_types(STREAMS, "comment", Kind.FORUM),
    **_types(_ACROSSX, "video", Kind.VIDEO),
    **_types(_ACROSSX, "page webpage", Kind.READING),
    **_types(_ACROSSX, "assessment", Kind.QUIZ),
    **_types(_ACROSSX, "online-discussion message", Kind.FORUM),
    **_types("https://w3id.org/xapi/cmi5/activitytype/", "course", Kind.COURSE),
    **_types("https://w3id.org/xapi/cmi5/activitytype/", "block", Kind.MODULE),
    VIDEO_TYPE: Kind.VIDEO,
    "http://xapi.jisc.ac.uk/activities/lms/course": Kind.COURSE,
}
"""IRI of an activity type -> kind."""


def verb_of(verb: str, activity_type: str, meanings: dict[tuple[str, str], str]) -> Verb | None:
    """What a verb is; the organisation's own meanings come before the table.

    Raises:
        KeyError: neither knows the verb.
    """
    for pair in ((verb, activity_type), (verb, "")):
        if pair in meanings:
            return Verb(meanings[pair]) if meanings[pair] else None
    found = TYPED_VERBS.get((verb, activity_type))
    return found if found is not None else VERBS[verb]
