"""Photographs (45 CFR 164.514(b)(2)(i)(Q)) as text carries them: embedded images and the paths of image files.

Covers base64 images (data addresses, and bare runs that begin like JPEG, PNG, GIF, WebP or DICOM data) and file names
with an image ending. It does not look into images: a face in an attached file is out of reach of a text pipeline.
"""

import re

from tasks.phi.recognizers.rules import Rule, RuleRecognizer, keyed

_IMAGE = "jpe?g|png|gif|bmp|tiff?|heic|webp|dcm"


class PhotoRecognizer(RuleRecognizer):
    """Embedded images and image paths."""

    category = "PHOTO"
    rules = (
        Rule(
            re.compile(r"data:image/[a-z0-9.+-]{1,20};base64,[A-Za-z0-9+/=\s]{8,}", re.IGNORECASE),
            0.99,
            ("data:image",),
        ),
        Rule(
            re.compile(r"(?<![\w+/])(?:/9j/|iVBORw0KGgo|R0lGOD|UklGR)[A-Za-z0-9+/=]{12,}"),
            0.95,
            ("/9j/", "ivborw0", "r0lgod", "uklgr"),
        ),
        Rule(
            re.compile(rf"(?<![\w./\\])(?:[A-Za-z]:)?[\w./\\~-]{{1,300}}\.(?:{_IMAGE})\b", re.IGNORECASE),
            0.85,
            (".jp", ".png", ".gif", ".bmp", ".tif", ".heic", ".webp", ".dcm"),
        ),
        keyed(
            r"(?:face|facial|patient|full[- ]face|clinical|id|head)?\s*(?:photo(?:graph)?|headshot|selfie"
            r"|mugshot|portrait|image|picture)",
            gate=("photo", "headshot", "selfie", "mugshot", "portrait", "image", "picture"),
            value=r"#?[a-z0-9]+(?:[-_./][a-z0-9]+)*",
            score=0.7,
        ),
    )
