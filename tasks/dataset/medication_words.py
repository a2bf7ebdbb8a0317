"""The words of medication lists, as patterns: numbers, units, forms, routes, frequencies, durations, supplies.

In English, with the abbreviations that clinicians write, those of ISMP's list of error-prone ones among them:
https://www.ismp.org/recommendations/error-prone-abbreviations-list. How they make an entry is in medication_lines.py.
"""

import re

NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d*\.?\d+)(?:\s?[-/]\s?\d*\.?\d+)?"
WORD_NUMBER = r"(?:one-half|one half|half|one|two|three|four|five|six)(?: to (?:two|three|four|six))?"
UNIT = (
    r"(?:milligrams?|micrograms?|grams?|milliliters?|international units?|units?|mg|mcg|µg|ug|g|gm|ml|cc|mEq|mmol"
    r"|IU|U"
    r"|%|percent)(?:\s?/\s?(?:\d*\.?\d*\s?)?(?:h|hr|hour|ml|kg|day|actuation|dose|puff|spray|tab(?:let)?"
    r"|cap(?:sule)?)\b)?"
)
FORM = (
    r"(?:(?:extended|delayed|sustained|immediate)[- ]release |enteric[- ]coated |chewable |oral |nasal |topical "
    r"|eye |ear"
    r" |metered[- ]dose )?(?:tablets?|tabs?|capsules?|caps?|puffs?|sprays?|drops?|gtts?|patch(?:es)?|inhalers?"
    r"|nebuli[sz]er"
    r"|nebs?|suppositor(?:y|ies)|solution|suspension|syrup|elixir|cream|ointment|gel|lotion|lozenges?|packets?"
    r"|injections?|vials?|pens?|powder|applications?|teaspoons?|tablespoons?|tsp|tbsp|scoops?|sachets?|pills?|doses?)"
)
ROUTE = (
    r"(?:(?:taken |given )?by mouth|oral(?:ly)?|p\.?o\.?|per os|i\.?v\.?(?: ?(?:push|piggyback))?"
    r"|intravenous(?:ly)?|i\.?m\.?"
    r"|intramuscular(?:ly)?|sub-?cut(?:aneous(?:ly)?)?|sub-?q|s\.?q\.?|s\.?c\.?|under the skin|sublingual(?:ly)?"
    r"|s\.?l\.?"
    r"|under the tongue|p\.?r\.?|rectal(?:ly)?|per rectum|topical(?:ly)?|transdermal(?:ly)?|intranasal(?:ly)?"
    r"|(?:via |by )?(?:inhal(?:ation|ed)|nebuli[sz]ed|nebuli[sz]er|g-?tube|peg|ng tube|picc(?: line)?)"
    r"|(?:in|to|into|on) (?:the |each |both |affected )*(?:left |right |affected )?(?:eyes?|ears?|nostrils?|nares"
    r"|skin|area"
    r"|scalp|face)|vaginal(?:ly)?|per vagina|o\.?[dsu]\.?(?= )|ophthalmic(?:ally)?|otic)"
)
EVERY = r"(?:once|twice|one time|two times|three times|four times|five times|\d times|1x|2x|3x|4x)"
PERIOD = r"(?:daily|(?:a|per|each|every|/) ?(?:day|week|month|night|morning|evening)|weekly|monthly|nightly)"
TIMING = (
    r"(?:(?:in|every|each|at) (?:the )?(?:mornings?|evenings?|afternoons?|noon|night|bedtime)|before bed"
    r"|(?:with|before|after|between|at) (?:each |every |all )?(?:meals?|food|breakfast|lunch|dinner|supper)"
    r"|on an empty stomach|with (?:a full glass of )?water|a\.?c\.?|p\.?c\.?|(?:every |q ?)?(?:[ap]\.?m\.?)\b"
    r"|q?h\.?s\.?)"
)
FREQUENCY = (
    rf"(?:{EVERY}(?: {PERIOD})?|q\.? ?\d+(?: ?(?:-|to) ?\d+)? ?\.?(?:h(?:ours?|rs?|\.)?|min(?:utes?)?|d(?:ays?)?"
    rf"|weeks?)?"
    r"|every (?:other )?(?:\d+(?: ?(?:-|to) ?\d+)? |two |three |four |six |eight |twelve )?(?:hours?|hrs?|h|days?"
    r"|weeks?|months?"
    r"|minutes?)|every other (?:day|night)"
    r"|b\.?i\.?d\.?|t\.?i\.?d\.?|q\.?i\.?d\.?|q\.? ?d(?:ay|aily)?\.?|q\.?o\.?d\.?|q\.? ?(?:am|pm|hs|week|month)\.?"
    rf"|{TIMING}|{PERIOD}|as directed|as instructed|on (?:mon|tues|wednes|thurs|fri|satur|sun)days?)"
    rf"(?:,? (?:and )?{TIMING})*"
)
AS_NEEDED = r"(?:as needed|as required|p\.?r\.?n\.?|when needed|if needed)(?: (?:for|if)(?! up\b| \d))?"
PERIOD_UNIT = r"(?:days?|weeks?|months?|doses?|d|wks?)"
COUNT = rf"(?:{NUMBER}|{WORD_NUMBER}|seven|eight|nine|ten|fourteen)"
DURATION = (
    rf"(?:(?:for|x|times|×) ?(?:the next |a total of |another |up to )?{COUNT}(?: ?(?:more"
    rf"|additional))? ?-?{PERIOD_UNIT}"
    rf"(?: total| course)?|{COUNT}[- ]{PERIOD_UNIT}(?: course| supply)?"
    r"|(?:until|through|thru|till|stop(?:ping)? on|ending|end date) (?:\[[A-Z_-]+\]|\d[\d/.-]*|gone|finished"
    r"|complete[d]?)"
    r"|indefinitely|long[- ]term|lifelong)"
)
SUPPLY = (
    r"(?:(?:dispense|disp|quantity|qty|number|refills?|supply):? ?#?(?:\d+|none|zero|one|two|three)(?: \w+)?"
    r"|#\d{2,}|no refills|\d+ refills?)"
)
PURPOSE = r"(?:for|to (?:treat|prevent|help|control)|indications?:?)(?= [a-z])"
REASON_WORD = re.compile(r"[ /]+[A-Za-z][\w'/-]*")
VERB = (
    r"(?:take|taking|use|apply|inhale|inject|give|instill|place|insert|chew|swallow|to be (?:taken|given|used)"
    r"|dose|sig|route):?"
)
PARTS: dict[str, re.Pattern[str]] = {
    name: re.compile(pattern + r"(?![A-Za-z0-9])", re.IGNORECASE)
    for name, pattern in {
        "duration": DURATION,
        "amount": rf"(?:{NUMBER}|{WORD_NUMBER}|an?)(?: \(\w+\))? {FORM}",
        "as_needed": AS_NEEDED,
        "frequency": FREQUENCY,
        "route": ROUTE,
        "form": FORM,
        "verb": VERB,
        "supply": SUPPLY,
        "purpose": PURPOSE,
    }.items()
}
STRENGTH = re.compile(rf"{NUMBER}\s?-?(?:{UNIT})(?![A-Za-z0-9/])", re.IGNORECASE)
RATIO = re.compile(r"\d+(?:\.\d+)?/\d+(?:\.\d+)?(?:/\d+)?(?![\d/A-Za-z])")  # 5/325, 250/50: combined products
BETWEEN = re.compile(r"(?:[\s,;:|.()]|(?<=\s)[-–—](?=\s))*")
MARK = r"(?:[-•*·●▪◦‣–—\s]|\(?\d{1,2}[.)]\s)"
LEADING_MARK = re.compile(rf"^{MARK}+")
LEADING = re.compile(rf"^{MARK}*(?:(?:continue|resume|start|begin|take|new:?|use)\s+)?", re.IGNORECASE)
NAME = re.compile(
    r"[A-Za-z][\w'-]*(?:/[A-Za-z][\w-]*)*(?:[ -](?:\([\w /-]+\)|[A-Za-z][\w'/-]*|B-?\d+|D-?\d|K-?\d|#\d"
    r"|\d{2}/\d{2})){0,5}"
)
SENTENCE_WORDS = re.compile(
    r"\b(?:the|she|he|his|her|was|were|is|are|has|had|have|be|been|will|should|patient|you|your|which|that|this"
    r"|then|and"
    r"|take|taken|taking|only|these|following|stop|stopped|discontinue|discontinued|hold|held|avoid|increase|decrease|changed?|included?|home|same|other"
    r"|all|any"
    r"|medications?|meds|medicines?|prescriptions?|refer|see|none|no|not|unknown|prior|usual|blood|pressure"
    r"|weight)\b",
    re.IGNORECASE,
)
TABLE_HEAD = re.compile(
    r"(?:medications?|medicines?|drugs?|names?|dos(?:e|age)s?|strength|routes?|frequency|durations?|how|when"
    r"|often|much|to|take"
    r"|instructions?|comments?|notes?|indications?|reasons?|last|next|due|status|quantity|refills?|start|end|date"
    r"|of|for|[|/&,])+",
    re.IGNORECASE,
)
ABBREVIATED = re.compile(r"\.\s?[A-Za-z]{1,2}\.$")
NUMBERED = re.compile(r"(?:^|(?<=\s))(?=\(?\d{1,2}[.)]\s+[A-Z\[])")
NOT_A_NAME = (
    r"(?!(?:after|again|and|another|at|continue|decreas\w+|follow\w+|for|give|in|increas\w+|max|maximum|may|not?"
    r"|of|once|or"
    r"|plus|reduc\w+|take|taper\w*|the|then|thereafter|total|twice|up|use|with)\b)"
)
NEXT_ENTRY = re.compile(  # a new name with a strength or an amount after it
    rf"(?:[;,.]\s+(?:and\s+)?|\s+and\s+)(?={NOT_A_NAME}(?:[A-Za-z][\w'/-]*|\[[A-Z_-]+\])"
    r"(?:[ -](?!(?:for|to|then|times?|by)\b)[A-Za-z(][\w')/-]*){0,3}"
    rf"\s\.?\d[\d.,/-]*\s?-?(?:{UNIT})(?![A-Za-z0-9]))",
    re.IGNORECASE,
)
GOES_ON = re.compile(  # a line without a drug of its own: a step of a taper, or the directions of the line before
    rf"(?:{NUMBER}\s?-?(?:{UNIT})(?![A-Za-z0-9])|(?:and )?(?:then|thereafter|followed by|after that|decrease"
    rf"|increase|taper)\b"
    rf"|(?:take|use|apply|inhale|inject|give|place|instill|sig:?) (?:{NUMBER}|{WORD_NUMBER}|an?|by|as|it|this"
    rf"|every)\b)",
    re.IGNORECASE,
)
