"""Places found in all their forms, and what only looks like one left alone."""

import time

import pytest

from tasks.phi.detection import Detector
from tasks.phi.recognizers.geographic import GeographicRecognizer
from tests.tasks.phi.recognizers.tables import check

ADDRESSES = [
    ("Lives at ⟦GEO|518 Old Larch Road, Ulmenfeld, WI 53999⟧ with spouse.", "street to ZIP code"),
    ("Address: ⟦GEO|46-C Tamarack Ct., Apt 4, Ulmenfeld, NJ 08999⟧", "letter, unit, comma state"),
    ("Mail to ⟦GEO|633 W. 7th Ave NE, Suite 210⟧ today.", "directions and an ordinal"),
    ("Letter to ⟦GEO|29 Heather Loop\nDorling, OH 44999⟧", "two lines of a letterhead"),
    ("HE LIVES AT ⟦GEO|3308 WEIRGATE AVENUE⟧.", "capitals"),
    ("he lives at ⟦GEO|45 oak st, springfield il 62704⟧ with a cat", "lower case with a ZIP code"),
    ("found at ⟦GEO|12 larch lane apt 3⟧", "lower case with a unit"),
    ("lives at ⟦GEO|1650 Larkmoor⟧, with his son", "no suffix after the cue"),
    ("They met at ⟦GEO|1725 Tanner Spur, Bldg D⟧.", "rare suffix with a number"),
    ("Found down on ⟦GEO|Larch Road⟧.", "no house number"),
    ("MVA at ⟦GEO|3rd Ave⟧ by the mill", "numbered street"),
    ("Crash on ⟦GEO|County Road 587⟧ by the bridge.", "county road"),
    ("Farm at ⟦GEO|2210 FM 1488⟧.", "farm road with a house number"),
    ("MVC on ⟦GEO|I-95⟧ today", "interstate after a cue"),
    ("⟦GEO|RR 3 Box 9⟧", "rural route"),
    ("⟦GEO|P.O. Box 8802⟧", "post-office box"),
    ("send to ⟦GEO|po box 12⟧", "post-office box in lower case"),
    ("Vive en ⟦GEO|Calle Luna 45⟧.", "Spanish street"),
    ("Now in ⟦GEO|Apt 4B⟧.", "unit alone"),
    ("ZIP ⟦GEO|44999⟧", "ZIP code after its keyword"),
    ("somewhere in Ohio ⟦GEO|44999⟧", "ZIP code after a state"),
    ("Code ⟦GEO|44999-1234⟧", "nine digits"),
    ("Code ⟦GEO|K1A 0B1⟧", "Canadian postcode"),
    ("Code ⟦GEO|SW1A 1AA⟧", "British postcode"),
    ("GPS ⟦GEO|41.2307, -97.5512⟧", "coordinates"),
    ("Rollover on ⟦GEO|Route 66⟧ at noon.", "route by number"),
    ("Accident on ⟦GEO|US-101⟧ northbound.", "federal highway"),
    ("Found at the corner of ⟦GEO|Larch and Sixth⟧.", "corner of two streets"),
    ("i moved to ⟦GEO|88 camino del rio⟧ today", "Spanish street in lower case"),
    ("Mail to ⟦GEO|Box 12, Tamarack Ave, Ulmenfeld 98999⟧ please.", "a box and its street"),
    ("Lives at ⟦GEO|Lot 14, Larch Sky Hwy⟧ now.", "a lot"),
    ("Seen at home, ⟦GEO|Rt 2 Box 118⟧ (gravel).", "a route abbreviated"),
    ("The office is ⟦GEO|Larch Building, 3300 NW Alder Loop⟧.", "a building before its street"),
    ("Crashed on ⟦GEO|CR 412⟧ by the bridge.", "a county road abbreviated"),
    ("Found at ⟦GEO|mile marker 88 on Hwy 12⟧.", "mile marker"),
]

