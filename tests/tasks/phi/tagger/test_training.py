"""Training: a complete folder or none, the same model for the same seed, the user's negatives."""

import json
import shutil
from pathlib import Path

import pytest

from tasks.errors import PrivacyError
from tasks.phi.tagger.training import META, TaggerMeta, model_digest, train_tagger


def test_the_folder_says_what_it_is(tagger: tuple[Path, TaggerMeta]) -> None:
    folder, meta = tagger
    assert TaggerMeta.model_validate_json((folder / META).read_bytes()) == meta
    assert model_digest(folder) == meta.digest
    assert not folder.with_name("model.partial").exists()


def test_no_word_that_was_seen_is_stored(tagger: tuple[Path, TaggerMeta]) -> None:
    assert not (tagger[0] / "vocab").exists()


def test_the_same_seed_makes_the_same_model_and_replaces_the_folder(tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    first = train_tagger(tmp_path / "m", seed=2, steps=2, progress=lambda step, of, loss: steps.append((step, of)))
    (tmp_path / "m" / "stale").touch()
    again = train_tagger(tmp_path / "m", seed=2, steps=2)
    assert first.digest == again.digest
    assert steps == [(1, 2), (2, 2)]
    assert not (tmp_path / "m" / "stale").exists()
    assert train_tagger(tmp_path / "n", seed=3, steps=2).digest != first.digest


def test_a_training_that_stops_leaves_the_old_model(tagger: tuple[Path, TaggerMeta], tmp_path: Path) -> None:
    folder = shutil.copytree(tagger[0], tmp_path / "m")

    def stop(step: int, of: int, loss: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_tagger(folder, steps=2, progress=stop)
    assert model_digest(folder) == tagger[1].digest


def test_negatives_of_the_user_are_counted(tmp_path: Path) -> None:
    file = tmp_path / "papers.jsonl"
    file.write_text("".join(json.dumps({"text": f"Mice of strain {n} were fed."}) + "\n" for n in range(5)))
    assert train_tagger(tmp_path / "m", steps=1, negatives=(file,)).negatives == 5


@pytest.mark.parametrize("line", ['{"text": 3}', '{"body": "x"}', "[]", "no JSON", "[" * 100_000])
def test_negatives_that_are_none_are_refused_without_a_quote(line: str, tmp_path: Path) -> None:
    file = tmp_path / "papers.jsonl"
    file.write_text('{"text": "Fine."}\n' + line + "\n")
    with pytest.raises(PrivacyError, match="Line 2"):
        train_tagger(tmp_path / "m", steps=1, negatives=(file,))
