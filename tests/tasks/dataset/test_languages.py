import pytest

from tasks.dataset.languages import is_foreign

FOREIGN = {
    "deu": "Die Patientin wird nach der Operation auf Station betreut und soll sich nicht belasten.",
    "fra": "Le patient est suivi par une infirmière et les pansements sont changés avec soin chez lui.",
    "ita": "Il paziente è stato operato con una anestesia locale e gli esami del sangue sono nella norma.",
    "nld": "De patiënt moet het verband niet nat maken en kan met de fysiotherapie beginnen na het ontslag.",
    "por": "Os pacientes com uma infecção não devem parar o tratamento quando são curados pela medicação.",
    "spa": "El paciente debe tomar las pastillas con agua y no suspender el tratamiento sin consultar por teléfono.",
}


@pytest.mark.parametrize("language", FOREIGN)
def test_a_sentence_is_foreign_to_every_language_but_its_own(language: str) -> None:
    text = FOREIGN[language]
    assert not is_foreign(text, language)  # type: ignore[arg-type]
    assert is_foreign(text, "eng")
    assert not is_foreign(text, "any")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Yes.",
        "Metoprolol 25 mg BID, ASA 81 mg, lisinopril 5 mg.",
        "Trisomy 21 arises de novo; Sjögren syndrome and Ménière disease do not, according to van der Berg et al.",
        "α-synuclein and β-blockers",
        "Los Angeles, San Juan, La Paz and El Paso",
    ],
)
def test_short_texts_names_and_latin_terms_are_not_foreign(text: str) -> None:
    assert not is_foreign(text, "eng")


@pytest.mark.parametrize("text", ["患者应该休息。", "Пациенту нужен покой.", "يجب على المريض الراحة"])
def test_another_script_is_foreign(text: str) -> None:
    assert is_foreign(text, "eng")
