"""Dates in every written form, and what only looks like one. Every value is made up."""

import pytest

from tasks.phi.detection import Detector
from tasks.phi.recognizers.dates import DateRecognizer
from tests.tasks.phi.hostile import SIZE, assert_linear
from tests.tasks.phi.recognizers.tables import check

WRITTEN = [
    ("Seen ⟦DATE|March 14, 2024⟧ for a cough.", "month, day, year"),
    ("Seen ⟦DATE|MARCH 14, 2024⟧ for a cough.", "in capitals"),
    ("seen ⟦DATE|march 14 2024⟧ for a cough", "in lower case, with its year"),
    ("Seen ⟦DATE|March 14th⟧ for a cough.", "an ordinal without a year"),
    ("Seen ⟦DATE|Sept.12,2023⟧ for a cough.", "no spaces at all"),
    ("Seen ⟦DATE|March 5 , 2024⟧ for a cough.", "a space before the comma"),
    ("Seen ⟦DATE|March5,2024⟧ for a cough.", "month and day glued"),
    ("Seen ⟦DATE|March the 5th, 2024⟧ for a cough.", "an article"),
    ("Seen ⟦DATE|Mar 5/24⟧ for a cough.", "a short year behind a slash"),
    ("Seen ⟦DATE|Feb 5th '22⟧ for a cough.", "a short year with an apostrophe"),
    ("Seen ⟦DATE|14 March 2024⟧ for a cough.", "day first"),
    ("Seen ⟦DATE|14-Mar-2024⟧ for a cough.", "with hyphens"),
    ("Seen ⟦DATE|14-MAR-24⟧ for a cough.", "with hyphens and a short year"),
    ("Seen ⟦DATE|05MAR2024⟧ for a cough.", "all in one"),
    ("Seen ⟦DATE|4 OCT 23⟧ for a cough.", "day, capitals and a short year"),
    ("Seen ⟦DATE|2024-Mar-05⟧ for a cough.", "year first"),
    ("Seen on the ⟦DATE|4th of July 2023⟧ for a cough.", "an ordinal and of"),
    ("Seen on the ⟦DATE|12th day of March, 2021⟧ for a cough.", "the day of"),
    ("By ⟦DATE|24 Feb⟧ it was gone.", "day and short month"),
    ("Admitted ⟦DATE|March 3-5, 2024⟧ for a cough.", "a range of days"),
    ("Admitted ⟦DATE|3rd-5th April 2022⟧ for a cough.", "a range of days before the month"),
    ("Admitted ⟦DATE|March 3⟧ - ⟦DATE|April 5, 2024⟧ for a cough.", "a range over two months"),
    ("Admitted ⟦DATE|March 3 and 7⟧ for a cough.", "two days of one month"),
    ("A cough since ⟦DATE|March 2024⟧.", "month and year"),
    ("A cough since ⟦DATE|Jan of 2024⟧.", "month of a year"),
    ("A cough since mid-⟦DATE|March 2023⟧.", "a part of a month"),
    ("A cough since early ⟦DATE|Feb '22⟧.", "a part of a month in a short year"),
    ("A cough since ⟦DATE|september⟧.", "a month in lower case behind a word that asks for one"),
    ("Seen again in ⟦DATE|January⟧.", "a month alone"),
    ("LAST DRINK WAS IN ⟦DATE|JUNE⟧.", "a month that is also a name, behind in"),
    ("Aspirin was stopped ⟦DATE|Dec⟧.", "a short month behind an event"),
    ("It began ⟦DATE|last December⟧.", "the month of a year that the note's date gives away"),
    ("Fell ⟦DATE|November 26, 2007 at 11:30 a.m.⟧ while walking.", "a time goes with its date"),
    ("The count was 12. ⟦DATE|March 5⟧ it fell.", "a number before it that is no day"),
    ("⟦DATE|February⟧, ⟦DATE|March⟧ and ⟦DATE|April 1988⟧ were cold.", "a list of months"),
    ("the rash is back since like ⟦DATE|june 8⟧ and it itches", "a name's month in lower case"),
    ("he last used ⟦DATE|dec 11⟧.", "where the clause ends"),
    ("SEEN ON THE ⟦DATE|FOURTEENTH OF MARCH⟧.", "day in words"),
    ("SEEN ON ⟦DATE|JUNE TWENTY FIRST TWO THOUSAND TWENTY FOUR⟧.", "all in words"),
]

