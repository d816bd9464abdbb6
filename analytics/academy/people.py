"""Invented learners: a name, where they come from, and the habits that `behaviour` plays out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

GIVEN_NAMES = (
    "Aaliyah Adaeze Agnieszka Ahmed Aiko Alejandra Amara Anders Anika Ankit Astrid Aylin Bartosz Beatriz Binta Bruno "
    "Camila Chen Chidi Chloe Dagny Daniel Deepa Diego Dmitri Elena Emeka Emre Esra Farah Fatima Felipe Freya Gabriela "
    "Giulia Grace Haruto Hassan Helena Hiro Ibrahim Ines Ingrid Ioana Ivan Jabari Javier Jelena Jiho Jonas Jun Kavita "
    "Keiko Kofi Kwame Lars Layla Leila Lin Lucas Luisa Magnus Maja Manuel Maria Mateo Mehmet Mei Mina Minh Nadia Naoko "
    "Nia Nikolai Noor Olga Omar Oscar Petra Priya Rafael Rania Ravi Renata Rosa Samir Sanna Sara Sofia Soren Tariq "
    "Tatiana Thabo Thanh Tomas Uma Valentina Vikram Wanjiru Xin Yara Yusuf Zainab Zuzana"
)
FAMILY_NAMES = (
    "Abebe Adeyemi Ahmadi Almeida Andersson Aydin Bakker Banerjee Barbosa Becker Bianchi Bondarenko Castillo Chaudhry "
    "Chen Cohen Costa Dang Demir Diallo Dubois Eriksen Fernandez Ferrari Fischer Garcia Georgiou Gonzalez Gupta Haddad "
    "Hansen Hernandez Horvat Hussain Ito Ivanova Jansen Johansson Jovanovic Kamau Kaplan Karlsson Khan Kim Kovacs "
    "Kowalska Kumar Larsen Lee Levi Li Lopez Mahlangu Martin Mensah Meyer Mohamed Moreau Moreno Mwangi Nakamura Ndiaye "
    "Nguyen Novak Nowak Okafor Okonkwo Olsen Osei Ozturk Park Patel Pereira Petrov Pham Popescu Ramos Rao Reyes Rossi "
    "Sato Schmidt Sharma Silva Singh Sousa Suzuki Tanaka Torres Toure Tran Vargas Virtanen Wang Weber Yamamoto Yilmaz "
    "Zhang Zulu"
)
COUNTRIES = ("Brazil", "Germany", "India", "Japan", "Kenya", "Mexico", "Nigeria", "Poland", "Spain", "Turkey")
AGE_BANDS = ("18-24", "25-34", "35-49", "50+")
PEAK_HOURS = np.array([7.5, 12.5, 17.0, 20.5, 22.5])
"""When people sit down to learn: before work, at noon, after school, in the evening, late."""


@dataclass(frozen=True)
class People:
    """n learners; every habit is an array with one entry a learner."""

    names: list[str]
    attributes: list[dict[str, str]]
    interest: NDArray[np.float64]
    """(n, n_subjects), rows add up to 1: few people like everything."""
    joined_on: NDArray[np.int64]
    """(n,) day of the window on which they arrive."""
    activity_share: NDArray[np.float64]
    """(n,) share of ordinary days on which they learn."""
    ability: NDArray[np.float64]
    """(n,) standard normal; lifts results."""
    video_taste: NDArray[np.float64]
    """(n,) 0: reads and skips videos, 1: the other way round."""
    sociability: NDArray[np.float64]
    """(n,) chance to take part in a forum that they pass."""
    impatience: NDArray[np.float64]
    """(n,) factor on the hazard of giving up."""
    peak_hour: NDArray[np.float64]
    """(n,) hour of the day around which they learn."""
    weekend_liking: NDArray[np.float64]
    """(n,) factor on Saturdays and Sundays."""
    parallel_courses: NDArray[np.int64]
    """(n,) courses that they take at a time."""

    @property
    def n(self) -> int:
        return len(self.names)


def invent_people(n: int, n_subjects: int, n_days: int, rng: np.random.Generator) -> People:
    return People(
        names=_names(n, rng),
        attributes=_attributes(n, rng),
        interest=rng.dirichlet(np.full(n_subjects, 0.35), n),
        joined_on=_joining_days(n, n_days, rng),
        activity_share=rng.beta(2.95, 3.15, n),
        ability=rng.normal(size=n),
        video_taste=rng.beta(1.2, 1.2, n),
        sociability=rng.beta(1.2, 2.5, n),
        impatience=rng.gamma(3.0, 1 / 3.0, n),
        peak_hour=rng.choice(PEAK_HOURS, n, p=[0.12, 0.18, 0.2, 0.35, 0.15]) + rng.normal(0, 0.7, n),
        weekend_liking=rng.uniform(0.3, 1.5, n),
        parallel_courses=rng.choice([1, 2, 3], n, p=[0.55, 0.35, 0.1]),
    )


def _names(n: int, rng: np.random.Generator) -> list[str]:
    """Different names as long as the lists allow it; beyond that the lists start again."""
    given, family = GIVEN_NAMES.split(), FAMILY_NAMES.split()
    pairs = np.resize(rng.permutation(len(given) * len(family)), n)
    return [f"{given[pair // len(family)]} {family[pair % len(family)]}" for pair in pairs]


def _attributes(n: int, rng: np.random.Generator) -> list[dict[str, str]]:
    countries: Any = rng.choice(COUNTRIES, n)
    bands: Any = rng.choice(AGE_BANDS, n, p=[0.35, 0.35, 0.22, 0.08])
    return [{"country": str(country), "age_band": str(band)} for country, band in zip(countries, bands, strict=True)]


def _joining_days(n: int, n_days: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Most come when term starts; the rest trickle in until the last week."""
    is_early = rng.random(n) < 0.5
    return np.where(is_early, rng.integers(0, 10, n), rng.integers(10, max(11, n_days - 5), n))