CITIES = [
    ("Flown in from ⟦GEO|Kalamazoo⟧.", "a city that is nothing else"),
    ("She is from ⟦GEO|Kalispell, Montana⟧.", "city and state"),
    ("⟦GEO|Pine Bluff AR 71699⟧", "no comma before the state"),
    ("An unknown ⟦GEO|Ulmenfeld, KS⟧ farm.", "unknown town before a state"),
    ("moved from ⟦GEO|Reading⟧ last year", "a word, after a preposition of place"),
    ("pt lives in ⟦GEO|Zavantown⟧ with wife", "unknown town after a cue"),
    ("barn near ⟦GEO|Quexa Mills⟧", "unknown town after near"),
    ("Lives in ⟦GEO|Ulmenfeld, KS⟧. Drove in from ⟦GEO|Ulmenfeld⟧.", "named again"),
    ("living in ⟦GEO|the Bronx⟧ now", "article that belongs to it"),
    ("lives in the ⟦GEO|Larkmoor district⟧ alone", "neighbourhood"),
    ("from ⟦GEO|Quexal County⟧", "county"),
    ("drove up from ⟦GEO|cedar rapids⟧ today", "two words in lower case"),
    ("lives in ⟦GEO|chicago⟧", "one word in lower case"),
    ("HE WAS BORN IN ⟦GEO|DULUTH⟧ AND RAISED THERE.", "a line of capitals"),
    ("Flown to ⟦GEO|Washington, D.C⟧.", "the capital, beside the state of its name"),
    ("lives in ⟦GEO|Ft. Worth⟧", "abbreviated Fort"),
    ("City: ⟦GEO|Dorling⟧   Sex: F", "labelled field"),
    ("Birthplace: ⟦GEO|Quexal⟧", "labelled field of an unknown place"),
    ("This 61-year-old woman from ⟦GEO|Castle Ulmen⟧ fell.", "after a person"),
    ("72M from ⟦GEO|Wexquary⟧ p/w dyspnea.", "after age and sex"),
    ("A farm outside ⟦GEO|Ulmenfeld⟧.", "outside"),
    ("Her neighbor in ⟦GEO|Ulmenfeld⟧ found her.", "neighbour"),
    ("He was seen in ⟦GEO|South Quexwater⟧.", "direction after a preposition alone"),
    ("Found along the ⟦GEO|Quexal River⟧.", "river"),
    ("A cabin on ⟦GEO|Otter Lake⟧ upstate.", "lake of ordinary words"),
    ("Deployed to ⟦GEO|Camp Ulmen⟧ twice.", "camp"),
    ("Now staying in ⟦GEO|Ulmen-by-the-Sea⟧ with a cousin.", "hyphens"),
    ("⟦GEO|Ulmenfeld, Wis.⟧ native.", "old abbreviation of a state"),
    ("A woman, 66, of ⟦GEO|Marathon⟧, was seen.", "after an age and of"),
    ("He was sent from ⟦GEO|Ulmenfeld ED⟧.", "an unknown town before a department"),
    ("The patient is from ⟦GEO|Ulmenfeld⟧.", "is from"),
]

