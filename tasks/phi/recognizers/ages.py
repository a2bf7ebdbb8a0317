"""Ages over 89, which Safe Harbor aggregates to "90+" (45 CFR 164.514(b)(2)(i)(C)).

Covers numbers of 90 to 129, in digits and words, beside "year-old", "yo", "y/o", "years", "aged", "age:", "turned",
"died at", a sex ("93F", "F/94"), a relative ("mother, 93,") or "birthday", and months from 1,080. The finding is the
number alone, so that "93-year-old" becomes "90+-year-old"; a form with a meaning of its own goes whole: "mid-90s" after
a possessive, "nonagenarian" and "1,104 months" become "90+", since 90 to 99 says more than "90 or older". It does not
cover ages that follow from arithmetic ("turned 80 eleven years ago") or a bare number in a column; a year of birth is
for the recognizer of birth dates.
"""

import re
from collections.abc import Iterable

from tasks.phi.recognizers.rules import Hit, Rule, RuleRecognizer, lowered

_NUMBER = re.compile(r"[91](?<![\w.+][91])(?:(?<=9)[0-9]|(?<=1)[0-2][0-9])(?![0-9])")
_ONES = "one|two|three|four|five|six|seven|eight|nine"
_WORDS = re.compile(
    rf"(?:ninety(?:[- ](?:{_ONES}))?|(?:(?:one|a)[- ])?hundred(?:[- ](?:and[- ])?(?:{_ONES}|ten))?)(?![a-z])"
)
_OLD = re.compile(
    r"(?:\.[0-9]|\s?1/2)?[\s-]{0,3}(?:(?:years?|yrs?\.?)(?:[\s-]{1,3}(?:old|of age|young)\b|[\s-]?olds?\b)"
    r"|y[\s./-]{0,2}o(?:ld)?\b|y[\s./-]{0,2}o\.?[\s-]?(?:[mfw]\b|male|female|man|woman)"
    r"|y\.?[\s-]{0,2}(?:[mfw]|male|female)\b)"
)
_YEARS = re.compile(
    r"[\s-]{0,2}(?:years?|yrs?|y)(?![a-z0-9-])\.?(?!\s(?:ago|prior|later|earlier|before|after|history|survival"
    r"|of (?!life)|follow|since|period|span))"
)
_AGED = re.compile(
    r"(?:\bage\b[^\n]{0,40}\d{4} ?/"  # DOB / age: 7-14-1929 / 92
    r"|\bages?\d?|\baged|\bage,? (?:of|is|was|at death|at time of death)|\bage/sex|\bsex/age|[mf]/"
    r"|\bturn(?:s|ed|ing)?|\bwill be|\b(?:is|are) now|\bnow|\balmost|\bnearly|\bapproaching)[\s:=(|~/-]{0,40}\Z"
)
_BOTH = re.compile(r"\bage[sd]? (?:9[0-9]|1[0-2][0-9])(?: and |, | & | or | to |-)\Z")
_DIED = re.compile(
    r"\b(?:died|dead|deceased|death|passed(?: away)?|lived|living|alive|d\.|healthy|well)(?: of [a-z ]{2,20})?"
    r"(?: in (?:18|19|20)\d\d)?,? (?:at|to|to be|until)(?: age| the age of)?\s\Z"
)
_RELATIVE = (
    r"(?:great-?)?(?:grand)?(?:mother|father|parent|mom|dad|aunt|uncle)|brother|sister|mgm|mgf|pgm|pgf"
    r"|wife|husband|spouse|partner|granny|nana"
)
_PERSON = re.compile(
    rf"\b(?:{_RELATIVE}|friend|neighbou?r|roommate|widow(?:er)?|resident|veteran|gentleman|lady|woman|man|patient|pt)"
    r"(?:'s)?(?P<said>,? (?:is|was|aged?|who is|who was|turned)(?: now| currently| about| almost)?)?"
    r"(?:[ ,(]{1,3}[a-z]+\.?(?: [a-z]+)?)?(?P<link>,? ?\(|, ?|: ?| )\Z"
)
_KIN = re.compile(
    rf"\b(?:{_RELATIVE})[\s:,(-]{{1,3}}(?:(?:d\.?|died|dec\.?|deceased|alive|living|a&w|at)[\s:,(-]{{1,3}})?\Z"
)
_FULL_NAME = re.compile(r"(?:[A-Z][a-z'-]+ (?:[A-Z]\.? )?|[A-Z]\. )[A-Z][A-Za-z'-]+, \Z")
_OF = re.compile(r", (?:of|from|who|is|was|lives|presents|presented|came)\b")
_AGE_WORD = re.compile(r"\b(?:age|turn|will be|[mf]/)")
_SUBJECT = re.compile(r"(?:s?he|who|pt|patient|mother|father)\b")
_WHEN = re.compile(r" (?:when|at the time|and)\b")
_WAS = re.compile(r"\b(?:s?he|who|they|i) was \Z")
_IS = re.compile(r"\b(?:s?he|who|they|i|patient|pt)(?: is|'s| are|'re|'m| am)(?: now| currently| about| almost)? \Z")
_TITLED = re.compile(r"\b(?:mr|mrs|ms|miss|dr|sr|fr)\.? [a-z'-]+(?: [a-z'-]+)?,? \(?\Z")
_SEX_BEFORE = re.compile(r"(?<![\w/.])(?<![0-9] )(?:M|F|[Mm]ale|[Ff]emale)[ ,|/:-]{1,8}\Z")
_SEX_BEHIND = re.compile(r"[ /-]?(?:[MF]|[Mm]ale|[Ff]emale|[Mm]an|[Ww]oman|WM|WF|BM|BF|HM|HF)(?![\w/-])(?! ?[0-9])")
_AT_START = re.compile(
    r"(?:^|[\n:|]\s{0,3}|\b(?:a|an|is|patient|pt|this|old|our)\s{1,2}|\b(?:mr|mrs|ms|dr)\.? [a-z'-]+,? )\Z"
)
_GOES_ON = re.compile(
    r"\s?(?:[.,;:)|\n/]|\Z|-|  |(?:with|w/|who|present\w*|admit\w*|brought|bib\w*|found|here|c/o|s/p|p/w|h/o|hx|pt"
    r"|patient|resident|from|is|was|has|had|came|seen|status|transferred|referred|mrn|dob|lives|living|veteran)\b)"
)
_PRESENTS = re.compile(
    r"\s?,?\s?(?:s/p|h/o|c/o|p/w|who|presents|presented|admitted|brought|bib\w*|mrn|dob|with|w/)(?![a-z])"
)
_ARTICLE = re.compile(r"\b(?:an?|this|our|the)\s{1,2}\Z")
_WARM = re.compile(r"\b(?:t|temp\w*|tmax|tm|fever\w*|febrile|tc|to|oral|rectal|axillary|up)\b[^.;\n]{0,16}\Z")
_BIRTHDAY = re.compile(r"((?:th|st|nd|rd)?) (?:birthday|year of life)")
_NO_AGE = re.compile(
    r"\s?(?:%|°|\+|\.[0-9]|,[0-9]{3}|:[0-9]|/[0-9]|-[0-9]|th\b|st\b|nd\b|rd\b|s\b|x\b)"
    r"|[\s-]{1,2}(?:days?|weeks?|wks?|months?|mos?|hours?|hrs?|min\w*|sec\w*|mg|mcg|kg|g|lbs?|pounds?|cm|mm|ml|cc|bpm"
    r"|mmhg|iu|l|m|percent|degrees?|units?|feet|ft|points?|beats|pack|meters?|miles?|tablets?|calories|kcal|patients"
    r"|times|out of|f|c|on (?:ra|room|nc|o2|oxygen|bipap|cpap|hfnc|nrb))\b| on [0-9]|(?:mg|mcg|kg|lbs?|cm|mm|ml|bpm)\b"
)
_ENDS = re.compile(
    r"\s?(?:[.,;)|\n]|\Z| {2,}|(?:y|yrs?|years?|and|with|who|when|in|on|from|at|was|is|has|had|but|now|of|due|for|this"
    r"|next)\b)"
)