DIGITS = [
    ("Seen ⟦DATE|3/14/2024⟧, ⟦DATE|03/14/24⟧ and ⟦DATE|03-14-24⟧.", "slashes and hyphens"),
    ("Seen ⟦DATE|14.03.2024⟧ and ⟦DATE|14.03.24⟧.", "dots"),
    ("Seen ⟦DATE|2024-03-14⟧, ⟦DATE|2024/3/14⟧ and ⟦DATE|2024.03.14⟧.", "year first"),
    ("At ⟦DATE|2024-03-14T10:15:00.250+01:00⟧ it rose.", "a timestamp with zone"),
    ("At ⟦DATE|03/14/24 10:15 pm⟧ it rose.", "a time behind"),
    ("Seen ⟦DATE|3 / 14 / 2024⟧ here.", "spaces around the slashes"),
    ("Seen ⟦DATE|03/14/2024⟧and sent home.", "a word glued to it"),
    ("Stay ⟦DATE|12/24/23⟧ - ⟦DATE|12/30/23⟧ and ⟦DATE|2/3/24⟧-⟦DATE|2/9/24⟧.", "ranges"),
    ("D: ⟦DATE|10/05/2024⟧ T: ⟦DATE|10/06/2024⟧", "the trailer of a dictation"),
    ("Date of service ⟦DATE|20240314⟧.", "eight digits"),
    ("DOS ⟦DATE|03142024⟧.", "eight digits, month first, behind a word that asks for a date"),
    ("Better since ⟦DATE|04/2023⟧, ⟦DATE|2023-05⟧ and ⟦DATE|06-2023⟧.", "month and year"),
    ("Hypertension since ⟦DATE|6/95⟧.", "month and short year of the last century"),
    ("Worse since ⟦DATE|03/24⟧.", "month and short year, or month and day"),
]

MONTH_AND_DAY = [
    ("He fell on ⟦DATE|4/12⟧ and ⟦DATE|4/13⟧.", "behind on"),
    ("Admit ⟦DATE|3/2⟧, DC ⟦DATE|3/9⟧.", "behind admit and discharge"),
    ("⟦DATE|4/5⟧: Na 135; ⟦DATE|4/6⟧: Na 137", "the head of a list of values"),
    ("(⟦DATE|4/2⟧) WBC 8", "in brackets"),
    ("Na       ⟦DATE|3/1⟧    ⟦DATE|3/2⟧    ⟦DATE|3/3⟧", "the head of a table"),
    ("| ⟦DATE|3/1⟧ | 135 |", "a cell"),
    ("Stay ⟦DATE|3/14⟧-⟦DATE|3/18⟧, home from ⟦DATE|3/2⟧ to ⟦DATE|3/9⟧.", "ranges"),
    ("Stay ⟦DATE|4/12-15⟧ only.", "a range of days"),
    ("bcx ⟦DATE|4/2⟧ ⟦DATE|4/3⟧; cleared ⟦DATE|4/4⟧?", "a blood culture and what follows"),
    ("Repeat INR ⟦DATE|6/19⟧ am.", "nineteen is no maximum of a score"),
    ("Debrided and grafted ⟦DATE|4/1⟧.", "behind an event"),
    ("Seen Mon ⟦DATE|3/4⟧.", "behind a weekday"),
    ("Extubated ⟦DATE|5/7⟧, out of bed ⟦DATE|5/8⟧.", "a month seen elsewhere decides"),
    ("recheck in 5 days = ⟦DATE|6/24⟧.", "behind an equals sign"),
    ("On the evening of ⟦DATE|2/8⟧ he slept.", "a part of a day"),
    ("Last dose ⟦DATE|4/2⟧ 0930.", "a time behind"),
    ("Reported pain was 5/10 on ⟦DATE|4/12⟧.", "a score and a date"),
    ("Surgery is set for ⟦DATE|5/20⟧.", "numbers of a tablet after set for"),
    ("on or about ⟦DATE|10/18⟧ he noticed", "on or about"),
    ("Typed (tw/rm ⟦DATE|5/7⟧).", "behind two initials"),
    ("Rx'd ⟦DATE|5/10⟧ by the PA.", "behind an apostrophe's participle"),
    ("Note for wk of ⟦DATE|2/5⟧.", "week abbreviated"),
    ("Will tow after ⟦DATE|7-10⟧ if not moved.", "a hyphen, and the clause goes on"),
    ("Due ⟦DATE|7-10⟧.", "a hyphen, and the clause ends"),
    ("Seen ⟦DATE|3.4.24⟧.", "dotted and not padded, behind a cue"),
]

