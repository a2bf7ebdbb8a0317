"""Where invented identifiers stand: labels, tables and sentences as in letterheads, forms, dictations and messages.

A shape pairs values of one form with what may stand around them. It does not cover what no rule can see without its
context, such as a lone first name in running lower case, or handwriting's errors; English only.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from tasks.phi import canary_values as v
from tasks.phi.canary_values import Draw, filled


class Shape(NamedTuple):
    """Values of one form, and where they stand: behind labels, or at the braces of sentences.

    `strict` ones may never survive. `cases` are the spellings of value and surroundings, drawn from: as they are,
    upper, lower.
    """

    draws: tuple[Draw, ...]
    labels: tuple[str, ...] = ()
    prose: tuple[str, ...] = ()
    strict: bool = False
    cases: str = "aaaaul"


LABELLED = (
    "\n{label}: {}\n",
    "\n{label}: {}   Ward: 4B\n",
    "\n{label}:{}\n",
    "\n{label} : {}\n",
    "\n{label}\t{}\n",
    "\n| {label} | {} |\n",
    "\n* {label}: {}\n",
    " {label}: {}; stable. ",
    " ({label}: {}) ",
)
"""How a label and its value stand: in letterheads, tables and lists, or within a line."""

_CONSTANT = """
    http https www com org net example jpg jpeg png data image base64 photos img face portrait st nd rd th x xx xxx ext
    extension po box street road avenue drive lane court blvd ave apt suite hospital medical center memorial regional
    valley general county wi tx oh me ga or the of dr mr mrs ms md id no sn fp