FACILITIES = [
    ("Treated at ⟦GEO|Larkmoor Memorial Hospital⟧.", "hospital"),
    ("Transferred from ⟦GEO|St. Wendel's⟧ with pain.", "possessive saint"),
    ("seen at ⟦GEO|St. Elsbeth⟧ for pain", "saint after a preposition"),
    ("⟦GEO|SAINT ELSBETH MEDICAL CENTER⟧", "capitals"),
    ("Admitted to the ICU at ⟦GEO|Mercy General⟧.", "general after a cue"),
    ("followed by ⟦GEO|Silver Lake Pediatrics⟧", "practice after a cue"),
    ("Resident of ⟦GEO|Maple Grove Nursing Home⟧.", "nursing home"),
    ("discharged to ⟦GEO|Sunny Acres⟧ today", "unknown home after a cue"),
    ("Dialysis at ⟦GEO|Quexal River Dialysis⟧.", "dialysis"),
    ("Picked up at ⟦GEO|Dorling Pharmacy⟧.", "pharmacy"),
    ("Student at ⟦GEO|Larkmoor High School⟧.", "school"),
    ("Goes to ⟦GEO|Grace Lutheran Church⟧.", "church"),
    ("works at ⟦GEO|Acme Foundry⟧ as a welder", "employer after a cue"),
    ("employed by ⟦GEO|Larkmoor Steel⟧", "employer after by"),
    ("seen at ⟦GEO|QRMH⟧.", "abbreviation after a cue"),
    ("Seen in ⟦GEO|LarkCare⟧ today", "two words in one"),
    ("seen at ⟦GEO|Children's Hospital Los Angeles⟧", "city behind"),
    ("Seen at the ⟦GEO|Cancer Center in New York⟧.", "generic, with its city"),
    ("Admitted to ⟦GEO|General Hospital⟧ today.", "generic after a preposition"),
    ("visit to our ⟦GEO|Chicago downtown clinic⟧", "words between city and clinic"),
    ("Moved to ⟦GEO|Wetherby Pavilion 4 East⟧.", "ward of a named building"),
    ("⟦GEO|Hospital San Telmo del Valle⟧", "Spanish order"),
    ("seen at ⟦GEO|st marys hospital⟧ today", "lower case"),
    ("⟦GEO|Tomah VA⟧ called.", "veterans' hospital"),
    ("Seen at ⟦GEO|Mayo⟧ yesterday.", "health system"),
    ("| Sending facility | ⟦GEO|Larkmoor⟧ |", "cell of a table"),
    ("⟦GEO|Ulmenfeld Police⟧ were called.", "police"),
    ("Resident of ⟦GEO|Bethany Manor⟧.", "home with a given name"),
    ("2) ⟦GEO|Quexal Valley IRF⟧ - sent", "kind of home in capitals"),
    ("Drives for ⟦GEO|Quexal Freight⟧.", "employer after for"),
    ("He is a junior at ⟦GEO|Larkmoor High⟧.", "high school"),
    ("A second-grader at ⟦GEO|P.S. 114⟧.", "school by number"),
    ("At bedside on ⟦GEO|6 West⟧ today.", "ward by floor and side"),
    ("in the ER at ⟦GEO|Children's⟧ in the night", "a bare possessive"),
    ("Pharmacy: ⟦GEO|Hy-Quex, Ulmenfeld⟧", "field with a comma"),
    ("Prays at ⟦GEO|Masjid Al-Quex⟧.", "mosque"),
    ("⟦GEO|LARCH ROSE HEART & VASCULAR⟧\nSuite", "a letterhead with two fields"),
    ("On the floor ⟦GEO|Tolleby Pavilion⟧, day 11.", "a ward behind a floor"),
    ("Sent to ⟦GEO|Ulmenfeld Behavioral Health, Larkwood Unit⟧.", "a unit behind a comma"),
    (" - ⟦GEO|Grace Lutheran Home⟧, declined", "a home of a church"),
    ("TO ⟦GEO|OUR LADY OF THE LARCHES NURSING HOME⟧.", "in capitals"),
    ("Labs -> ⟦GEO|Ulmenfeld Co. Reference Lab⟧, pending.", "a county abbreviated"),
    ("⟦GEO|RENAL PARTNERS OF ULMENFELD⟧ -- run sheet", "partners of a town"),
    ("Placed (⟦GEO|East Dakota Vascular⟧) last year.", "a field behind a state in brackets"),
    ("Ordered by the ED, ⟦GEO|Ulmenfeld General⟧.", "behind a comma"),
    ("NSGY @ ⟦GEO|Columbia Crest⟧ (accepted).", "behind an at sign"),
    ("Biopsy (⟦GEO|Tolleby Valley Eye & Face⟧) was negative.", "two parts of the body"),
    ("⟦GEO|Ulmenfeldia Hereditary Cancer Program⟧\nLetter", "a programme of a place"),
    ("Stays @ ⟦GEO|Magnolia Hospice House⟧ tonight.", "a house of a kind"),
    ("Her church: ⟦GEO|St. Wendelin Parish⟧.", "a parish"),
    ("Walks at ⟦GEO|Larchwind Rehab & Wellness⟧.", "goes on behind an ampersand"),
    ("Works at ⟦GEO|St. Wendelin's in Tolleby⟧.", "an unknown town behind it"),
]

