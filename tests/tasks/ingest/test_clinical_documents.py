"""Every file is one row or one named reject; what leaves the reader names no patient; a bad file stops nothing."""

import contextlib
import gzip
import io
import os
import shlex
import stat
import zipfile
import zlib
from datetime import UTC, date, datetime
from pathlib import Path

import docx
import fsspec
import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tasks.errors import SourceError
from tasks.ingest import clinical_documents, docx_text, pdf_text
from tasks.ingest.clinical_documents import read_documents
from tasks.ingest.document_lines import FIXES, UnreadableDocument
from tasks.ingest.document_text import document_lines
from tasks.ingest.intake import Intake
from tasks.records import Document
from tests.tasks.ingest.clinical_files import (
    NOTE,
    composition,
    docx_note,
    inline,
    locked_pdf,
    part,
    pdf,
    reference,
    repacked,
    written,
)

KEY = b"a key of sixteen."
BODY = "\n".join(NOTE)
LABELS = ["DISCHARGE MEDICATIONS", "DIET", "Follow-up"]
BOMB = b'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a "LOL"><!ENTITY b "&a;&a;&a;">]>'


def read(root: Path | str, **options: bool) -> tuple[list[Document], Intake]:
    intake = Intake()
    rows = list(read_documents(str(root), intake, key=KEY, **options))
    assert intake.rejected.total() == len(list(intake.rejects()))
    return rows, intake


def read_one(folder: Path, name: str, content: bytes, **options: bool) -> tuple[list[Document], dict[str, int]]:
    (folder / name).write_bytes(content)
    rows, intake = read(folder, **options)
    return rows, dict(intake.rejected)


def labels(row: Document) -> list[str]:
    return [section.label for section in row.sections]


WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def test_a_text_file_becomes_one_document_with_its_sections(tmp_path: Path) -> None:
    (row,), rejected = read_one(tmp_path, "note.txt", BODY.encode())
    assert (row.source, row.title, row.subject_key, row.published) == ("documents", "Discharge summary", "", "")
    assert labels(row) == LABELS
    assert row.sections[0].text == "\n".join(NOTE[1:3])
    assert rejected == {}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_text_is_read_in_the_encodings_that_clinical_systems_write(tmp_path: Path, encoding: str) -> None:
    text = "DIET: Crème fraîche à volonté – 37 °C, no salt “at all”."
    (row,), _ = read_one(tmp_path, "note.txt", text.encode(encoding))
    assert row.sections[0].text == text.removeprefix("DIET: ")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("note.pdf", pdf(NOTE)),
        ("note.pdf", pdf(NOTE, packed=True)),
        ("note.pdf", pdf(NOTE[:2], NOTE[2:])),
        ("note.pdf", locked_pdf("", "owner")),  # printing restricted, reading is not
        ("scan.txt", pdf(NOTE)),  # the name lies
        ("note.html", f"<html><body><p>{'</p><p>'.join(NOTE)}</p></body></html>".encode()),
        ("note.txt.gz", gzip.compress(BODY.encode())),
        ("NOTE.TXT", BODY.encode()),
    ],
)
def test_every_format_gives_the_same_sections(tmp_path: Path, name: str, content: bytes) -> None:
    (row,), _ = read_one(tmp_path, name, content)
    assert labels(row) == LABELS
    assert row.sections[0].text == "\n".join(NOTE[1:3])


def test_a_docx_is_read_in_order_with_its_styles_bold_starts_and_tables(tmp_path: Path) -> None:
    (row,), _ = read_one(tmp_path, "note.docx", docx_note())
    assert [(section.label, section.text) for section in row.sections] == [
        ("Discharge Medications", "Medication | Dose | Frequency\nLisinopril | 10 mg | once daily"),
        ("Diet", "Low sodium."),
        ("Going up stairs", "Two flights at most."),
        ("Follow-up", "Cardiology clinic in 2 weeks."),
    ]


