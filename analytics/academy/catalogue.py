"""The academy's courses: 4 subjects with 3 courses that build on each other, 4 modules each, 5 parts a module."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.models import Kind


@dataclass(frozen=True)
class Course:
    slug: str
    name: str
    subject: str
    level: int
    """0 to 2; whoever finished a level is ready for the next."""
    topic: str
    modules: tuple[str, ...]


COURSES = (
    Course("math-1", "Algebra from Scratch", "Mathematics", 0, "Algebra",
           ("Numbers and Unknowns", "Linear Equations", "Quadratics", "Functions and Graphs")),
    Course("math-2", "Calculus, First Steps", "Mathematics", 1, "Calculus",
           ("Limits", "Derivatives", "Rates of Change", "Integrals")),
    Course("math-3", "Statistics in Practice", "Mathematics", 2, "Statistics",
           ("Describing Data", "Probability", "Estimation", "Testing Ideas")),
    Course("code-1", "Python for Everyone", "Computing", 0, "Programming",
           ("Values and Variables", "Decisions and Loops", "Functions", "Files and Text")),
    Course("code-2", "Data Structures", "Computing", 1, "Algorithms",
           ("Lists and Stacks", "Trees", "Hash Tables", "Graphs")),
    Course("code-3", "Machine Learning Basics", "Computing", 2, "Machine Learning",
           ("Learning from Examples", "Linear Models", "Decision Trees", "Neural Networks")),
    Course("bio-1", "Cells and Genes", "Life Sciences", 0, "Cell Biology",
           ("Inside the Cell", "Energy", "DNA and Heredity", "Division and Growth")),
    Course("bio-2", "The Human Body", "Life Sciences", 1, "Physiology",
           ("Heart and Blood", "Breathing", "Nerves and Senses", "Immunity")),
    Course("bio-3", "Ecology and Evolution", "Life Sciences", 2, "Ecology",
           ("Natural Selection", "Populations", "Food Webs", "A Changing Climate")),
    Course("spanish-1", "Spanish A1: First Words", "Languages", 0, "Spanish A1",
           ("Greetings", "Family and Home", "Food and Shopping", "Getting Around")),
    Course("spanish-2", "Spanish A2: Everyday Life", "Languages", 1, "Spanish A2",
           ("Telling a Story", "Work and Study", "Health", "Plans and Promises")),
    Course("spanish-3", "Spanish B1: Speaking Up", "Languages", 2, "Spanish B1",
           ("Opinions", "News and Media", "If and Would", "Letters and Talks")),
)  # fmt: skip
SUBJECTS = tuple(dict.fromkeys(course.subject for course in COURSES))
MODULE_PLANS = (
    (
        (Kind.VIDEO, "the idea"),
        (Kind.READING, "worked examples"),
        (Kind.QUIZ, "check yourself"),
        (Kind.VIDEO, "a harder case"),
        (Kind.ASSIGNMENT, "assignment"),
    ),
    (
        (Kind.READING, "background"),
        (Kind.VIDEO, "step by step"),
        (Kind.FORUM, "questions and answers"),
        (Kind.QUIZ, "check yourself"),
        (Kind.ASSIGNMENT, "assignment"),
    ),
)
"""What a module is made of; the modules of a course take turns."""
PARTS_PER_COURSE = 20
KINDS = (Kind.VIDEO, Kind.READING, Kind.QUIZ, Kind.FORUM, Kind.ASSIGNMENT)


@dataclass(frozen=True)
class Part:
    external_id: str
    name: str
    kind: Kind
    course: int
    module: int
    """Place of the module in its course, from 0."""


@dataclass(frozen=True)
class Catalogue:
    """Parts in the order of courses and, within a course, of teaching: part p belongs to course p // 20."""

    parts: tuple[Part, ...]
    kind: NDArray[np.int64]
    """(n_parts,) index into KINDS."""
    module: NDArray[np.int64]
    """(n_parts,)"""
    difficulty: NDArray[np.float64]
    """(n_parts,) lowers results; rises along a course and with its level."""
    quality: NDArray[np.float64]
    """(n_parts,) 0..1; good parts are finished, poor ones are left."""
    length_seconds: NDArray[np.float64]
    """(n_parts,) time that a usual learner needs."""
    subject: NDArray[np.int64]
    """(n_courses,) index into SUBJECTS."""
    level: NDArray[np.int64]
    """(n_courses,)"""
    appeal: NDArray[np.float64]
    """(n_courses,) why one course of a subject is taken more than another."""


def design_catalogue(rng: np.random.Generator) -> Catalogue:
    parts = tuple(_parts())
    kind = np.array([KINDS.index(part.kind) for part in parts])
    module = np.array([part.module for part in parts])
    level = np.array([course.level for course in COURSES])
    usual_seconds = np.array([480.0, 420.0, 360.0, 300.0, 1800.0])
    return Catalogue(
        parts=parts,
        kind=kind,
        module=module,
        difficulty=0.25 * module + 0.35 * np.repeat(level, PARTS_PER_COURSE) + rng.normal(-0.9, 0.5, len(parts)),
        quality=rng.beta(6, 2.2, len(parts)),
        length_seconds=usual_seconds[kind] * rng.lognormal(0, 0.3, len(parts)),
        subject=np.array([SUBJECTS.index(course.subject) for course in COURSES]),
        level=level,
        appeal=rng.lognormal(0, 0.4, len(COURSES)),
    )


def _parts() -> list[Part]:
    return [
        Part(
            external_id=f"{course.slug}-m{module + 1}-p{place + 1}",
            name=f"{topic}: {what}",
            kind=kind,
            course=number,
            module=module,
        )
        for number, course in enumerate(COURSES)
        for module, topic in enumerate(course.modules)
        for place, (kind, what) in enumerate(MODULE_PLANS[module % len(MODULE_PLANS)])
    ]
