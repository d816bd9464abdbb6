"""What columns are called elsewhere, in the languages that exports come in, and what stands in them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher

from analytics.imports import dates
from analytics.imports.instants import ISO_LIKE
from analytics.imports.quantities import NUMBER
from analytics.imports.vocabulary import kind_of, unit_of, verb_of

WORDS: dict[str, str] = {
    "learner": """learner_id who user user_id userid username user_name student student_id studentid id_student
        pupil person person_id member participant actor account login email mail usuario id_usuario alumno
        estudiante utilisateur eleve apprenant etudiant benutzer benutzer_id nutzer teilnehmer schueler lernende
        student_in utente studente utilizador usuario_id aluno estudante uzytkownik ogrenci kullanici 学生 用户
        学习者 学号 사용자 학생 学習者 ユーザー пользователь студент ученик""",
    "activity": """activity_id item item_id itemid resource resource_id object object_id content content_id
        module_id component page video lesson quiz sku course_id id_site actividad recurso contenido activite
        ressource contenu aktivitaet aktivitat lernobjekt inhalt attivita risorsa contenuto atividade conteudo
        etkinlik 活动 资源 课件 视频 活動 활동 активность ресурс задание""",
    "verb": """action event event_type eventtype event_name type_of_event operation interaction verb_id accion
        evento verbo action_type aktion ereignis verbe evenement azione acao 动作 行为 事件 動作 행동 действие
        событие""",
    "at": """timestamp time date datetime date_time event_time created created_at occurred_at logged_at when
        started_at ts unix_time unixtime epoch day fecha hora fecha_hora momento zeit datum zeitpunkt
        zeitstempel uhrzeit date_heure horodatage heure data ora data_hora czas tarih zaman 时间 日期 時間 日時
        시간 날짜 время дата""",
    "value": """score amount result points duration grade mark clicks sum_click count quantity seconds valor
        nota puntuacion wert punkte ergebnis dauer valeur resultat duree punteggio valore pontuacao 分数 成绩 值
        点数 점수 значение балл""",
    "unit": "units measure unidad einheit unite unita unidade 单位 単位 단위 единица",
    "id": "event_id eventid uuid guid row_id record_id statement_id key transaction_id",
    "kind": """type activity_type item_type resource_type content_type category module_type tipo typ art
        categorie categoria kategorie 类型 種類 유형 тип""",
    "course": """course_id courseid class class_id course_code course_name code_module subject curso asignatura
        materia kurs kurs_id lehrveranstaltung cours matiere corso disciplina kurz ders 课程 课程编号 コース
        과목 курс""",
    "name": """title activity_name item_name resource_name label nombre titulo titel bezeichnung nom titre nome
        titolo 名称 标题 タイトル 이름 название""",
    "learner_name": """student_name user_name full_name fullname display_name nombre_completo nombre_alumno
        vollstaendiger_name nom_complet nome_completo 姓名 氏名 имя""",
    "rating": """stars score vote valoracion bewertung note evaluation_note voto avaliacao 评分 評価 평점 оценка
        rate""",
    "grade": """final_grade mark score result nota calificacion note noten voto notas 成绩 成績 성적 оценка
        grade_share""",
    "outcome": """final_result result status state resultado estado ergebnis statut esito situacao 结果 状态
        результат""",
    "started_at": """start start_date enrolled_at enrolment_date enrollment_date date_registration registered_at
        beginn""",
    "ended_at": "end end_date unenrolled_at date_unregistration completed_at ende fin fecha_fin",
    "course_run": """run presentation code_presentation term semester session edition cohort trimestre
        curso_academico""",
    "attempt": """attempt_number attempts attempt_no n_attempt intento versuch tentative tentativo tentativa
        尝试次数 попытка""",
    "parent": "parent_id section chapter module unit padre eltern ubergeordnet pere genitore pai 章节",
    "tags": "tag topic topics keywords subject temas etiquetas schlagworte themen mots_cles etichette 标签",
    "prerequisites": "prerequisite requires prereq requisitos voraussetzungen prerequis prerequisiti",
    "opens_at": "open opens available_from start start_date unlock_at apertura ouverture",
    "closes_at": """close closes due due_at due_date deadline end_date lock_at cierre faellig fermeture scadenza
        截止""",
    "position": "order pos rank sequence index number orden reihenfolge ordre posizione 顺序",
    "email": "mail e_mail correo courriel",
}
"""Column of ours -> names elsewhere; the first languages are English, Spanish, French and German."""
INSTANTS = frozenset({"at", "started_at", "ended_at", "opens_at", "closes_at"})
NUMBERS = frozenset({"value", "rating", "grade", "position", "attempt"})
KNOWN_BY_CONTENT = {"verb": verb_of, "kind": kind_of, "unit": unit_of}
EXACT, SYNONYM, FUZZY, BY_CONTENT = 1.0, 0.9, 0.7, 0.4
BROKEN = 0.9
LEAST_ALIKE = 0.82
EPOCH_DIGITS = range(9, 18)


def name_fit(ours: str, theirs: str) -> float:
    """How sure it is by its name that a column is this one of ours, 0 to 1."""
    name = plain(theirs)
    if name == ours:
        return EXACT
    words = [plain(word) for word in WORDS.get(ours, "").split()]
    if name in words:
        # The first words are the plainest: “user_id” before “email”, where a file has both.
        return SYNONYM - 0.001 * words.index(name)
    alike = max((SequenceMatcher(None, name, word).ratio() for word in [ours, *words] if len(word) > 3), default=0.0)
    return FUZZY * alike if alike >= LEAST_ALIKE and len(name) > 3 else 0.0


def content_fit(ours: str, kind: str, samples: Sequence[str]) -> float:
    """Factor on the fit by name: 0 where what stands in the column cannot be this one of ours, else 1."""
    if kind == "empty":
        return 1.0
    if ours in INSTANTS:
        return 1.0 if kind == "instant" or _is_epoch(kind, samples) else _mostly(is_instant, samples)
    if ours in NUMBERS:
        return 1.0 if kind in {"integer", "decimal"} else _mostly(is_number, samples)
    return 0.0 if kind == "instant" else 1.0


def is_instant(text: str) -> bool:
    return bool(re.match(ISO_LIKE, text)) or dates.is_date(text)


def is_number(text: str) -> bool:
    return bool(re.match(NUMBER, text))


def _mostly(is_right: Callable[[str], bool], samples: Sequence[str]) -> float:
    """A column of half-broken values is still what its name says; it is less sure than one without."""
    return BROKEN if samples and sum(map(is_right, samples)) * 2 >= len(samples) else 0.0


def by_content(ours: str, kind: str, samples: Sequence[str]) -> float:
    """How sure it is by what stands in it alone."""
    if ours == "at" and kind == "instant":
        return BY_CONTENT
    known = KNOWN_BY_CONTENT.get(ours)
    return BY_CONTENT if known and samples and all(known(sample) is not None for sample in samples) else 0.0


def plain(name: str) -> str:
    """The name in lower case, without accents, words joined by underscores: “Fecha y hora” -> fecha_y_hora."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return "_".join("".join(c if c.isalnum() else " " for c in _split_camel(bare)).lower().split())


def _split_camel(name: str) -> str:
    return "".join(f" {c}" if c.isupper() and i and name[i - 1].islower() else c for i, c in enumerate(name))


def _is_epoch(kind: str, samples: Sequence[str]) -> bool:
    return kind in {"integer", "decimal"} and all(len(s.partition(".")[0].lstrip("-")) in EPOCH_DIGITS for s in samples)
