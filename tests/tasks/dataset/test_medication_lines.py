"""An entry whose every word has its place gives its fields, and any other gives none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.dataset.medication_lines import medication_entries, parse_medication


@pytest.mark.parametrize(
    ("entry", "name", "dose", "route", "frequency", "duration"),
    [
        ("Lisinopril 10 mg by mouth once daily", "Lisinopril", "10 mg", "by mouth", "once daily", ""),
        ("2. Cephalexin 500 mg PO q6h x 7 days", "Cephalexin", "500 mg", "PO", "q6h", "x 7 days"),
        ("Metformin 500mg PO BID with meals.", "Metformin", "500mg", "PO", "BID with meals", ""),
        ("Percocet 5/325 1-2 tabs po q4-6h prn pain", "Percocet", "5/325 1-2 tabs", "po", "q4-6h prn pain", ""),
        ("Tylenol #3 1 tab q6h", "Tylenol #3", "1 tab", "", "q6h", ""),
        ("Vitamin D 2000 IU daily", "Vitamin D", "2000 IU", "", "daily", ""),
        ("Vitamin B12 1,000 mcg IM monthly", "Vitamin B12", "1,000 mcg", "IM", "monthly", ""),
        ("Lantus 20 units subcut at bedtime", "Lantus", "20 units", "subcut", "at bedtime", ""),
        ("Advair 250/50 one puff b.i.d.", "Advair", "250/50 one puff", "", "b.i.d.", ""),
        ("Fentanyl patch 25 mcg/hr q72h", "Fentanyl", "25 mcg/hr", "", "q72h", ""),
        ("KCl 20 mEq t.i.d.", "KCl", "20 mEq", "", "t.i.d.", ""),
        ("Timolol 0.5% 1 drop in both eyes twice daily", "Timolol", "0.5% 1 drop", "in both eyes", "twice daily", ""),
        (
            "Coumadin 5 mg every other day until [REDACTED-DATE]",
            "Coumadin",
            "5 mg",
            "",
            "every other day",
            "until [REDACTED-DATE]",
        ),
        (
            "Amoxicillin | 500 mg | oral | 3 times a day | for 10 days",
            "Amoxicillin",
            "500 mg",
            "oral",
            "3 times a day",
            "for 10 days",
        ),
        (
            "Nitroglycerin 0.4 mg SL as needed for chest pain",
            "Nitroglycerin",
            "0.4 mg",
            "SL",
            "as needed for chest pain",
            "",
        ),
        (
            "Ibuprofen 400 mg as needed for mild pain for up to 5 days",
            "Ibuprofen",
            "400 mg",
            "",
            "as needed for mild pain",
            "for up to 5 days",
        ),
        ("Continue metoprolol succinate ER 50 mg daily", "metoprolol succinate ER", "50 mg", "", "daily", ""),
        (
            "acetaminophen (Tylenol) 325 mg tablet, 2 tablets q6h",
            "acetaminophen (Tylenol)",
            "325 mg tablet, 2 tablets",
            "",
            "q6h",
            "",
        ),
        ("Lasix 40 mg daily for swelling", "Lasix", "40 mg", "", "daily", ""),
    ],
)
def test_entries_give_their_fields(entry: str, name: str, dose: str, route: str, frequency: str, duration: str) -> None:
    parsed = parse_medication(entry)
    assert parsed is not None
    assert (parsed.name, parsed.dose, parsed.route, parsed.frequency, parsed.duration) == (
        name, dose, route, frequency, duration,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ("Prednisone 20 mg 3 times a day for 2 days, 2 times a day for 5 days", "a taper has two of everything"),
        ("Warfarin 5 mg Monday and 2.5 mg other days", "two doses"),
        ("STOP lisinopril 10 mg daily", "an order to stop"),
        ("Hold metformin 500 mg daily", "an order to stop"),
        ("Increase Lasix to 40 mg daily", "a change"),
        ("The patient was given aspirin 81 mg daily", "a sentence"),
        ("Aspirin", "nothing but a name"),
        ("Aspirin 81 daily", "a number without a unit"),
        ("Insulin sliding scale", "no dose"),
        ("Hemoglobin 12 g/dL", "a measurement"),
        ("BP 120/80", "a measurement"),
        ("Weight 70 kg", "a measurement"),
        ("Keflex 500 mg 3 times a day and to resume other medication", "an order beside it"),
        ("[REDACTED-NAME] 5 mg daily", "the name was redacted"),
        ("10 mg daily", "no name"),
        ("", "nothing"),
    ],
)
def test_what_the_grammar_does_not_cover_is_not_guessed(entry: str, why: str) -> None:
    assert parse_medication(entry) is None, why


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("Lisinopril 10 mg\nAspirin", ["Lisinopril 10 mg", "Aspirin"]),
        ("1. Lisinopril 10 mg daily. 2. Aspirin 81 mg.", ["Lisinopril 10 mg daily.", "Aspirin 81 mg."]),
        ("Lisinopril 10 mg daily, metformin 500 mg b.i.d.", ["Lisinopril 10 mg daily", "metformin 500 mg b.i.d."]),
        ("warfarin 5 mg daily and aspirin 81 mg daily", ["warfarin 5 mg daily", "aspirin 81 mg daily"]),
        ("Lisinopril 10 mg by mouth\nonce daily", ["Lisinopril 10 mg by mouth once daily"]),
        ("Medication | Dose\nLisinopril | 10 mg", ["Lisinopril 10 mg"]),
        ("• Aspirin\n- Lisinopril\n3) Zinc", ["Aspirin", "Lisinopril", "Zinc"]),
        (
            "Prednisone 40 mg daily x 3 days\n20 mg daily x 3 days",
            ["Prednisone 40 mg daily x 3 days 20 mg daily x 3 days"],
        ),
        ("Prednisone 10 mg\nTake 2 tablets daily", ["Prednisone 10 mg Take 2 tablets daily"]),
        ("Iron 65 mg daily\nTake Zinc 5 mg daily", ["Iron 65 mg daily", "Take Zinc 5 mg daily"]),
        ("Tylenol 500 mg q6h, max 3 g daily", ["Tylenol 500 mg q6h, max 3 g daily"]),
        ("Lisinopril 10 mg, take 2 tablets", ["Lisinopril 10 mg, take 2 tablets"]),
        (
            "Prednisone 20 mg daily for 2 days, then 10 mg daily",
            ["Prednisone 20 mg daily for 2 days, then 10 mg daily"],
        ),
    ],
)
def test_a_list_is_split_into_its_entries(text: str, entries: list[str]) -> None:
    assert medication_entries(text) == entries


PIECES = st.sampled_from(
    ("Lisinopril", "10 mg", "500", "tablet", "by mouth", "PO", "daily", "b.i.d.", "q6h", "as needed", "for pain", "-",
     "for 7 days", "x 3", ",", "and", "(", ")", "[REDACTED-DATE]", "stop", "%", "#3")
)  # fmt: skip


@given(st.lists(PIECES, max_size=12).map(" ".join))
def test_every_field_is_a_span_of_the_entry(entry: str) -> None:
    parsed = parse_medication(entry)
    if parsed is not None:
        fields = (parsed.name, parsed.sig, parsed.dose, parsed.form, parsed.route, parsed.frequency, parsed.duration)
        assert all(field in parsed.entry for field in fields)
        assert parsed.entry in " ".join(entry.split())
        assert parsed.name


@given(st.lists(PIECES | st.just("\n"), max_size=30).map(" ".join))
def test_splitting_a_list_invents_no_word(text: str) -> None:
    words = text.split()
    for entry in medication_entries(text):
        assert all(any(word in given for given in words) for word in entry.split())