"""
CONSTANT = frozenset(_CONSTANT.split())
"""Words and prefixes of values that say nothing of anybody when they stay behind."""

_FULL_NAMES: tuple[Draw, ...] = (
    lambda r: f"{v.first(r)} {v.last(r)}",
    lambda r: f"{v.last(r)}, {v.first(r)}",
    v.initialled,
)
_HOSPITAL: Draw = lambda r: r.choice(v.HOSPITALS).format(v.first(r))  # noqa: E731  # a table's cell
_URLS: tuple[Draw, ...] = (
    lambda r: f"https://portal.{v.host(r)}.org/chart/{v.digits(r, 7)}",
    lambda r: f"http://{v.host(r)}.example/visit?id={v.digits(r, 6)}",
    lambda r: f"www.{v.host(r)}.com/{v.word(r)}",
    lambda r: f"https://{v.host(r)}.net",
)

_SHAPES: dict[str, tuple[Shape, ...]] = {
    "NAME": (
        Shape(
            _FULL_NAMES,
            ("Patient", "Patient name", "Name", "Attending", "Emergency contact", "Next of kin", "Referring provider"),
        ),
        Shape(
            (lambda r: f"{v.first(r)} {v.last(r)}", v.initialled),
            prose=(
                "{}, MD, reviewed the images with the team.",
                "Discussed with her daughter, {}, who agrees.",
                "Thank you for referring {} to our clinic.",
                "\nElectronically signed by {}\n",
                "\nSincerely,\n{}\n",
                "\ncc: {}, NP\n",
                "Hello, my name is {} and I have a question.",
                "Dictated by {}, PA-C, after the visit.",
            ),
            cases="aaaau",
        ),
        Shape(
            (v.last,),
            prose=(
                "Seen with Dr. {} this morning.",
                "Mr. {} was ambulating without help.",
                "Dear Ms. {},\n",
                "Nurse {} gave the second dose.",
                "Mrs. {}'s wound is dry.",
            ),
        ),
    ),
    "GEO": (
        Shape(
            (v.street,),
            ("Address", "Home address", "Mailing address"),
            ("He lives at {} with his sister.", "Moved to {} last spring.", "The ambulance was sent to {}."),
        ),
        Shape(
            (v.town_state_zip,),
            ("City/State/ZIP", "Residence"),
            ("\n{}\n", "She drove in from {} today.", "Records came from {} by courier."),
            cases="aau",
        ),
        Shape(
            (_HOSPITAL,),
            ("Facility", "Transferred from"),
            ("Was seen at {} two weeks ago.", "\n{}\nDepartment of Medicine\n", "Transferred to {} overnight."),
        ),
        Shape(
            (lambda r: f"PO Box {v.digits(r, 4)}", lambda r: f"P.O. Box {v.digits(r, 3)}"),
            prose=("\n{}\n", "Mail goes to {}."),
        ),
        Shape((v.zip_code,), ("ZIP", "Zip code"), ("Her zip code is {}.",)),
    ),
    "DATE": (
        Shape(
            v.SEEN,
            ("Date", "Admitted", "Discharged", "Date of service", "Collected", "Procedure date", "Visit"),
            (
                "She was last seen on {} for this.",
                "Symptoms began {} after a fall.",
                "CT of {} was compared.",
                "He had a stent placed {}, and did well.",
                "Follow-up is planned for {} at noon.",
            ),
        ),
        Shape(v.DAYS, prose=("Came back on {} with fever.", "The drain was pulled on {}.", "Surgery is set for {}.")),
    ),
    "DOB": (
        Shape(
            (*v.BIRTHS, *v.OLD_BIRTHS),
            ("DOB", "D.O.B.", "Date of birth", "Birth date", "Birthdate"),
            ("She was born on {} at term.", "Patient (born {}) was identified.", "Verified by name and DOB {}."),
        ),
    ),
    "AGE_OVER_89": (
        Shape(
            (lambda r: str(r.randint(90, 109)),),
            ("Age",),
            (
                "A {}-year-old woman with a hip fracture.",
                "This {} year old man lives alone.",
                "She is {} years old and frail.",
                "{} yo M with chest pain.",
                "Pt is a {} y.o. female.",
                "Her mother died at age {}.",
                "He is aged {}.",
                "A {}F presented after a fall.",
            ),
        ),
        Shape(
            (lambda r: r.choice(v.TENS),),
            prose=("This {} year old woman fell.", "He is {} years old.", "A {}-year-old man was admitted."),
        ),
    ),
    "PHONE": (
        Shape(
            (*v.WHOLE_PHONES, *v.LONG_PHONES),
            ("Phone", "Tel", "Cell", "Mobile", "Home phone", "Telephone no.", "Phone #", "Work phone"),
            (
                "Call {} to reschedule.",
                "Reach the family by phone at {}.",
                "His cell is {} if anything changes.",
                "Telephone {} after hours.",
            ),
            strict=True,
        ),
        Shape(
            v.WHOLE_PHONES,
            prose=("She left {} with the front desk.", "The daughter can be reached at {} any time.", "{} (sister)"),
        ),
    ),
    "FAX": (
        Shape(
            v.WHOLE_PHONES,
            ("Fax", "FAX #", "Fax no.", "Facsimile"),
            ("Please fax the results to {}.", "Results were faxed to {} today.", "Send it by facsimile to {}."),
        ),
    ),
    "EMAIL": (
        Shape(
            (v.mailbox,),
            ("Email", "E-mail", "Contact", "Mail"),
            (
                "Write to {} with questions.",
                "She prefers {} over the telephone.",
                "Forwarded from <{}> by the portal.",
                "({})",
                "cc {}; no reply yet.",
            ),
            strict=True,
        ),
    ),
    "SSN": (
        Shape(
            (
                lambda r: "{}-{}-{}".format(*v.ssn(r)),
                lambda r: "{} {} {}".format(*v.ssn(r)),
                lambda r: "{}{}{}".format(*v.ssn(r)),
                lambda r: "XXX-XX-{2}".format(*v.ssn(r)),
                lambda r: "***-**-{2}".format(*v.ssn(r)),
            ),
            ("SSN", "SS#", "Social Security Number", "Social Security No.", "Soc. Sec. #"),
            ("Her social security number is {}.", "Verified SSN {} at the desk.", "Registration shows SSN of {} here."),
            strict=True,
        ),
        Shape(
            (lambda r: v.digits(r, 4),),
            prose=("Last four of SSN: {}.", "SSN ending in {} was confirmed.", "The last 4 of her SSN are {}."),
            strict=True,
        ),
    ),
    "MRN": (
        Shape(
            (
                lambda r: v.digits(r, 8),
                lambda r: v.digits(r, 6),
                filled("00999999"),
                filled("99-99-99-99"),
                filled("A9999999"),
                filled("AA-9999999"),
                filled("999-9999"),
            ),
            ("MRN", "MRN #", "Medical Record Number", "Medical record no.", "Med Rec #", "MR#", "EMR ID", "Chart #"),
            (
                "This is the patient with MRN {}, known to us.",
                "Filed under medical record number {}.",
                "Results for MRN {} were crossed over.",
            ),
            strict=True,
        ),
    ),
    "HEALTH_PLAN": (
        Shape(
            (v.mbi, filled("AAA999999999"), filled("A99999999"), lambda r: v.digits(r, 9), filled("AA-99999999")),
            ("Member ID", "Policy number", "Policy #", "Subscriber ID", "Medicaid ID", "Insurance ID", "Member #"),
            ("Covered under member ID {} since spring.", "The claim number is {}.", "Policy no. {} has lapsed."),
        ),
        Shape((v.mbi,), ("MBI", "Medicare number", "Medicare ID"), ("Her Medicare number is {}.",)),
    ),
    "ACCOUNT": (
        Shape(
            (lambda r: v.digits(r, 10), filled("A9999-999999"), filled("9999-9999-99"), lambda r: v.digits(r, 8)),
            ("Account", "Account number", "Acct #", "Account no.", "Bank account", "Billing account"),
            ("Billed to account {} in error.", "The balance on account number {} is due."),
        ),
        Shape((v.card,), ("Card", "Credit card"), ("Paid with card {} at the desk.",)),
        Shape((v.iban,), ("IBAN",), ("Refund goes to {} by transfer.",), cases="aau"),
        Shape((v.routing,), ("Routing number", "ABA routing #")),
    ),
    "LICENSE": (
        Shape((v.npi,), ("NPI", "NPI #"), ("The prescriber's NPI is {}.",)),
        Shape((v.dea,), ("DEA", "DEA #", "DEA number")),
        Shape(
            (filled("AA-99999"), filled("A9999999"), filled("999999"), filled("A999-9999-9999")),
            ("License number", "License #", "Lic. no.", "State license", "Driver's license", "Medical license no."),
            ("Practises under license number {}.", "Her driver's license {} was copied."),
        ),
    ),
    "VEHICLE": (
        Shape((v.vin,), ("VIN", "Vehicle identification number"), ("The van (VIN {}) was totalled.",)),
        Shape(
            (filled("9AAA999"), filled("AAA-9999"), filled("AAA 9999"), filled("AB9 9AAA")),
            ("License plate", "Plate", "Plate number", "Vehicle plate"),
            ("He drove a sedan with license plate {}.", "Valet holds the car, plate {}."),
        ),
    ),
    "DEVICE": (
        Shape(
            (filled("AA99999999"), filled("A99-99999"), lambda r: v.digits(r, 9), filled("AAA999999A")),
            ("Serial number", "Serial no.", "Serial #", "S/N", "Device serial", "Device ID", "Pacemaker serial number"),
            ("The generator, serial number {}, was interrogated.", "Pump with serial no. {} alarmed."),
        ),
        Shape((v.udi,), ("UDI", "Implant UDI"), ("Scanned {} at time-out.",)),
        Shape((v.imei,), ("IMEI",), ("Monitor modem IMEI {} is paired.",)),
    ),
    "URL": (
        Shape(
            _URLS,
            ("Portal", "Web", "Link", "Website"),
            ("See {} for the images.", "She posted at {} about it.", "Log in to {} to reply.", "<{}>"),
            cases="a",
        ),
    ),
    "IP": (
        Shape(
            (
                lambda r: f"{r.randint(11, 223)}.{r.randint(1, 250)}.{r.randint(1, 250)}.{r.randint(1, 250)}",
                filled("2h09:hhh9:hhhh:hhhh:hhhh:hhhh:hhhh:hhhh"),
                filled("2h09:hh9:9hh::hhh9"),
                filled("00:1h:hh:hh:h9:hh"),
                filled("0h-hh-9h-hh-hh-h9"),
            ),
            ("IP", "IP address", "Device address", "Host"),
            ("Logged in from {} at night.", "The request came from {} twice.", "Session {} was closed."),
        ),
    ),
    "BIOMETRIC": (
        Shape(
            (filled("FP-99999999"), filled("AAA-999999"), lambda r: v.digits(r, 8), filled("9hhhhhhhhhhhhhh9")),
            ("Fingerprint ID", "Fingerprint template", "Retinal scan ID", "Iris scan ID", "Voiceprint ID"),
            ("Enrolled with fingerprint template {} at intake.", "The voiceprint {} matched.", "Iris scan {} on file."),
        ),
        Shape((filled("BIO-99999999"),), ("Biometric ID", "Biometric template", "Facial recognition ID")),
    ),
    "PHOTO": (
        Shape(
            (
                lambda r: f"/photos/{v.word(r)}_{v.digits(r, 4)}.jpg",
                lambda r: f"face_{v.word(r)}.png",
                lambda r: f"IMG_{v.digits(r, 4)}_{v.word(r)}.jpeg",
                v.picture,
            ),
            ("Photo", "Face photograph", "Patient photo", "Portrait", "Image"),
            ("Her face photo is {} in the chart.", "Uploaded {} from the clinic camera."),
            cases="a",
        ),
    ),
    "OTHER_ID": (
        Shape(
            (filled("hhhhhhhh-hhhh-4hhh-ahhh-hhhhhhhhhhhh"),),
            ("UUID", "Record key"),
            ("Exported as {} last night.",),
            cases="aau",
        ),
        Shape(
            (filled("A99-99999"), filled("99-9999999"), filled("AAA-999999"), lambda r: v.digits(r, 8)),
            ("Accession number", "Accession #", "Specimen ID", "Encounter ID", "Order number", "Case number"),
            ("Accession number {} was amended.", "Filed under case number {}.", "Specimen ID {} was mislabelled."),
        ),
        Shape(
            (filled("9999-A-99"), filled("SUBJ-9999"), filled("AA-9999")), ("Subject ID", "Study ID", "Participant ID")
        ),
    ),
}
SHAPES: Mapping[str, tuple[Shape, ...]] = MappingProxyType(_SHAPES)
"""Category → its shapes; every category of `CATEGORIES` has some."""
