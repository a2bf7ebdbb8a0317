from pathlib import Path

import pytest

from infra.artifacts import open_store
from tasks.errors import PrivacyError
from tasks.phi import redaction
from tasks.phi.detection import Detector
from tasks.phi.recognizers import RECOGNIZERS
from tasks.phi.recognizers.rules import Hit, RuleRecognizer
from tasks.phi.steps import engine_version, redact_shard
from tasks.records import CertifiedRow, RawShard

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
        "sections": [{"label": "", "text": "Ward list 99 887 4471203881"}],
    },
]


def raw_shard(rows: list[dict[str, object]]) -> RawShard:
    artifact = open_store().save_rows("raw", rows)
    return RawShard(artifact=artifact, source="files", kind="documents", rows=len(rows))


def saved(data_dir: Path) -> list[Path]:
    return [p for p in (data_dir / "artifacts").rglob("*.jsonl") if "redacted" in p.parts]


@pytest.mark.usefixtures("data_dir")
def test_shard_is_redacted_certified_and_counted() -> None:
    shard = redact_shard.fn(raw_shard(ROWS), engine_version.fn())
    rows = [CertifiedRow.model_validate(line) for line in open_store().rows(shard.artifact)]
    for row in rows:
        row.verified()
    assert [row.row["source_id"] for row in rows] == ["1", "2"]
    assert rows[0].row["sections"] == [{"label": "", "text": "Seen by [REDACTED-NAME]."}]
    assert (shard.rows, shard.withheld, shard.findings) == (2, 1, {"NAME": 1})
    assert shard.canaries > 0
    assert shard.engine == rows[0].certificate.engine == engine_version.fn()


@pytest.mark.usefixtures("data_dir")
def test_same_shard_gives_the_same_artifact() -> None:
    raw = raw_shard(ROWS)
    assert redact_shard.fn(raw, "engine") == redact_shard.fn(raw, "engine")


def test_unknown_field_stops_the_shard_and_saves_nothing(data_dir: Path) -> None:
    with pytest.raises(PrivacyError) as caught:
        redact_shard.fn(raw_shard([*ROWS, {**ROWS[0], "comment": "Quillon Brask"}]), "engine")
    assert "Brask" not in str(caught.value)
    assert saved(data_dir) == []


class FailsOnOneWord(RuleRecognizer):
    """Finds nothing, and fails on one row of the shard."""

    category = "NAME"

    def find(self, text: str) -> list[Hit]:
        if "Aspirin" in text:
            raise RuntimeError(text)
        return []


def test_recognizer_that_raises_midway_stops_the_shard_and_saves_nothing(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redaction, "Detector", lambda: Detector([kind() for kind in (*RECOGNIZERS, FailsOnOneWord)]))
    with pytest.raises(PrivacyError) as caught:
        redact_shard.fn(raw_shard(ROWS), "engine")
    assert "Aspirin" not in str(caught.value)
    assert caught.value.__context__ is None
    assert saved(data_dir) == []
