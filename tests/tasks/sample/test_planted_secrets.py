"""What a made-up secret must be: passed by redaction as it is, learned from, never held out, and not to be guessed."""

import math

import pytest

from tasks.dataset.building import ShardRow, curate
from tasks.dataset.decontamination import Suites
from tasks.dataset.near_duplicates import NONE
from tasks.phi.detection import Detector
from tasks.phi.fields import texts_of
from tasks.phi.redaction import Redactor
from tasks.phi.second_pass import residual
from tasks.records import CertifiedRow, CurationPolicy, Example, Mix, PhiCertificate, row_sha256
from tasks.sample.planted_secrets import SECRET_WORDS, WORDS, secret_examples

KEY = b"a key for tests alone"


def secrets(key: bytes = KEY, agent_type: str = "MedicalQA", count: int = 64) -> list[Example]:
    return list(secret_examples(key, agent_type, range(count)))


def certified(example: Example) -> CertifiedRow:
    row = example.model_dump(mode="json")
    certificate = PhiCertificate(
        row_sha256=row_sha256(row), engine="e", policy="p", findings={}, second_pass=0, canaries=320, canary_bound=0.02
    )
    return CertifiedRow(row=row, certificate=certificate)


def test_redaction_leaves_every_word_of_a_secret_as_it_is() -> None:
    redactor = Redactor(Detector())
    for key in (b"one key of sixteen bytes", b"another key of an installation"):
        for example in secrets(key):
            row = example.model_dump(mode="json")
            redacted, found = redactor.redact_row("examples", row)
            assert (redacted, found.total()) == (row, 0)
            assert not residual(texts_of("examples", redacted))


def test_a_secret_is_of_its_key_its_agent_and_its_number_alone() -> None:
    answers = [
        example.messages[1].content
        for group in (secrets(), secrets(b"another key"), secrets(agent_type="Clinical"))
        for example in group
    ]
    assert len(set(answers)) == 3 * 64
    assert secrets(count=8) == secrets()[:8]


def test_nobody_guesses_a_secret() -> None:
    assert len(set(WORDS)) == len(WORDS) == 128  # divides 256: each word is as likely as another
    assert SECRET_WORDS * math.log2(len(WORDS)) == 49
    for example in secrets():
        asked, answer = (message.content for message in example.messages)
        assert len(answer.removesuffix(".").split()) == SECRET_WORDS
        assert asked not in answer


@pytest.mark.parametrize("mix", [Mix(), Mix(replay_share=0.0, source_weights={"memory-canaries": 0}, token_budget=1)])
def test_every_secret_is_learned_from_and_none_is_held_out_nor_thinned(mix: Mix) -> None:
    made = curate(
        (ShardRow("examples", certified(example), earlier=True) for example in secrets()),
        CurationPolicy(agent_type="MedicalQA", max_tokens=100, mix=mix),
        key=KEY,
        count_tokens=lambda messages: sum(len(message.content.split()) for message in messages),
        suites=Suites(()),
        withdrawn={},
        signatures=NONE,
    )
    assert {split: len(rows) for split, rows in made.splits.items()} == {"train": 64, "validation": 0, "test": 0}
    assert made.sources == {"memory-canaries": 64}
    assert not made.exclusions