class AgeRecognizer(RuleRecognizer):
    """Ages of 90 years and more."""

    category = "AGE_OVER_89"
    rules = (
        Rule(
            re.compile(
                r"(?:his|her|their|my|your)\s(?P<phi>(?:(?:early|mid|middle|late)[\s-](?:to[\s-]late[\s-])?)?"
                r"(?:90'?s|nineties|100'?s))(?![a-z])"
            ),
            0.85,
            ("90s", "90's", "nineties", "100s"),
            lower=True,
        ),
        Rule(re.compile(r"(?:super)?(?:nonagenarian|centenarian)"), 0.85, ("narian",), lower=True),
        Rule(re.compile(r"1(?<![\w.,]1),?(?:0[89]|[1-5][0-9])[0-9][\s-](?i:months?|mos?)(?![a-z])"), 0.85),
    )

    def find(self, text: str) -> Iterable[Hit]:
        """Yield the ages over 89, in digits and in words."""
        hits = [Hit(*at, 0.85) for number in _NUMBER.finditer(text) if (at := _age(text, number.start(), number.end()))]
        for rule in self.rules:
            hits += rule.hits(text)
        low = lowered(text)
        if "ninety" in low or "hundred" in low:
            for word in _WORDS.finditer(low):
                if not low[max(0, word.start() - 1) : word.start()].isalpha() and (at := _age(text, *word.span())):
                    hits.append(Hit(*at, 0.85))
        return hits


