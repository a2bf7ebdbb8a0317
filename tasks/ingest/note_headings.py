"""Say whether a phrase is a heading of clinical notes, however it is qualified, abbreviated or joined.

"Discharge Medications", "Meds at d/c" and "YOUR HOME MEDICINES" come down to one noun; "Diet and Activity" is known
because both its parts are. The nouns are those of LOINC's section names for discharge summaries and progress notes
(HL7 C-CDA R2.1) and of what clinicians write for them. Not covered: other languages than English.
"""

import functools
import re

MAX_HEADING_CHARS = 80
NOUNS_BY_KIND = (
    "chief complaint, cc, presenting complaint, complaint, complaints, reason for visit",
    "history, hpi, history of present illness, history of the present illness, present illness, interval history",
    "pmh, pmhx, past medical history, medical history, medical, psh, pshx, surgical history, surgical, social history",
    "social, sh, shx, habits, family history, family, fh, fhx, occupational history, psychiatric history, ob history",
    "obstetric history, gynecologic history, allergy history, allergic history, personal history, immunizations",
    "vaccinations, allergies, allergy, allergies to medications, drug allergies, adverse reactions, risk factors",
    "medications, medication, meds, medicines, medicine, drugs, prescriptions, rx, medications prescribed",
    "medication changes, medication reconciliation, home medicines, treatment, treatments, therapy, therapies",
    "review of systems, ros, exam, examination, physical, physical exam, physical examination, pe, mental status",
    "mental status examination, neurologic examination, vitals, vital signs, objective, subjective, findings, data",
    "labs, lab, laboratory, laboratory data, laboratory results, laboratory studies, laboratory findings, lab results",
    "diagnostic data, diagnostics, diagnostic studies, studies, imaging, imaging studies, radiology, x rays, tests",
    "test results, results, pertinent results, pending results, pending tests, results pending, technique, comparison",
    "diagnosis, diagnoses, problem, problems, problem list, impression, impressions, assessment, plan, plan of care",
    "care plan, treatment plan, plan of treatment, discussion, conclusion, summary, recommendations, recommendation",
    "course, hospital course, clinical course, history of hospital course, emergency department course, ed course",
    "procedure, procedures, procedures performed, procedure performed, operative procedure, operation, operations",
    "operation performed, operations performed, surgery, surgeries, procedure in detail, details of procedure",
    "operative findings, operative technique, anesthesia, complications, estimated blood loss, blood loss, specimens",
    "drain, drains, fluids, indications, indication, consultations, consultation, consults, consult, consultants",
    "attending, attending physician, date of admission, date of discharge, admission date, discharge date, admit date",
    "condition, status, functional status, code status, advance directives, prognosis, disposition, dispo, background",
    "instructions, directions, education, patient education, counseling, patient education and counseling, goals",
    "precautions, restrictions, equipment, durable medical equipment, dme, home health, home care, rehabilitation",
    "diet, nutrition, dietary, meals, food, diet restrictions, fluid restriction, activity, activities, activity level",
    "activity restrictions, physical activity, exercise, mobility, driving, lifting, bathing, work, return to work",
    "return to school, weight bearing, weight bearing status, physical therapy, occupational therapy, pain",
    "pain control, pain management, follow up, follow up care, follow up appointments, follow up appointment",
    "follow up visits, follow up visit, appointments, appointment, next appointment, next visit, referrals, referral",
    "contact, contacts, contact information, phone numbers, questions, emergency, emergencies",
    "warnings, warning, warning signs, danger signs, red flags, signs and symptoms, symptoms to watch for",
    "symptoms to report, signs of infection, when to seek help, when to get help, return precautions",
    "return instructions, reasons to return, reasons to call, wound, wound care, incision, incision care, skin",
    "skin care, dressing, dressing care, dressing changes, drain care, cast care, site care, catheter care",
    "line care, care of the wound, care of your incision, surgical site, surgical site care, addendum",
)
NOUNS = frozenset(noun.strip() for kind in NOUNS_BY_KIND for noun in kind.split(","))
QUALIFYING_WORDS = """
    a active additional admission admitting after all at brief clinical continuing current discharge discharged final
    for general going home hospital inpatient initial interim latest list medication my new of on other outpatient past
    patient patients pertinent post postoperative postop pre preadmission preoperative preop present primary principal
    prior recent relevant routine secondary special take taking the their these to transfer updated upon with your
    and admit specific during hospitalization stay
"""
QUALIFIERS = frozenset(QUALIFYING_WORDS.split())
TAIL = re.compile(
    r"(?: (?:instructions?|directions?|recommendations?|orders?|lists?|reviewed|summary|details|information|plans?"
    r"|notes?|section|(?:at|on|upon|for|to take at|prior to|before|after|as of) (?:the )?(?:time of )?"
    r"(?:discharge|home|admission|transfer|leaving)(?: home)?))+$"
)
SHORT = (
    (re.compile(r"\bd ?/ ?c\b"), "discharge"),
    (re.compile(r"\bf ?/ ?u\b|\bfollow ?ups?\b|\bfollowing up\b"), "follow up"),
    (re.compile(r"\bh ?/? ?& ?p\b"), "history"),
    (re.compile(r"\bhx\b"), "history"),
    (re.compile(r"\bdx\b"), "diagnosis"),
    (re.compile(r"\ba ?/ ?p\b"), "assessment and plan"),
)
PHRASES = re.compile(
    r"(?:when|if|reasons?|who|how) to (?:call|contact|seek|return|get|go|notify)\b.*"
    r"|(?:please )?(?:call|contact|notify|see|tell) (?:your |the |a |my |our |us\b|911\b|me\b|dr\b)[\w ]*"
    r"|(?:please )?(?:return|go|come back|report) (?:immediately |at once )?to [\w ]*"
    r"(?:emergency|er|ed|hospital|clinic)\b.*"
    r"|seek (?:immediate |emergency |urgent |prompt )*(?:medical |care|help|attention)\b.*"
    r"|(?:start|stop|continue|change|changed|keep|new|hold|resume)(?: taking| how you take)?(?: these| your| the| all)*"
    r" (?:meds|medications?|medicines?|drugs)\b.*"
    r"|(?:medications?|medicines?|meds)(?: that)?(?: you| have| are| were| should| to| we| be)* "
    r"(?:stop|stopped|start|started|take|continue|continued|change|changed|discontinued|held)\b.*"
    r"|(?:chief|presenting) (?:complaint|concern)s?|reasons? for [\w ]+|indications? for [\w ]+|history of [\w ]+"
    r"|description of [\w ]+|(?:name|date|title) of [\w ]+"
)
PARENTHESIS = re.compile(r"\([^)]*\)|\[[^\]]*\]")
NOT_WORDS = re.compile(r"[^a-z/&, ]+")
JOINTS = re.compile(r"\s*(?:/|&|,|\band\b|\bor\b)\s*")


@functools.lru_cache(4096)
def is_known_heading(phrase: str) -> bool:
    """Say whether a phrase, without its colon, is a heading of clinical notes."""
    words = " ".join(NOT_WORDS.sub(" ", PARENTHESIS.sub(" ", phrase.lower().replace("'", ""))).split())
    if not words or len(phrase) > MAX_HEADING_CHARS:
        return False
    for pattern, full in SHORT:
        words = pattern.sub(full, words)
    if _is_noun(words) or PHRASES.fullmatch(words):
        return True
    parts = [part for part in JOINTS.split(words) if part]
    return len(parts) > 1 and all(map(_is_noun, parts))


def _is_noun(words: str) -> bool:
    """Say whether words are a heading's noun, once qualifiers before it and common endings are taken away."""
    for phrase in (words, TAIL.sub("", words)):
        rest = phrase.split()
        while rest:
            if " ".join(rest) in NOUNS:
                return True
            if rest[0] not in QUALIFIERS:
                break
            del rest[0]
    return False