def test_a_head_that_all_pages_of_a_pdf_repeat_is_kept_once(tmp_path: Path) -> None:
    pages = [("General Hospital", *NOTE[:2], "Page 1 of 2"), ("General Hospital", *NOTE[2:], "Page 2 of 2")]
    (row,), _ = read_one(tmp_path, "note.pdf", pdf(*pages))
    text = " ".join(section.text for section in row.sections)
    assert text.count("General Hospital") == text.count("Page") == 1
    assert "Cephalexin" in text


def many_parts() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(docx_text.MAX_PARTS + 1):
            archive.writestr(f"{number}", "")
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.txt", b"", "empty file"),
        ("a.txt", b" \r\n\x00", "empty file"),
        ("a.pdf", b"", "empty file"),
        ("a.json", b"", "empty file"),
        ("a.ndjson", b"", "empty file"),
        ("a.pdf", locked_pdf("secret", "owner"), "password-protected"),
        ("a.pdf", pdf(()), "scan without text"),
        ("a.pdf", b"%PDF-1.7\n%garbage", "damaged file"),
        ("a.pdf", pdf(NOTE)[:200], "damaged file"),
        ("a.pdf", b"not a PDF at all", "damaged file"),
        ("a.docx", docx_note()[:-400], "damaged file"),
        ("a.docx", repacked(docx_note(), "word/document.xml", b"<w:document"), "damaged file"),
        ("a.docx", repacked(docx_note(), "word/document.xml", b""), "damaged file"),
        ("a.docx", repacked(docx_note(), "word/document.xml", BOMB + b"<w:document/>"), "XML entities"),
        ("a.docx", repacked(docx_note(), "word/extra.xml", (BOMB + b"<w/>").decode().encode("utf-16")), "XML entities"),
        ("a.docx", written(docx.Document()), "no text"),
        ("a.docx", many_parts(), "unpacks too large"),
        ("a.zip", many_parts()[:0] + repacked(docx_note(), "x", b"")[:4], "damaged file"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old Word format"),
        ("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "password-protected"),
        ("a.rtf", rb"{\rtf1 hello}", "unknown file type"),
        ("a.jpg", b"\xff\xd8\xff\xe0 picture", "unknown file type"),
        ("a.txt", bytes(range(256)) * 4, "not text"),
        ("a.txt", b"caf\x81 \x8d", "unknown encoding"),
        ("a.txt", "Diet".encode("utf-16") + b"\x00", "unknown encoding"),
        ("a.txt.gz", gzip.compress(BODY.encode() * 50)[:-20], "damaged file"),
        ("a.txt.gz", b"no gzip", "damaged file"),
        ("a.json", b"{", "malformed JSON"),
        ("a.json", b"[]", "no document in it"),
        ("a.json", b'{"resourceType": "Patient", "id": "7"}', "no document in it"),
        ("a.ndjson", b'{"resourceType": "Patient"}\n' * 3, "no document in it"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_file_is_one_named_reject_and_the_next_one_is_read(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    (tmp_path / "z good.txt").write_text(BODY)
    rows, rejected = read_one(tmp_path, name, content)
    assert rejected == {reason: 1}
    assert [labels(row) for row in rows] == [LABELS]


@pytest.mark.parametrize("name", ["a.txt", "a.json", "a.pdf"])
def test_a_file_over_the_limit_is_rejected_unread(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clinical_documents, "MAX_BYTES", 100)
    assert read_one(tmp_path, name, b" " * 101) == ([], {"too large": 1})


def test_a_packed_text_that_unpacks_beyond_the_limit_is_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clinical_documents, "MAX_BYTES", 10_000)
    assert read_one(tmp_path, "a.txt.gz", gzip.compress(b"salt " * 100_000)) == ([], {"too large": 1})


def test_a_docx_is_weighed_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docx_text, "MAX_UNPACKED_BYTES", 1_000_000)
    bomb = repacked(docx_note(), "word/media/image1.png", bytes(1_000_001))
    assert len(bomb) < 100_000
    assert read_one(tmp_path, "a.docx", bomb) == ([], {"unpacks too large": 1})


@pytest.mark.parametrize("depth", [1, 2])
def test_a_pdf_page_that_unpacks_beyond_the_limit_is_rejected(tmp_path: Path, depth: int) -> None:
    stream = b"(salt) Tj " * (pdf_text.MAX_PAGE_BYTES // 10 + 1) if depth == 1 else bytes(90_000_000)
    for _ in range(depth):
        stream = zlib.compress(stream)
    filters = b"/FlateDecode " * depth
    page = pdf(("x",)).replace(b"/Length", b"/Filter [%s] /Length" % filters)
    start, end = page.index(b"stream\n") + 7, page.index(b"\nendstream")
    length = page[page.index(b"/Length ") + 8 :].split(b" ", 1)[0]
    bomb = (page[:start] + stream + page[end:]).replace(b"/Length " + length, b"/Length %d" % len(stream))
    assert read_one(tmp_path, "a.pdf", bomb) == ([], {"unpacks too large": 1})


PAGE = b"<html><table><tr><td><b>Diet</b></td><td>salt</td></tr></table><p>a<br>b<!-- c --></html>"
WHOLE = {".pdf": pdf(NOTE), ".docx": docx_note(), ".html": PAGE, ".txt": BODY.encode()}


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(WHOLE)), st.floats(0, 1), st.integers(0, 40), st.binary(max_size=8))
@example(".html", 0.02, 1, b"<")  # a tag of no valid name
def test_a_damaged_file_gives_lines_or_a_reason_and_nothing_else(
    suffix: str, place: float, cut: int, put: bytes
) -> None:
    whole = WHOLE[suffix]
    start = int(place * len(whole))
    with contextlib.suppress(UnreadableDocument):
        assert any(line.text for line in document_lines(whole[:start] + put + whole[start + cut :], suffix))


def test_neither_rows_nor_warnings_name_a_file_but_the_rejects_do(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"Okonkwo Ada {number}.pdf").write_bytes(pdf(()))
    (tmp_path / "Okonkwo Ada.txt").write_text(BODY)
    rows, intake = read(tmp_path)
    (warning,) = intake.warnings
    rejects = list(intake.rejects())
    assert "Okonkwo" not in warning + "".join(row.model_dump_json() for row in rows)
    assert warning.startswith("3 documents not taken: scan without text, first file 1 of 4")
    assert rejects[0].source_id in warning
    assert "rounds[ocr]" in warning
    assert [Path(reject.where) for reject in rejects] == sorted(tmp_path.glob("*.pdf"))


def test_every_reason_has_a_fix() -> None:
    sources = (p.read_text() for p in Path(clinical_documents.__file__).parent.glob("*.py"))
    raised = {
        text.split('"')[1]
        for source in sources
        for text in source.split("UnreadableDocument(")[1:]
        if text.startswith('"')
    }
    assert len(raised) > 10
    assert raised <= set(FIXES)


def test_the_id_of_a_file_depends_on_its_key_and_its_whole_path(tmp_path: Path) -> None:
    ids = []
    for root in (tmp_path / "a", tmp_path / "b"):
        (root / "ward").mkdir(parents=True)
        (root / "ward" / "note.txt").write_text(BODY)
        ids += [row.source_id for row in read(root)[0]]
    (other,) = read_documents(str(root), Intake(), key=b"another key, long")
    assert len({*ids, other.source_id}) == 3
    assert [row.source_id for row in read(tmp_path / "a" / "ward")[0]] == ids[:1]
    assert len(ids[0]) == 16


def test_files_are_found_in_sub_folders_and_what_systems_leave_beside_them_is_no_record(tmp_path: Path) -> None:
    for name in ("7/a.txt", "7/b.txt", "8/deep/c.txt", "top.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(BODY)
    for name in (".DS_Store", "Thumbs.db", "7/~$b.docx", ".git/x.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    rows, intake = read(tmp_path, subject_folders=True)
    assert not intake.rejected
    keys = [row.subject_key for row in rows]
    assert keys[0] == keys[1] != keys[2]
    assert keys[3] == ""
    assert all(row.subject_key == "" for row in read(tmp_path)[0])


def test_a_file_a_pattern_and_an_object_store_are_read_alike(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text(BODY)
    (tmp_path / "note.pdf").write_bytes(b"%PDF-")
    store = fsspec.filesystem("memory")
    store.pipe("/bucket/in/note.txt", BODY.encode())
    roots = (tmp_path / "note.txt", tmp_path / "*.txt", "memory://bucket/in")
    alone, matched, stored = (read(root)[0][0] for root in roots)
    assert alone == matched
    assert alone.model_copy(update={"source_id": stored.source_id}) == stored


def test_files_last_changed_before_a_day_are_passed_over(tmp_path: Path) -> None:
    for name, changed in (
        ("old.txt", datetime(2026, 1, 1, tzinfo=UTC)),
        ("late.txt", datetime(2026, 1, 2, tzinfo=UTC)),
    ):
        (tmp_path / name).write_text(BODY)
        os.utime(tmp_path / name, (changed.timestamp(),) * 2)
    rows = list(read_documents(str(tmp_path), Intake(), key=KEY, since=date(2026, 1, 2)))
    assert [row.source_id for row in rows] == [row.source_id for row in read(tmp_path / "late.txt")[0]]


@pytest.mark.parametrize(
    ("url", "words"), [("/no/such/folder", "does not exist"), ("nonsense://bucket", "cannot be opened")]
)
def test_what_is_not_there_is_a_source_error(url: str, words: str) -> None:
    with pytest.raises(SourceError, match=words):
        read(url)


def test_an_empty_folder_says_what_to_give(tmp_path: Path) -> None:
    rows, intake = read(tmp_path)
    assert rows == []
    assert "no file was found" in intake.warnings[0]


@pytest.mark.skipif(os.name == "nt" or os.getuid() == 0, reason="root reads every file")
def test_a_file_without_permission_is_counted(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(BODY)
    (tmp_path / "a.txt").chmod(0)
    assert read(tmp_path)[1].rejected == {"cannot be read": 1}


def test_a_broken_link_and_a_name_that_is_no_utf8_stop_nothing(tmp_path: Path) -> None:
    (tmp_path / "gone.txt").symlink_to(tmp_path / "nowhere.txt")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/m\xfcller.pdf")).write_bytes(b"%PDF-")
    (tmp_path / "note.txt").write_text(BODY)
    rows, intake = read(tmp_path)
    assert len(rows) == 1
    assert intake.rejected == {"cannot be read": 1, "damaged file": 1}


class TestFhir:
    def test_a_document_reference_gives_text_subject_and_year_but_no_name(self, tmp_path: Path) -> None:
        resource = reference("d1", inline("text/plain; charset=utf-8", BODY.encode()))
        (row,), _ = read_one(tmp_path, "a.json", orjson.dumps(resource))
        assert labels(row) == LABELS
        assert (row.title, row.published) == ("Discharge summary", "2026")
        assert row.subject_key
        assert "Example" not in row.model_dump_json()

    @pytest.mark.parametrize(
        "content",
        [
            inline("application/pdf", pdf(NOTE)),
            inline("text/html", f"<p>{'<br/>'.join(NOTE)}</p>".encode()),
            inline("", pdf(NOTE)),
        ],
    )
    def test_attachments_of_every_kind_are_read(self, tmp_path: Path, content: dict[str, object]) -> None:
        (row,), _ = read_one(tmp_path, "a.json", orjson.dumps(reference("d1", content)))
        assert labels(row) == LABELS

    @pytest.mark.parametrize(
        ("contents", "reason"),
        [
            ([{"contentType": "text/plain", "url": "Binary/1"}], "attachment not inline"),
            ([{"contentType": "text/plain", "data": "%%%"}], "malformed base64"),
            ([{"contentType": "text/plain"}], "no attachment"),
            ([], "no attachment"),
            ([inline("image/png", b"\x89PNG")], "unknown file type"),
            ([inline("application/pdf", locked_pdf("secret", "x"))], "password-protected"),
            ([inline("text/plain", b"  ")], "empty file"),
        ],
    )
    def test_what_gives_no_text_is_rejected(
        self, tmp_path: Path, contents: list[dict[str, object]], reason: str
    ) -> None:
        resource = reference("d1", *contents)
        assert read_one(tmp_path, "a.json", orjson.dumps(resource)) == ([], {reason: 1})

    def test_of_several_formats_the_first_that_gives_text_is_taken(self, tmp_path: Path) -> None:
        resource = reference("d1", {"url": "Binary/1"}, inline("text/plain", BODY.encode()))
        rows, rejected = read_one(tmp_path, "a.json", orjson.dumps(resource))
        assert [labels(row) for row in rows] == [LABELS]
        assert rejected == {}

    def test_a_composition_gives_its_section_tree(self, tmp_path: Path) -> None:
        resource = composition(
            "c1",
            part("Take-home list", "<ul><li>Lisinopril 10&nbsp;mg</li><li>Aspirin</li></ul>", "10183-2"),
            part("Instructions", "<p>Rest.</p>", "", part("Diet", "<p>Low <b>sodium</b>.</p>")),
            part("Rehabilitation goals of the week", "<table><tr><td>Walk</td><td>daily</td></tr></table>"),
        )
        (row,), _ = read_one(tmp_path, "a.json", orjson.dumps(resource))
        assert [(section.label, section.text) for section in row.sections] == [
            ("Discharge medications", "Lisinopril 10 mg\nAspirin"),
            ("Instructions", "Rest."),
            ("Diet", "Low sodium."),
            ("Rehabilitation goals of the week", "Walk | daily"),
        ]
        assert row.title == "Hospital discharge summary"

    def test_one_patient_has_one_key_however_the_reference_is_written(self, tmp_path: Path) -> None:
        bundle = {
            "resourceType": "Bundle",
            "entry": [
                {"resource": reference("d1", inline("text/plain", b"Rest."))},
                {"resource": composition("c1", part("Diet", "<p>Salt.</p>"))},
                {"resource": {"resourceType": "Patient", "id": "7"}},
                {"resource": reference("d2", inline("text/plain", b"Rest."), subject={"identifier": {"value": "7"}})},
            ],
        }
        rows, rejected = read_one(tmp_path, "a.json", orjson.dumps(bundle))
        assert len(rows) == 3
        assert len({row.subject_key for row in rows}) == 1
        assert rejected == {}

    def test_a_patient_contained_in_the_resource_is_no_shared_key(self, tmp_path: Path) -> None:
        inside = [{"resourceType": "Patient", "id": "p", "identifier": [{"value": "MRN-1"}]}]
        resources = [
            reference("d1", inline("text/plain", b"Rest."), subject={"reference": "#p"}, contained=inside),
            reference("d2", inline("text/plain", b"Rest."), subject={"reference": "#p"}),
        ]
        rows, _ = read_one(tmp_path, "a.json", orjson.dumps(resources))
        assert rows[0].subject_key
        assert rows[1].subject_key == ""

    def test_a_document_entered_in_error_is_withdrawn(self, tmp_path: Path) -> None:
        resources = [
            reference("d1", inline("text/plain", b"Rest.")),
            reference("d1", inline("text/plain", b"Rest."), status="entered-in-error"),
            reference("d2", inline("text/plain", b"Rest."), docStatus="preliminary"),
        ]
        (tmp_path / "a.json").write_bytes(orjson.dumps(resources))
        rows, intake = read(tmp_path)
        assert intake.retracted == 1
        assert [(w.source, w.source_id) for w in intake.withdrawals()] == [("documents", rows[0].source_id)]
        assert intake.rejected == {"preliminary or superseded": 1}

    def test_a_bulk_export_is_read_line_by_line(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(clinical_documents, "MAX_BYTES", 2_000)
        good = orjson.dumps(reference("d1", inline("text/plain", b"Rest.")))
        long = orjson.dumps(reference("d2", inline("text/plain", b"Rest. " * 1_000)))
        other = b'{"resourceType": "Patient"}'
        (tmp_path / "a.ndjson").write_bytes(b"\n".join([good, b"{cut", b"", long, other, good.replace(b"d1", b"d3")]))
        rows, intake = read(tmp_path)
        assert len({row.source_id for row in rows}) == 2
        assert intake.rejected == {"malformed line": 1, "too large": 1}
        assert [reject.where[-2:] for reject in intake.rejects()] == [":2", ":4"]

    @pytest.mark.parametrize("junk", [b"null", b"7", b'{"resourceType": "Bundle", "entry": 5}', b'"text"'])
    def test_json_of_any_other_shape_is_no_document(self, tmp_path: Path, junk: bytes) -> None:
        assert read_one(tmp_path, "a.json", junk) == ([], {"no document in it": 1})

    @pytest.mark.parametrize(
        "broken",
        [
            {"content": "x"},
            {"content": [{"attachment": 7}]},
            {"subject": [], "type": 5, "meta": {"versionId": "x"}, "date": 7, "language": "de-CH"},
        ],
    )
    def test_fields_of_the_wrong_type_break_nothing(self, tmp_path: Path, broken: dict[str, object]) -> None:
        resource = reference("d1", inline("text/plain", b"Rest.")) | broken
        rows, rejected = read_one(tmp_path, "a.json", orjson.dumps(resource))
        assert len(rows) + sum(rejected.values()) == 1

    def test_script_and_comments_of_a_narrative_are_no_text(self, tmp_path: Path) -> None:
        div = "<script>alert(1)</script><!-- hidden --><p>Rest.</p>"
        (row,), _ = read_one(tmp_path, "a.json", orjson.dumps(composition("c1", part("Activity", div))))
        assert row.sections[0].text == "Rest."


@pytest.fixture
def ocrmypdf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a program of that name on the path, which writes the note as text layer, as if the scan showed it."""
    program = tmp_path / "bin" / "ocrmypdf"
    program.parent.mkdir()
    (tmp_path / "layer.pdf").write_bytes(pdf(NOTE))
    layer = shlex.quote(str(tmp_path / "layer.pdf"))
    program.write_text(
        f'#!/bin/sh\ncase "$*" in *--skip-text*) ;; *) exit 1 ;; esac\nfor last; do :; done\ncp {layer} "$last"\n'
    )
    program.chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return program


class TestOcr:
    def scan(self, tmp_path: Path) -> Path:
        folder = tmp_path / "in"
        folder.mkdir()
        (folder / "scan.pdf").write_bytes(pdf(()))
        return folder

    def test_a_scan_is_recognised_where_the_program_is_and_it_is_asked_for(
        self, tmp_path: Path, ocrmypdf: Path
    ) -> None:
        folder = self.scan(tmp_path)
        (row,), _ = read(folder, ocr=True)
        assert labels(row) == LABELS
        assert read(folder)[1].rejected == {"scan without text": 1}

    def test_a_program_that_fails_rejects_the_scan(self, tmp_path: Path, ocrmypdf: Path) -> None:
        ocrmypdf.write_text("#!/bin/sh\nexit 6\n")
        assert read(self.scan(tmp_path), ocr=True)[1].rejected == {"OCR failed": 1}

    def test_without_the_program_the_reject_says_what_to_install(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", "")
        _, intake = read(self.scan(tmp_path), ocr=True)
        assert intake.rejected == {"scan without text": 1}
        assert "rounds[ocr]" in intake.warnings[0]


def test_a_pipe_and_damaged_packed_text_are_rejected_and_the_rest_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(BODY)
    os.mkfifo(tmp_path / "pipe.txt")
    packed = bytearray(gzip.compress(BODY.encode() * 50))
    packed[20:40] = bytes(20)
    (tmp_path / "packed.txt.gz").write_bytes(packed)
    rows, intake = read(tmp_path)
    assert len(rows) == 1
    assert intake.rejected == {"cannot be read": 1, "damaged file": 1}


@pytest.mark.parametrize(
    "body",
    ["<foo/>", f'<w:document xmlns:w="{WORD}"/>', "<w:document>"],
)
def test_a_docx_that_is_none_inside_is_rejected(tmp_path: Path, body: str) -> None:
    written = docx.Document()
    written.add_paragraph("x")
    written.save(str(tmp_path / "whole.docx"))
    with zipfile.ZipFile(tmp_path / "whole.docx") as whole, zipfile.ZipFile(tmp_path / "a.docx", "w") as broken:
        for name in whole.namelist():
            broken.writestr(name, body if name == "word/document.xml" else whole.read(name))
    (tmp_path / "whole.docx").unlink()
    rows, intake = read(tmp_path)
    assert (rows, intake.rejected) == ([], {"damaged file": 1})
