from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from infra.artifacts import open_store
from infra.settings import get_settings
from tasks.errors import PrivacyError
from tasks.phi import setup, shards, steps
from tasks.phi.detection import Detector
from tasks.phi.recognizers import RECOGNIZERS
from tasks.phi.recognizers.rules import Hit, RuleRecognizer
from tasks.phi.steps import protect, redact_again, redact_shard
from tasks.records import CertifiedRow, Protection, RawShard, RedactedShard, row_sha256

ROWS: list[dict[str, object]] = [
    {
        "source": "files",
        "source_id": "1",
        "title": "Note",
        "sections": [{"label": "", "text": "Seen by Dr. Quillon Brask."}],
    },
    {"source": "files", "source_id": "2", "title": "Note", "sections": [{"label": "", "text": "Aspirin 81 mg daily."}]},
    {
        "source": "files",
        "source_id": "3",
        "title": "Note",
        "sections": [{"label": "", "text": "Ward list of the morning."}],
    },
]


@pytest.fixture
def protection(data_dir: Path) -> Protection:
    return protect.fn("rules", "placeholder")


def raw_shard(rows: list[dict[str, object]]) -> RawShard:
    artifact = open_store().save_rows("raw", rows)
    return RawShard(artifact=artifact, source="files", kind="documents", rows=len(rows))


def saved(data_dir: Path) -> list[Path]:
    return [p for p in (data_dir / "artifacts").rglob("*.jsonl") if "redacted" in p.parts]


def sees_the_list(texts: Iterable[str], _: object) -> Counter[str]:
    """Stand for a second detector that sees something which redaction left."""
    return Counter({"OTHER_ID": 1} if any("list" in text for text in texts) else {})


def rows_of(shard: RedactedShard) -> list[CertifiedRow]:
    return [CertifiedRow.model_validate(line) for line in open_store().rows(shard.artifact)]


def test_shard_is_redacted_certified_and_counted(monkeypatch: pytest.MonkeyPatch, protection: Protection) -> None:
    monkeypatch.setattr(shards, "residual", sees_the_list)
    shard = redact_shard.fn(raw_shard(ROWS), protection)
    rows = rows_of(shard)
    for row in rows:
        row.verified(policy=protection.policy_version)
    assert [row.row["source_id"] for row in rows] == ["1", "2"]
    assert rows[0].row["sections"] == [{"label": "", "text": "Seen by [REDACTED-NAME]."}]
    assert (shard.rows, shard.withheld, shard.findings) == (2, 1, {"NAME": 1})
    assert shard.residual == {"OTHER_ID": 1}
    assert shard.canaries == rows[0].certificate.canaries == 320
    assert shard.canary_bound == rows[0].certificate.canary_bound < 0.05
    assert shard.engine == rows[0].certificate.engine == protection.engine


def test_same_shard_gives_the_same_artifact_whatever_the_processes(
    monkeypatch: pytest.MonkeyPatch, protection: Protection
) -> None:
    raw = raw_shard([{**ROWS[index % 2], "source_id": str(index)} for index in range(250)])
    one = redact_shard.fn(raw, protection)
    monkeypatch.setattr(steps, "WORTH_PROCESSES", 0)
    monkeypatch.setenv("ROUNDS_THREADS", "2")
    get_settings.cache_clear()
    assert redact_shard.fn(raw, protection) == one
    assert [row.row["source_id"] for row in rows_of(one)] == [str(index) for index in range(250)]


def test_unknown_field_stops_the_shard_and_saves_nothing(data_dir: Path, protection: Protection) -> None:
    with pytest.raises(PrivacyError) as caught:
        redact_shard.fn(raw_shard([*ROWS, {**ROWS[0], "comment": "Quillon Brask"}]), protection)
    assert "Brask" not in str(caught.value)
    assert saved(data_dir) == []


