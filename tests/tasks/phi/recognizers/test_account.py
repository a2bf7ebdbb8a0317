import pytest

from tasks.phi.detection import Detector
from tests.tasks.phi.recognizers.tables import check

# Each row: the text with what is to be found marked, why. A row without marks is a near miss. Every value is made up.
ROWS = [
    ("Card ⟦ACCOUNT|4111 1111 1111 1111⟧", "Luhn"),
    ("Paid by ⟦ACCOUNT|378282246310005⟧", "fifteen digits"),
    ("Card ⟦ACCOUNT|4111-1111-1111-1112⟧", "keyword, checksum fails"),
    ("IBAN ⟦ACCOUNT|GB82 WEST 1234 5698 7654 32⟧", "mod 97"),
    ("ABA routing ⟦ACCOUNT|021000021⟧", "routing"),
    ("Acct #: ⟦ACCOUNT|V7710-003928⟧", "letters"),
    ("Invoice ⟦ACCOUNT|INV-20231⟧", "invoice"),
    ("Guarantor no ⟦ACCOUNT|G-55107⟧", "guarantor"),
    ("Card ending in ⟦ACCOUNT|4242⟧", "last four"),
    ("On account of 2019 rules.", "account, the word"),
    ("They account for 1200 cases.", "verb"),
    ("Check 1000 mg dose.", "check, the verb"),
    ("Visa in 2021.", "a year"),
    ("Billing account:⟦ACCOUNT|30649369⟧", "second label glued to its value"),
]


@pytest.mark.parametrize(("marked", "why"), ROWS, ids=[row[1] for row in ROWS])
def test_marked_values_are_found_and_nothing_else(detector: Detector, marked: str, why: str) -> None:
    check(detector, marked)
