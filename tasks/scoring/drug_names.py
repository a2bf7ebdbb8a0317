"""Which words of a text name a drug: stems of international nonproprietary names, frequent names without one, doses.

A word counts if it ends in a stem of the WHO's stem book ("The use of stems in the selection of international
nonproprietary names", 2018), if it is one of a short list of frequent drugs without such a stem, or if a mass or units
follow it at once ("Samplamide 20 mg"). Not covered: brand names and abbreviations without a dose. A brand name and its
generic name are two names here.
"""

import re
import unicodedata

from tasks.scoring.quantities import UNITS

SHORTEST = 7  # letters of a word that a stem makes a drug: `April` ends like `ramipril`

_STEMS = """
mab olol alol sartan statin prazole conazole nidazole cillin mycin micin oxacin cycline gliptin gliflozin glutide formin
glitazone dipine xaban gatran parin grel triptan setron isone asone solone onide limus tinib ciclib parib zomib nercept
lacept atacept kinra navir ciclovir cyclovir buvir tegravir oxetine azepam azolam triptyline ipramine barbital caine
azosin thiazide semide tropium lukast phylline profen fenac coxib dronate oquine trexate thioprine platin rubicin taxel
otidine etidine itidine tadine fibrate giline gabalin racetam peridol azepine peridone codone morphone fungin penem
salbutamol buterol meterol pril
"""
_NAMES = """
acetaminophen adrenaline allopurinol amiodarone aspirin baclofen buprenorphine bupropion ciclosporin clonidine
clopidogrel codeine colchicine cyclophosphamide cyclosporine dapsone digoxin docusate epinephrine fentanyl gabapentin
heparin hydralazine insulin ketamine ketorolac lamotrigine leflunomide levothyroxine lithium loperamide mercaptopurine
mesalamine mesalazine methimazole methyldopa mirtazapine morphine mycophenolate naloxone naproxen nitrofurantoin
nitroglycerin olanzapine paracetamol phenytoin propofol propylthiouracil quetiapine senna sildenafil spironolactone
sulfamethoxazole sulfasalazine tamoxifen thyroxine tramadol trazodone trimethoprim valproate verapamil warfarin
zolpidem
"""
_NO_NAMES = """
a about additional administer an and another approximately are at be by daily day dosage dose doses dosing each every
exactly extra for from further give given has have in is least maximum minimum more most not of on once only or over
per plus receive received reduced increased start starting take taken taking target than the then to total twice under
until up use usual was weekly were with within weight weighed initial initially
"""
_KNOWN = frozenset(_NAMES.split())
_COMMON = frozenset(_NO_NAMES.split())
_ENDING = re.compile(rf"(?:{'|'.join(_STEMS.split())})$")
_ACCENT = re.compile("[\u0300-\u036f]")
_WORD = re.compile(r"[^\W\d_]+")
_DOSE_UNITS = "|".join(name for name, unit in UNITS.items() if unit.kind in {"mass", "activity"} and name != "kg")
_DOSED = re.compile(
    rf"([^\W\d_]{{4,}})(?:\s(?:tablets?|capsules?|oral|injections?|iv|po))?[\s:]\s?[\d.,]+\s?(?:{_DOSE_UNITS})\b(?!/)"
)


def drugs_of(text: str) -> frozenset[str]:
    """Return the names of drugs in a text, in lower case and without accents."""
    words = plain_words(text)
    named = {word for word in words if word in _KNOWN or (len(word) >= SHORTEST and _ENDING.search(word))}
    return frozenset(named | (set(_DOSED.findall(_plain(text))) - _COMMON))


def plain_words(text: str) -> frozenset[str]:
    """Return the words of a text in lower case and without accents."""
    return frozenset(_WORD.findall(_plain(text)))


def _plain(text: str) -> str:
    lowered = text.replace("µ", "u").lower()
    return lowered if lowered.isascii() else _ACCENT.sub("", unicodedata.normalize("NFKD", lowered))
