import pytest

from tasks.phi.detection import Detector
from tests.tasks.phi.recognizers.tables import check

# Each row: the text with what is to be found marked, why. A row without marks is a near miss. Every value is made up.
ROWS = [
    ("Participant ID: ⟦OTHER_ID|ROSE-4471⟧", "keyword and id"),
    ("Site ID: ⟦OTHER_ID|98765⟧).", "site"),
    ("case #⟦OTHER_ID|JH-998877⟧.", "case"),
    ("accession ⟦OTHER_ID|S24-11872⟧", "accession"),
    ("Biopsy ⟦OTHER_ID|S24-10882⟧ read", "biopsy"),
    ("Job ⟦OTHER_ID|00771904⟧", "dictation"),
    ("run # ⟦OTHER_ID|24-009117⟧", "run"),
    ("ride # ⟦OTHER_ID|LGT 33190⟧.", "any word with #"),
    ("Specimen no. ⟦OTHER_ID|FL-23-40118⟧", "specimen"),
    ("Key ⟦OTHER_ID|6f1c2b9e-5d0a-4c3b-9f7e-2a1b3c4d5e6f⟧", "UUID"),
    ("CPF ⟦OTHER_ID|456.378.921-64⟧", "CPF"),
    ("has ⟦OTHER_ID|681937567577⟧.", "Aadhaar by checksum"),
    ("NHS number ⟦OTHER_ID|943 476 5919⟧", "NHS"),
    ("SIN ⟦OTHER_ID|046 454 286⟧", "Canada"),
    ("It is ⟦OTHER_ID|SP-23-0044817⟧.", "a code alone"),
    ("Kept ⟦OTHER_ID|00482137⟧ there.", "digits alone"),
    ("user name is ⟦OTHER_ID|mifuentes88⟧", "user name"),
    ("badge ⟦OTHER_ID|9-20447⟧,", "badge"),
    ("box ⟦OTHER_ID|1Z 999 AA1 01 2345 6784⟧.", "parcel"),
    ("PMID: 31452104, 31452105 and PMC7654321.", "papers"),
    ("NCT01234567, ISRCTN12345678, EudraCT 2015-002345-17.", "trials"),
    ("doi:10.1056/NEJMoa1504720", "DOI"),
    ("NDC 0002-8215-01, LOINC 4548-4, CPT 99213.", "codes"),
    ("ICD-10 E11.9, ICD-9 250.00, SNOMED CT 44054006, RxNorm 860975.", "terms"),
    ("rs1801133, NM_005957.4, ENSG00000177000, U12345, AF123456.", "sequences"),
    ("chr7:55,249,071 and chr17:41197694-41197819.", "coordinates"),
    ("c.2573T>G, p.L858R, A3243G, C677T-A1298C.", "variants"),
    ("D17S250 and D11S151-D11S29.", "markers"),
    ("GSK-2879552, PF-06463922, BMS-986205, LY2835219.", "compounds"),
    ("Sodium 140 (135-145) mmol/L, WBC 11,300.", "laboratory values"),
    ("120/80, 8/10, p=0.0001, n=12345.", "ratios and sizes"),
    ("Room 4, page 12-34, day 14, no. 3 suture.", "numbered things"),
    ("In 1998-2003, 1,234,567 births.", "years and counts"),
    ("CAS 50-78-2 and 7440-06-4.", "substances"),
    ("Shift 1900-0730, call 0226.", "times"),
    ("Catalog no. 12345, grant no. 1122334.", "reagents and grants"),
    ("A1-2026 was a panel.", "a year behind a dash"),
    ("VEGF121 and IL-12, CD4-CD8, SNU-1040.", "genes and cells"),
    ("OMIM 203500; McKusick no. 203500.", "a catalogue of diseases"),
    ("v2.10.33, 10:30:15, 3 x 10000 IU.", "versions, times, doses"),
    ("req ⟦OTHER_ID|QX884120⟧.", "a requisition in the shape of a sequence"),
    ("GenBank accession QX884120.", "a sequence"),
    ("DME ticket ⟦OTHER_ID|W22087⟧", "ticket"),
    ("to pathology, ⟦OTHER_ID|SC24:00871⟧.", "a specimen with a colon"),
    ("run ⟦OTHER_ID|2024-QX-1187⟧, crew", "a run that begins with a year"),
    ("Draw kit ⟦OTHER_ID|QX-BA 551882⟧ handed over", "a prefix in two parts"),
    ("Badge ⟦OTHER_ID|4471⟧", "badge"),
    ("typed DQB1:0602 alleles", "an allele"),
]


@pytest.mark.parametrize(("marked", "why"), ROWS, ids=[row[1] for row in ROWS])
def test_marked_values_are_found_and_nothing_else(detector: Detector, marked: str, why: str) -> None:
    check(detector, marked)
