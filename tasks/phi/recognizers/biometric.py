"""Biometric identifiers (45 CFR 164.514(b)(2)(i)(P)): the code after a word such as fingerprint or voiceprint.

It does not cover raw biometric data in other forms (audio, minutiae lists), nor words about biometrics without a code.
"""

from tasks.phi.recognizers.rules import RuleRecognizer, keyed


class BiometricRecognizer(RuleRecognizer):
    """Template numbers and codes of fingerprints, irises, faces, voices and palms."""

    category = "BIOMETRIC"
    rules = (
        keyed(
            r"(?:finger|thumb|palm|voice|retina(?:l)?|iris|face|facial|hand|vein|biometric|dna|gait)[\s-]*"
            r"(?:(?:print|scan|recognition|geometry|template|profile|pattern|hash|record|signature"
            r"|enrol{1,2}ment|capture)s?[\s-]*)*",
            gate=(
                "finger",
                "thumb",
                "palm",
                "voice",
                "retina",
                "iris",
                "fac",
                "vein",
                "biometric",
                "dna",
                "gait",
                "hand",
            ),
            value=r"#?[a-z0-9]+(?:[-./:_][a-z0-9]+)*",
            score=0.9,
        ),
        keyed(
            r"(?:biometric|minutiae|template)\s+(?:hash|template|identifier|vector)",
            gate=("biometric", "minutiae", "template"),
            value=r"[a-z0-9+/=:_-]{6,}",
            digits=2,
            score=0.9,
        ),
    )
