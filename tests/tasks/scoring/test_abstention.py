import pytest

from tasks.scoring.abstention import abstains, right_abstention


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("Not mentioned.", True),
        ("The context does not mention a dose.", True),
        ("It's not explicitly stated in the text.", True),
        ("The text doesn’t say.", True),
        ("There is no information on this.", True),
        ("No dose is given.", True),
        ("It cannot be determined from the note.", True),
        ("The note gives no dose.", True),
        ("I don't know.", True),
        ("Unknown", True),
        ("N/A", True),
        ("20 mg daily.", False),
        ("The patient did not report pain.", False),
        ("No, the patient was not given aspirin.", False),
        ("No aspirin was given.", False),
        ("It is not known.", True),
        ("Whether lupus can be prevented is unclear. There are no data on diet.", False),
        ("The dose is not given in the note.", True),
        ("The dose is 20 mg. It is taken daily. How long is not mentioned.", False),
        ("", False),
    ],
)
def test_an_answer_abstains_if_it_opens_with_one_of_the_wordings(answer: str, expected: bool) -> None:
    assert abstains(answer) == expected


@pytest.mark.parametrize(
    ("answer", "answerable", "expected"),
    [("Not mentioned.", False, 1), ("20 mg.", False, 0), ("Not mentioned.", True, 0), ("20 mg.", True, 1)],
)
def test_abstaining_is_right_only_where_the_context_does_not_tell(
    answer: str, answerable: bool, expected: float
) -> None:
    assert right_abstention(answer, answerable=answerable) == expected
