"""What is written in a form is read back as it was, but for what the module's docstring names."""

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.settings import get_settings
from tasks.dataset.exporting import Form, export_rows
from tasks.ingest.intake import Intake
from tasks.ingest.question_sets import read_examples
from tasks.records import Example, Message

FORMS: tuple[Form, ...] = ("messages", "sharegpt", "instruction", "input-output")
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20).map(str.strip).filter(bool)


@pytest.fixture(autouse=True)
def _key(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ROUNDS_HASH_KEY", "an obviously fictional key, of length enough")
    get_settings.cache_clear()
    yield


@st.composite
def examples(draw: st.DrawFn) -> Example:
    system = [Message(role="system", content=draw(WORDS))] if draw(st.booleans()) else []
    pairs = draw(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=3))
    turns = [
        Message(role=role, content=text)  # type: ignore[arg-type]
        for pair in pairs
        for role, text in zip(("user", "assistant"), pair, strict=True)
    ]
    return Example(
        messages=(*system, *turns),
        source=draw(st.sampled_from(["ward", "medquad"])),
        source_id=draw(st.text("0123456789abcdef", min_size=1, max_size=8)),
        group_id=draw(st.sampled_from(["g1", "g2"])),
        subject_key=draw(st.sampled_from(["", "p1"])),
        agent_type="MedicalQA",
        licence=draw(st.sampled_from(["", "CC0-1.0"])),
        rating=draw(st.sampled_from([None, 4.0])),
    )


def there_and_back(path: Path, rows: list[Example], form: Form) -> list[Example]:
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in export_rows(rows, form)))
    intake = Intake()
    found = [row for row in read_examples(path, "MedicalQA", intake) if isinstance(row, Example)]
    assert not intake.rejected
    return found


@pytest.mark.parametrize("form", FORMS)
@QUICK
@given(rows=st.lists(examples(), min_size=1, max_size=4))
def test_what_is_exported_is_read_back(tmp_path: Path, form: Form, rows: list[Example]) -> None:
    back = there_and_back(tmp_path / "a.jsonl", rows, form)
    keys = {"source_id", "group_id", "subject_key"}
    assert [row.model_dump(exclude=keys) for row in back] == [row.model_dump(exclude=keys) for row in rows]
    for name in keys:
        pairs = {(getattr(row, name), getattr(again, name)) for row, again in zip(rows, back, strict=True)}
        assert len(pairs) == len({old for old, _ in pairs}) == len({new for _, new in pairs})


@pytest.mark.parametrize("form", FORMS)
def test_metadata_goes_there_and_back(tmp_path: Path, form: Form) -> None:
    metadata = {"domain": "cardiology", "difficulty": "hard", "verified": False}
    example = Example.model_validate({**SEVERAL.model_dump(), **metadata})
    (back,) = there_and_back(tmp_path / "a.jsonl", [example], form)
    assert back.model_dump(include=set(metadata)) == metadata


SEVERAL = Example(
    messages=(
        Message(role="user", content="Tea?"),
        Message(role="user", content="Or coffee?"),
        Message(role="assistant", content="Tea."),
    ),
    source="ward",
    source_id="1",
    group_id="g",
)


@pytest.mark.parametrize("form", ["instruction", "input-output"])
def test_turns_of_one_role_are_joined_where_a_form_has_pairs(tmp_path: Path, form: Form) -> None:
    (back,) = there_and_back(tmp_path / "a.jsonl", [SEVERAL], form)
    assert [m.content for m in back.messages] == ["Tea?\n\nOr coffee?", "Tea."]


def test_the_forms_have_the_fields_that_other_tools_read() -> None:
    rows = {form: next(export_rows([SEVERAL], form)) for form in FORMS}
    assert rows["messages"]["messages"][-1] == {"role": "assistant", "content": "Tea."}
    assert rows["sharegpt"]["conversations"][-1] == {"from": "gpt", "value": "Tea."}
    assert {"instruction", "input", "output"} <= set(rows["instruction"])
    assert rows["input-output"]["metadata"] == {"source": "ward"}
    assert not any(value is None for row in rows.values() for value in row.values())