NO_PLACES = [
    ("The Boston criteria and the Vancouver scar scale were used.", "things named for places"),
    ("Philadelphia chromosome, factor V Leiden, G6PD Tacoma.", "variants"),
    ("Lyme disease, West Nile virus, Ebola virus, Lassa fever.", "infections"),
    ("Glasgow coma scale 15, Ann Arbor stage II, Bristol stool type 4.", "scales"),
    ("Rotterdam criteria, Los Angeles grade B, Milan criteria.", "classifications"),
    ("Barcelona Clinic Liver Cancer stage B.", "a staging with Clinic in it"),
    ("St. John's wort daily; Salem sump to suction.", "herb and tube"),
    ("She lives in Ohio and moved from Mexico.", "states and countries"),
    ("Transferred from OSH for workup.", "outside hospital"),
    ("Follow up in Cardiology Clinic and the Pain Clinic.", "fields"),
    ("PRIMARY CARE CLINIC\nHOSPITAL COURSE: STABLE", "headings in capitals"),
    ("Discharged to a Skilled Nursing Facility with Home Health.", "kinds of care"),
    ("The National Institutes of Health and the American Heart Association.", "authorities"),
    ("New York Heart Association class II.", "a society's scale"),
    ("Lesions are seen in Hashimoto thyroiditis and treated with T4.", "disease after a verb of care"),
    ("Location: Left arm. School: 3rd grade.", "fields without a place"),
    ("He took 2 tabs PO. Dr. will see him in 15 days or so.", "number and Dr"),
    ("12 lead showed 2 mm ST elevation in V2.", "number and ST"),
    ("A 4 x 4 Latin square design.", "square"),
    ("Iodine I-131 was given on arrival.", "isotope"),
    ("The p value was 0.0213, not 0.0514.", "decimals"),
    ("RR 3.1 (95% CI 1.2 to 4.4).", "relative risk"),
    ("This ARTESiA trial and others.", "trial in mixed case"),
    ("Recreational Drugs: none", "heading that ends like a shop"),
    ("R-CHOP was given.", "regimen"),
    ("In lower case reading and mobile are words.", "ambiguous words"),
    ("Referred to Orthopedics; sent to Pathology.", "departments"),
    ("Staying in Bed; retired from the Army; daughter in Law.", "ordinary words after a cue"),
    ("Travel along the Ohio River Valley.", "larger than a state"),
    ("Tender at McBurney Point and the Angle of Louis.", "points of the body"),
    ("A member of the SWI/SNF family; IRF and GAS elements.", "genes like kinds of homes"),
    ("SHE DID NOT ADVISE DIALYSIS.", "a sentence in capitals"),
    ("HE TOOK THE PILL AND MAY NOT DRIVE.", "drive as a verb"),
    ("MATERNAL-FETAL MEDICINE: NOTE", "a field as a heading"),
    ("This is a 34 y/o Navajo man.", "a people"),
    ("Diabetes Prevention Program was offered.", "a programme of no place"),
    ("Seen in the Stroke Unit today.", "a unit of no place"),
]


@pytest.mark.parametrize(("marked", "why"), ADDRESSES + CITIES + FACILITIES)
def test_places_are_found_whole(detector: Detector, marked: str, why: str) -> None:
    check(detector, marked)


@pytest.mark.parametrize(("text", "why"), NO_PLACES)
def test_what_only_looks_like_a_place_stays(text: str, why: str) -> None:
    assert [text[hit.start : hit.end] for hit in GeographicRecognizer().find(text)] == []


@pytest.mark.parametrize(
    "bait",
    [
        "1 ",
        "12 A ",
        "12 a ",
        "Aa ",
        "Aa-",
        "lives at 1 a",
        "St. ",
        "A of ",
        "at Aa ",
        "Hospital ",
        "Hospital San ",
        "of the Clinic, ",
        "County Road ",
        "Calle de ",
        ": a",
        "City: A ",
        "0.1234, -",
        "Boston, MA ",
        "\n",
        " ",
        "New ",
        "in new ",
        "at st a ",
        "zip: ",
    ],
)
def test_hostile_repetition_ends_in_time(bait: str) -> None:
    began = time.process_time()
    list(GeographicRecognizer().find(bait * (100_000 // len(bait))))
    assert time.process_time() - began < 1


def test_a_keyword_before_endless_blanks_ends_in_time() -> None:
    began = time.process_time()
    list(GeographicRecognizer().find("postal " + " " * 100_000))
    assert time.process_time() - began < 1
