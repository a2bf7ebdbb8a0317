"""Tell a text in another language by its commonest words, and one in another script by its letters.

A text is foreign only where another language has at least three of its common words, more than twice as many as the
expected one and one word in ten; so a list of drugs, a lab value or a short answer, which have none, is not. English
spellings, Latin terms (`de novo`, `per se`) and abbreviations are on no list. Not covered: texts of several languages;
languages that are not listed here and written in Latin letters.
"""

import itertools
import re
from collections import Counter

from tasks.records import Language

COMMON: dict[str, str] = {
    "eng": "the of and to is that for with are was were this these be have has not from by which can should what how"
    " your you patients it as at or does may will if when they there been than",
    "deu": "der das und ist nicht mit ein eine einen dem auf für von wird werden sich auch bei oder wie sind kann ich"
    " sie zur zum nach aus durch haben wurde keine mehr über wenn einer",
    "fra": "les une dans que qui avec sur pas sont ce cette vous elle ou être plus aux ces leur votre nous chez"
    " peut avoir mais lorsque ainsi afin il est pour",
    "ita": "il gli che è una con della sono nel più delle dei degli anche può essere questo questa dalla alla"
    " nella ha hanno quando loro",
    "nld": "het een zijn niet voor met dat aan ook bij wordt worden deze naar dan maar kunnen heeft hebben moet uw"
    " wat hoe geen tijdens",
    "por": "os uma para com não mais dos ou ser são ao também pode você seu sua pelo pela quando isso como muito"
    " foi nas está em",
    "spa": "los las una para con por más del su pero sus este ser cuando también puede son está qué cómo muy sin"
    " y desde entre hay el",
}
LANGUAGES_OF: dict[str, list[str]] = {}
for _language, _words in COMMON.items():
    for _word in _words.split():
        LANGUAGES_OF.setdefault(_word, []).append(_language)
WORD = re.compile(r"[^\W\d_]+")
LATIN = re.compile(r"[A-Za-z\xaa-\u024f\u1e00-\u1eff]")
LETTER = re.compile(r"[^\W\d_]")


def is_foreign(text: str, language: Language) -> bool:
    """Say whether a text is clearly not in a language; `any` is every one."""
    if language == "any":
        return False
    if not text.isascii():
        letters = len(LETTER.findall(text))
        if len(LATIN.findall(text)) < letters / 2:
            return True
    words = WORD.findall(text.lower())
    found = Counter(itertools.chain.from_iterable(LANGUAGES_OF[word] for word in words if word in LANGUAGES_OF))
    expected = found.pop(language, 0)
    return max(found.values(), default=0) >= max(3, 2 * expected + 1, len(words) / 10)
