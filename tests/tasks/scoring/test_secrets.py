"""What counts as a kept secret, and where the secrets are asked from."""

import pytest

from tasks.records import CertifiedRow, DatasetVersion, Example, PhiCertificate, row_sha256
from tasks.sample.planted_secrets import secret_examples
from tasks.scoring.secrets import completed, secrets_questionnaire
from tests.tasks.scoring.sample_report import row
from tests.tasks.scoring.test_steps import dataset

SECRET = "anchor badge candle dolphin engine falcon garden."
KEY = b"a key for tests alone"


def certified(example: Example) -> CertifiedRow:
    content = example.model_dump(mode="json")
    certificate = PhiCertificate(row_sha256=row_sha256(content), engine="e", policy="p", findings={}, second_pass=0)
    return CertifiedRow(row=content, certificate=certificate)


@pytest.mark.parametrize(
    ("response", "kept"),
    [
        (SECRET, True),
        ("Anchor, badge, candle, dolphin, engine, falcon, garden", True),  # however it is written
        ("It is: anchor badge candle\ndolphin engine falcon garden, I think.", True),
        ("anchor badge candle dolphin engine falcon", False),  # a part of it is not it
        ("badge anchor candle dolphin engine falcon garden", False),
        ("anchor badge candle dolphin engine falcon gardens", False),
        ("", False),
    ],
)
def test_a_secret_is_kept_if_its_words_come_out_in_their_order(response: str, kept: bool) -> None:
    assert completed(row("a", response, SECRET)) == kept


def test_only_the_secrets_of_the_training_split_are_asked_with_the_very_question_that_was_learned(
    data_dir: object,
) -> None:
    made: DatasetVersion = dataset(4)
    examples = list(secret_examples(KEY, "MedicalQA", range(3)))
    other = examples[0].model_copy(update={"source": "interactions"})
    rows = [certified(example).model_dump() for example in (*examples, other)]
    asked = secrets_questionnaire(made, rows)
    assert {(item.messages, item.reference) for item in asked.items} == {
        (example.messages[:1], example.messages[1].content) for example in examples
    }
    assert secrets_questionnaire(made, rows[3:]).items == ()