def test_shard_redacted_again_has_certificates_of_what_is_in_force_now(protection: Protection) -> None:
    """A name that older rules let pass is redacted, what they found stays counted."""
    old = redact_shard.fn(raw_shard(ROWS[:2]), protection)
    lines = [row.model_dump() for row in rows_of(old)]
    for line in lines:
        line["certificate"]["engine"] = "older"
    lines[1]["row"]["sections"] = [{"label": "", "text": "Aspirin for Mrs. Quillon Brask."}]
    lines[1]["certificate"]["row_sha256"] = row_sha256(lines[1]["row"])
    old = old.model_copy(update={"artifact": open_store().save_rows("redacted", lines)})
    new = redact_again.fn(old, protection)
    rows = rows_of(new)
    assert [row.row["sections"][0]["text"] for row in rows] == [  # type: ignore[index]
        "Seen by [REDACTED-NAME].",
        "Aspirin for [REDACTED-NAME].",
    ]
    assert {row.certificate.engine for row in rows} == {new.engine} == {protection.engine}
    assert [dict(row.certificate.findings) for row in rows] == [{"NAME": 1}, {"NAME": 1}]
    for row in rows:
        row.verified(policy=protection.policy_version)


def test_shard_of_certificates_without_a_proof_is_proved_when_it_is_redacted_again(protection: Protection) -> None:
    old = redact_shard.fn(raw_shard(ROWS[:2]), protection)
    lines = [row.model_dump() for row in rows_of(old)]
    for line in lines:
        del line["certificate"]["canaries"], line["certificate"]["canary_bound"]
    old = old.model_copy(update={"artifact": open_store().save_rows("redacted", lines)})
    with pytest.raises(PrivacyError, match="proves too little"):
        rows_of(old)[0].verified()
    for row in rows_of(redact_again.fn(old, protection)):
        row.verified(policy=protection.policy_version)


def test_detector_that_changed_after_the_run_began_certifies_nothing(data_dir: Path, protection: Protection) -> None:
    older = protection.model_copy(update={"engine": f"{protection.engine}+tagger-0123456789ab"})
    with pytest.raises(PrivacyError, match="changed after this run began"):
        redact_shard.fn(raw_shard(ROWS), older)
    assert saved(data_dir) == []


@pytest.mark.parametrize(("threads", "made"), [("1", 1), ("2", 1)])
def test_detector_is_loaded_once_in_this_process(
    threads: str, made: int, protection: Protection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proof and the rows share it; other processes load their own."""
    loaded: list[Detector] = []
    load = setup.Setup.detector
    monkeypatch.setattr(setup.Setup, "detector", lambda self: loaded.append(load(self)) or loaded[-1])
    monkeypatch.setattr(steps, "WORTH_PROCESSES", 0)
    monkeypatch.setenv("ROUNDS_THREADS", threads)
    get_settings.cache_clear()
    redact_shard.fn(raw_shard(ROWS), protection)
    assert len(loaded) == made


def test_row_that_was_edited_is_not_redacted_again(protection: Protection) -> None:
    old = redact_shard.fn(raw_shard(ROWS[:2]), protection)
    lines = [row.model_dump() for row in rows_of(old)]
    lines[0]["row"]["title"] = "edited"
    with pytest.raises(PrivacyError, match="not the one"):
        redact_again.fn(old.model_copy(update={"artifact": open_store().save_rows("redacted", lines)}), protection)


def test_protection_names_engine_and_policy(data_dir: Path) -> None:
    named = protect.fn(None, "safe_harbor")
    assert (named.mode, named.policy, named.policy_version) == (
        "rules",
        "safe_harbor",
        f"safe_harbor/1-{named.year}",
    )
    assert "presidio-analyzer-" in named.engine
    assert str(data_dir) not in named.engine
    keyed = protect.fn(None, "surrogate").policy_version
    assert keyed.startswith("surrogate/1-")
    assert get_settings().secret_key().hex() not in keyed


class FailsOnOneWord(RuleRecognizer):
    """Finds nothing, and fails on one row of the shard."""

    category = "NAME"

    def find(self, text: str) -> list[Hit]:
        if "Aspirin" in text:
            raise RuntimeError(text)
        return []


def test_recognizer_that_raises_midway_stops_the_shard_and_saves_nothing(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, protection: Protection
) -> None:
    monkeypatch.setattr(
        setup.Setup, "detector", lambda _: Detector([kind() for kind in (*RECOGNIZERS, FailsOnOneWord)])
    )
    with pytest.raises(PrivacyError) as caught:
        redact_shard.fn(raw_shard(ROWS), protection)
    assert "Aspirin" not in str(caught.value)
    assert caught.value.__context__ is None
    assert saved(data_dir) == []
