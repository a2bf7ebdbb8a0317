"""What is written in a form is read back as it was, but for what the module's docstring names."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.settings import get_settings
from tasks.dataset.exporting import Form, export_rows, refuse_what_hosts_refuse
from tasks.errors import DataError
from tasks.ingest.intake import Intake
from tasks.ingest.question_sets import read_examples
from tasks.records import Example, Message

FORMS: tuple[Form, ...] = ("messages", "sharegpt", "instruction", "input-output")  # that are read back
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


def hosted_faults(file: bytes) -> list[str]:
    """Return what a hosted fine-tuning job would refuse, read from its guide and not from our code.

    UTF-8 without a mark, LF, a JSON object a line, `messages` alone in it; of a message a role of three and a content
    that is a text; a user's and an assistant's message; the assistant's last; ten lines at least.
    """
    faults = []
    lines = file.decode("utf-8", errors="strict").split("\n")
    if file.startswith(b"\xef\xbb\xbf") or b"\r" in file or lines.pop() != "":
        faults.append("encoding or line ends")
    if len(lines) < 10:
        faults.append("fewer than ten")
    for number, line in enumerate(lines):
        row = json.loads(line)
        if not isinstance(row, dict) or set(row) != {"messages"} or not row["messages"]:
            faults.append(f"{number}: keys")
            continue
        for message in row["messages"]:
            if set(message) != {"role", "content"} or message["role"] not in {"system", "user", "assistant"}:
                faults.append(f"{number}: message")
            if not isinstance(message["content"], str) or not message["content"].strip():
                faults.append(f"{number}: content")
        roles = [message["role"] for message in row["messages"]]
        if roles[-1] != "assistant" or "user" not in roles or "system" in roles[1:]:
            faults.append(f"{number}: roles")
    return faults


def hosted(rows: Iterable[Example], system: str = "") -> bytes:
    kept = export_rows(refuse_what_hosts_refuse(rows), "openai", system)
    return b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in kept)


@QUICK
@given(rows=st.lists(examples(), min_size=10, max_size=14), system=st.sampled_from(["", "You answer for the ward."]))
def test_the_hosted_form_passes_the_hosts_rules_and_says_what_was_said(rows: list[Example], system: str) -> None:
    file = hosted(rows, system)
    assert hosted_faults(file) == []
    for row, line in zip(rows, file.splitlines() if b"\x85" not in file else file.split(b"\n"), strict=False):
        messages = json.loads(line)["messages"]
        said = [{"role": m.role, "content": m.content} for m in row.messages]
        own = row.messages[0].role == "system"
        assert messages == (said if own or not system else [{"role": "system", "content": system}, *said])


def test_no_pseudonym_and_no_rating_goes_to_a_host() -> None:
    patient = SEVERAL.model_copy(update={"subject_key": "p-secret", "group_id": "g-secret", "rating": 4.5})
    assert b"secret" not in hosted([patient] * 10)
    assert b"4.5" not in hosted([patient] * 10)


def test_an_empty_system_message_gives_way_to_the_agents() -> None:
    empty = SEVERAL.model_copy(update={"messages": (Message(role="system", content=" "), *SEVERAL.messages)})
    for system, first in (("Be brief.", "system"), ("", "user")):
        roles = [json.loads(line)["messages"][0]["role"] for line in hosted([empty] * 10, system).splitlines()]
        assert set(roles) == {first}


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        ([SEVERAL] * 9, "9 examples"),
        ([], "0 examples"),
        ([SEVERAL.model_copy(update={"messages": SEVERAL.messages[:2]})] * 10, "Example 1 "),
        ([SEVERAL] * 10 + [SEVERAL.model_copy(update={"messages": SEVERAL.messages[2:]})], "Example 11 "),
    ],
)
def test_what_a_host_would_refuse_is_refused_here(rows: list[Example], what: str) -> None:
    with pytest.raises(DataError, match=what):
        hosted(rows)
