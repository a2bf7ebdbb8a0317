"""The word lists of `lists.yaml`, read once, as the sets that name and place recognizers ask.

Lists hold what is common; what they miss has to be found by its surroundings.
"""

from pathlib import Path

import yaml

_LISTS: dict[str, str] = yaml.safe_load((Path(__file__).parent.parent / "lists.yaml").read_text(encoding="utf-8"))


def _words(name: str) -> frozenset[str]:
    return frozenset(_LISTS[name].split())


def _phrases(name: str) -> frozenset[str]:
    return frozenset(
        phrase.strip() for line in _LISTS[name].splitlines() for phrase in line.split("|") if phrase.strip()
    )


GIVEN_WITH_A_CUE = _words("given_names_with_a_cue")
GIVEN_ALONE = _words("given_names") - GIVEN_WITH_A_CUE
GIVEN = GIVEN_ALONE | GIVEN_WITH_A_CUE
SURNAMES = _words("surnames")
CITIES = _phrases("cities")
HEALTH_SYSTEMS = _phrases("health_systems")
STATES = _phrases("states")
NOT_A_NAME = _words("not_a_name")
EPONYM_HEADS = _words("eponym_heads")
ORDINARY_WORDS = _words("ordinary_words")
FIELDS_OF_MEDICINE = _words("fields_of_medicine")
NOT_A_PLACE = _words("not_a_place")