NAMED = [
    ("She fell at ⟦DATE|Christmas 2023⟧.", "a holiday with its year"),
    ("She fell on ⟦DATE|Thanksgiving Day⟧.", "a holiday"),
    ("She fell on ⟦DATE|New Year's Eve⟧.", "a day before a holiday"),
    ("She fell in the ⟦DATE|winter of 2022⟧.", "a season with its year"),
    ("It was approved in ⟦DATE|Q3 2021⟧.", "a quarter with its year"),
    ("Send the form by the ⟦DATE|15th⟧, please.", "a day of this month"),
    ("surgery is set for ⟦DATE|jun 5⟧", "month in lower case"),
    ("SURGERY IS SET FOR ⟦DATE|MAY 19⟧.", "month in capitals"),
    ("SEEN ⟦DATE|OCT 18⟧ BY THE TEAM", "a gene's letters among capitals"),
    ("IT STARTS IN ⟦DATE|EARLY MAY⟧ AND ENDS", "may in capitals"),
    ("sees them in ⟦DATE|May⟧.\n6. FMLA signed", "a list's number behind"),
    ("back next Tuesday the ⟦DATE|14th⟧", "day of the month after a weekday"),
    ("by ⟦DATE|december⟧ at the latest", "long month in lower case"),
    ("fell ⟦DATE|last December⟧ and ⟦DATE|this past March⟧", "months told relatively"),
]

NO_DATES = [
    ("Pain 8/10, later 3/10; pain went from 8/10 to 3/10.", "scores"),
    ("Strength 4/5 in the arms, 5/5 elsewhere, 4/5 to 5/5.", "strength"),
    ("Reflexes 2/4, pulses 2/4, a 3/6 systolic murmur.", "grades"),
    ("GCS 12/15, MMSE 12/30, PHQ-9 12/27, Apgars 8/9.", "scales"),
    ("BP 120/80, then 118/76. AST/ALT 12/24. H/H 8/24.", "two values"),
    ("BiPAP 12/5 and CPAP 10/8.", "ventilation"),
    ("Took 1/2 tablet, 1-2 tablets, 3/4 of a pack, reduced by 1/3.", "fractions"),
    ("For 2 1/2 years and 2-3 days, 24/7.", "mixed numbers and ranges"),
    ("Kidney failure 2/2 dehydration.", "short for secondary to"),
    ("Nodes 2/14, 6/12 cores, 7/9 patients, 4/11 (36%).", "counts"),
    ("Fraction 12/25, cycle 3/6, page 2/11.", "places in a series"),
    ("amlodipine/benazepril 5/20 and 10/20 daily", "doses of two drugs"),
    ("One in 1/20, 000 births.", "a rate"),
    ("T 98.6, pH 7.32, L4-L5, 20/20 vision.", "values"),
    ("MARCH1, SEPT9, OCT4, Oct-4 and DEC1 were expressed.", "genes"),
    ("The patient may 10 minutes later rest.", "may, the verb"),
    ("The pump was to march on; may be it does.", "verbs in lower case"),
    ("May-Thurner syndrome and May-Hegglin anomaly.", "eponyms"),
    ("MAR reviewed; OCT of the macula in OCT mode.", "short forms in capitals"),
    ("May 10 mg be given?", "a dose behind it"),
    ("ICD-10 E11.9, chr12:12-2023, PMID 20110523.", "codes"),
    ("v1.12.24, section 2.10.21, 1-2-3, 5/10/2.", "versions and sections"),
    ("Seen last week, on Friday, three days ago, in 2021.", "relative dates, weekdays and years stay"),
    ("At 10:30 he slept.", "a time of day alone stays"),
    ("Christmas disease is rare.", "haemophilia B"),
    ("She had a fall in 2021 and one in the fall.", "no season with a year"),
    ("Pain on the 4th toe, at the 5th percentile.", "ordinals that are no days"),
    ("A 1/6 sys murmur.", "a murmur"),
    ("She attended 6/6, take-home Sunday.", "attendance"),
    ("Rest after 7-10 days.", "a range of days"),
    ("On 7-10 litres.", "a range of litres"),
    ("The tumors may first be seen.", "a verb"),
    ("See section 3.4.24 of it.", "a section"),
]


@pytest.mark.parametrize(
    ("marked", "why"),
    [*WRITTEN, *DIGITS, *MONTH_AND_DAY, *NAMED],
    ids=[row[1] for row in [*WRITTEN, *DIGITS, *MONTH_AND_DAY, *NAMED]],
)
def test_date_is_found_as_a_whole(detector: Detector, marked: str, why: str) -> None:
    check(detector, marked)


@pytest.mark.parametrize(("marked", "why"), NO_DATES, ids=[row[1] for row in NO_DATES])
def test_what_only_looks_like_a_date_stays(detector: Detector, marked: str, why: str) -> None:
    check(detector, marked)


@pytest.mark.parametrize(
    "bait",
    ["1/", "12/12", "1-", "12.", "4/5 ", "5/6 5/7 ", "march 3, ", "12 May ", "2023-", "the 5th ", "mid-", "1 ", "'22 "],
)
def test_hostile_repetition_ends_in_time(bait: str) -> None:
    assert_linear(lambda text: list(DateRecognizer().find(text)), bait * (SIZE // len(bait)))
