"""Clinical files made on the fly: fictional patients, every format that a hospital exports."""

import base64
import io
import re
import zipfile
import zlib
from collections.abc import Sequence

import docx
from pypdf import PdfReader, PdfWriter

NOTE = (
    "DISCHARGE MEDICATIONS:",
    "1. Lisinopril 10 mg by mouth once daily",
    "2. Cephalexin 500 mg PO q6h x 7 days",
    "DIET: Low sodium.",
    "Follow-up: Cardiology clinic in 2 weeks.",
)


def pdf(*pages: Sequence[str], packed: bool = False) -> bytes:
    """Write a PDF by hand, one text line below the other; a page without lines has no text."""
    count = len(pages)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(b"%d 0 R" % (4 + 2 * i) for i in range(count)), count),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for number, lines in enumerate(pages):
        shown = b" ".join(b"(%s) Tj T*" % re.sub(rb"[()\\]", rb"\\\g<0>", line.encode("cp1252")) for line in lines)
        stream = b"BT /F1 11 Tf 14 TL 50 780 Td " + shown + b" ET"
        head = b""
        if packed:
            stream, head = zlib.compress(stream), b" /Filter /FlateDecode"
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >>"
            b" /Contents %d 0 R >>" % (5 + 2 * number)
        )
        objects.append(b"<< /Length %d%s >>\nstream\n%s\nendstream" % (len(stream), head, stream))
    return _assembled(objects)


def _assembled(objects: Sequence[bytes]) -> bytes:
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def locked_pdf(user: str, owner: str) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf(NOTE))))
    writer.encrypt(user, owner, algorithm="AES-256")
    return written(writer)


def written(item: object) -> bytes:
    out = io.BytesIO()
    (item.write if isinstance(item, PdfWriter) else item.save)(out)  # type: ignore[attr-defined]
    return out.getvalue()


def docx_note() -> bytes:
    """Write a docx with a heading style, bold starts, a table of medications and a layout table."""
    document = docx.Document()
    document.add_heading("Discharge Medications", 2)
    table = document.add_table(rows=0, cols=3)
    for cells in (("Medication", "Dose", "Frequency"), ("Lisinopril", "10 mg", "once daily")):
        for cell, text in zip(table.add_row().cells, cells, strict=True):
            cell.text = text
    paragraph = document.add_paragraph()
    paragraph.add_run("Diet:").bold = True
    paragraph.add_run(" Low sodium.")
    document.add_paragraph().add_run("Going up stairs").bold = True
    document.add_paragraph("Two flights at most.")
    layout = document.add_table(rows=1, cols=2)
    layout.rows[0].cells[0].text, layout.rows[0].cells[1].text = "Follow-up", "Cardiology clinic in 2 weeks."
    return written(document)


def repacked(content: bytes, part: str, body: bytes) -> bytes:
    """Return an archive with one part replaced or added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name != part:
                new.writestr(name, old.read(name))
        new.writestr(part, body)
    return out.getvalue()


def reference(number: str, *contents: dict[str, object], **more: object) -> dict[str, object]:
    """Return a DocumentReference of the fictional patient 7."""
    return {
        "resourceType": "DocumentReference",
        "id": number,
        "status": "current",
        "type": {"coding": [{"system": "http://loinc.org", "code": "18842-5", "display": "Discharge Summary"}]},
        "subject": {"reference": "Patient/7", "display": "Example Patient"},
        "date": "2026-03-04T10:00:00Z",
        "content": [{"attachment": content} for content in contents],
    } | more


def inline(kind: str, content: bytes) -> dict[str, object]:
    return {"contentType": kind, "data": base64.b64encode(content).decode(), "title": "Example Patient.txt"}


def composition(number: str, *sections: dict[str, object], **more: object) -> dict[str, object]:
    return {
        "resourceType": "Composition",
        "id": number,
        "status": "final",
        "type": {"coding": [{"system": "http://loinc.org", "code": "34105-7"}]},
        "title": "Discharge summary of Example Patient",
        "subject": {"reference": "https://fhir.example.org/Patient/7/_history/2"},
        "section": list(sections),
    } | more


def part(title: str, div: str, code: str = "", *parts: dict[str, object]) -> dict[str, object]:
    coded = {"code": {"coding": [{"system": "http://loinc.org", "code": code}]}} if code else {}
    narrative = f'<div xmlns="http://www.w3.org/1999/xhtml">{div}</div>'
    return {"title": title, "text": {"status": "generated", "div": narrative}, "section": list(parts)} | coded