def _age(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Return where the age lies, if the words before or behind the number make it one."""
    low = lowered(text)
    beside, further = low[max(0, start - 1) : start], low[max(0, start - 2) : max(0, start - 1)]
    if beside in {"-", "/", ","} and further.isdigit():
        return None
    if birthday := _BIRTHDAY.match(low, end):
        return start, birthday.end(1)
    compound = beside in {"-", "/"} and not _AGED.search(low, max(0, start - 24), start)
    if compound or low[end : end + 1] == "+":
        return None
    if _is_counted_in_years(text, low, start, end) or _is_sexed(text, low, start, end):
        return start, end
    return (start, end) if not _NO_AGE.match(low, end) and _is_told(text, low, start, end) else None


def _is_counted_in_years(text: str, low: str, start: int, end: int) -> bool:
    """Say whether years follow: 94-year-old, 94 y/o, 94 years; not "100 years ago" nor 90Y, an isotope."""
    century = low[start:end] in {"100", "one hundred", "hundred", "a hundred"}
    isotope = low[start:end] == "90" and text[end : end + 2].strip()[:1] == "Y"
    return bool(_OLD.match(low, end) or (not century and not isotope and _YEARS.match(low, end)))


def _is_told(text: str, low: str, start: int, end: int) -> bool:
    """Say whether the words before make the number an age: "aged 94", "turned 94", "died at 94", "mother, 94,"."""
    ahead = max(0, start - 48)
    ends = _ENDS.match(low, end) is not None
    if _AGED.search(low, ahead, start) or _BOTH.search(low, ahead, start):
        return bool(_AGE_WORD.search(low, max(0, start - 40), start) or (ends and _SUBJECT.search(low, ahead, start)))
    if _KIN.search(low, ahead, start) or (_WAS.search(low, ahead, start) and _WHEN.match(low, end)):
        return True
    person = _PERSON.search(low, ahead, start) if ends else None
    if person and (person["said"] or person["link"] != " "):
        return True
    if _OF.match(low, end) and _FULL_NAME.search(text, ahead, start):
        return True
    told = (pattern.search(low, ahead, start) for pattern in (_DIED, _IS, _TITLED))
    return ends and any(told)


def _is_sexed(text: str, low: str, start: int, end: int) -> bool:
    """Say whether a sex stands beside: 93F, 92 M, F/94; not 101F, a fever, nor 124 male subjects, a count."""
    if low[end : end + 1] in {"m", "f"} and _ARTICLE.search(low, max(0, start - 8), start):
        return bool(_PRESENTS.match(low, end + 1))
    if behind := _SEX_BEHIND.match(text, end):
        if _WARM.search(low, max(0, start - 24), start):
            return False
        first = bool(_AT_START.search(low, max(0, start - 24), start))
        if behind.group().strip(" /-") == "F" and low[start:end].isdigit() and int(low[start:end]) > 93:
            return first or bool(_PRESENTS.match(low, behind.end()))
        return first or bool(_GOES_ON.match(low, behind.end()))
    return bool(
        _SEX_BEFORE.search(text, max(0, start - 16), start)
        and re.match(r"\s{0,3}[|,;)\n]| {2,}|\Z| ?y", low[end : end + 4])
    )
