import pytest

from tasks.phi.policies.keyed import Keyed
from tasks.phi.policies.surrogate_words import _SHAPE, SurrogateWords
from tasks.phi.recognizers.words import kind_of
from tests.tasks.phi.policies.conftest import KEY


@pytest.fixture(scope="module")
def words() -> SurrogateWords:
    return SurrogateWords(Keyed(KEY))


def test_listed_name_of_the_shape_is_never_a_surrogate() -> None:
    listed = [word for word in ("Marlissa", "Smith", "Calvert", "Holbert") if kind_of(word.lower())]
    assert "Marlissa" in listed
    assert _SHAPE.fullmatch("marlissa")
    for number in range(200):  # under each key one in sixteen words of the shape is one
        words = SurrogateWords(Keyed(b"a key of tests, number %04d" % number))
        assert not any(words.is_own(word) for word in listed)


def test_made_words_are_known_and_others_are_not(words: SurrogateWords) -> None:
    made = [words.instead_of(name, "p1") for name in ("Quillon", "brask", "O'NEIL", "Núñez", "Ng")]
    assert all(word and words.is_own(word) for word in made)
    assert not any(words.is_own(word) for word in ("Quillon", "Smith", "", "Torlimundo"))


def test_one_word_of_the_shape_in_sixteen_is_a_surrogate(words: SurrogateWords) -> None:
    other = SurrogateWords(Keyed(KEY[::-1]))
    made = {words.instead_of(f"name{chr(97 + i % 26)}{chr(97 + i // 26)}", "p1") or "" for i in range(600)}
    known_to_the_other = sum(other.is_own(word) for word in made)
    assert known_to_the_other < len(made) / 8  # one in sixteen, with room for chance


def test_initials_agree_and_none_stays(words: SurrogateWords) -> None:
    for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
        initial = words.instead_of(letter, "p1") or ""
        whole = words.instead_of(f"{letter}ohn", "p1") or ""
        assert initial == whole[0] != letter


@pytest.mark.parametrize(
    ("name", "endings", "why"),
    [
        ("Mary", ("ssa", "lle", "ndra", "wyn", "thea", "lyn", "nna"), "a woman's name"),
        ("JOHN", ("ric", "mund", "ward", "gar", "bert", "win", "dan"), "a man's name"),
        ("Brask", ("wick", "worth", "stead", "combe", "bridge", "croft", "hurst", "bourne"), "neither"),
    ],
)
def test_ending_follows_the_given_name(words: SurrogateWords, name: str, endings: tuple[str, ...], why: str) -> None:
    assert (words.instead_of(name, "p1") or "").lower().endswith(endings), why


def test_other_scripts_have_no_surrogate(words: SurrogateWords) -> None:
    assert words.instead_of("王", "p1") is None
