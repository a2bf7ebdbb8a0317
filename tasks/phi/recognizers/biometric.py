"""Biometric identifiers (45 CFR 164.514(b)(2)(i)(P)): the code after a word such as fingerprint or voiceprint.

It does not cover raw biometric data in other forms (audio, minutiae lists), nor words about biometrics without a code.
"""

import re

from tasks.phi.recognizers.rules import Rule, RuleRecognizer, has_digits, keyed, labelled_numbers


class BiometricRecognizer(RuleRecognizer):
    """Template numbers and codes of fingerprints, irises, faces, voices and palms."""

    category = "BIOMETRIC"
    rules = (
        keyed(
            r"(?:finger|thumb|palm|voice|foot|retina(?:l)?|iris|face|facial|hand|vein|biometric|gait)[\s-]?"
            r"(?:print|scan|recognition|geometry|template|profile|pattern|hash|record|signature|enrol{1,2}ment|capture)s?"
            r"(?:[\s-](?:print|scan|template|hash|record|signature|file|copy|enrol{1,2}ment|capture))?"
            r"|biometrics?|iris|voice|retina|dna\s(?:profile|fingerprint)|minutiae|(?:biometric|minutiae)\s(?:hash|vector)"
            r"|template(?:\s+(?:hash|vector))?|prints?(?:\staken)?",
            words="fin thu pal voi foo ret iri fac han vei bio gai dna min tem pri",
            value=r"#?[a-z0-9]+(?:[-./:_+=][a-z0-9]+)*=*",
            digits=3,
            score=0.9,
            plain=True,
        ),
        keyed(
            r"(?:biometric|minutiae|template|fingerprint|faceprint|voiceprint)\s+(?:hash|template|identifier|vector)",
            words="bio min tem fin fac voi",
            value=r"[a-z0-9+/=:_-]{6,}",
            digits=2,
            score=0.9,
        ),
        # a template by its prefix: FPR-TPL:3b9e77a04c
        Rule(
            re.compile(r"(?:fpr|fpt|fp|tpl|bio|vpr|irs|iris|face|palm)[-_:](?<![a-z]...[-_:])(?:(?:tpl|tmpl|hash|id)[-_:])?"
                       r"(?=[0-9a-f-]{0,20}\d)[0-9a-f]{6,64}(?![\w-])"),
            0.7,
            ("fp", "tpl", "bio", "vpr", "irs", "iris", "face", "palm"),
            lambda phi: has_digits(phi, at_least=3),
            lower=True,
            within=labelled_numbers,
        ),
        # the code in brackets, some words behind: "Footprints taken, copy in chart (FP-20240423-L)"
        Rule(
            re.compile(
                r"(?:(?:finger|foot|palm|thumb|voice|hand|face)[ -]?prints?"
                r"|(?:iris|retina(?:l)?|face|facial|palm|vein|voice)[ -](?:scans?|image|template|capture|recognition)"
                r"|biometrics?)(?![a-z])[^.;:\n()\[\]]{0,60}[(\[](?:[a-z]{2,10}[ :#]{1,3})?"
                r"(?P<phi>[a-z0-9]+(?:[-_/.:][a-z0-9]+)*)[)\]]"
            ),
            0.85,
            ("print", "iris scan", "retinal scan", "biometric", "facial rec"),
            lambda phi: has_digits(phi, at_least=4),
            lower=True,
        ),
    )  # fmt: skip
