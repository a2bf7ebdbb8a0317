"""Photographs (45 CFR 164.514(b)(2)(i)(Q)) as text carries them: embedded images and the paths of image files.

Covers base64 images (data addresses, and bare runs that begin like JPEG, PNG, GIF, WebP, BMP, TIFF or DICOM data), file
names with an image or film ending, the unique identifiers of DICOM images (PS3.5 chapter 9), and numbers after photo,
image and the like. It does not look into images: a face in an attached file is out of reach of a text pipeline.
"""

import re
from collections.abc import Iterable

from tasks.phi.recognizers.rules import Hit, Rule, RuleRecognizer, keyed, labelled_numbers, long_numbers

_ENDINGS = (
    "jpg",
    "jpeg",
    "png",
    "gif",
    "bmp",
    "tif",
    "tiff",
    "heic",
    "heif",
    "webp",
    "dcm",
    "nef",
    "cr2",
    "dng",
    "raw",
    "mp4",
    "mov",
    "avi",
    "mkv",
    "m4v",
)
# Begins with a literal, so the search jumps from dot to dot; the path before it is read backwards.
_FILE = re.compile(rf"\.(?:{'|'.join(_ENDINGS)})(?![\w-])", re.IGNORECASE)
_PATH = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./\\~-%"


# How images begin in base64: JPEG, PNG, GIF, RIFF (WebP), BMP, TIFF of both byte orders, DICOM (128 zero bytes). The
# lines of a wrapped run belong to it.
_BASE64 = re.compile(
    r"(?:/9j/|iVBORw0KGgo|R0lGOD|UklGR|Qk[0-3]|SUkqA|TU0AKg|A{40})[A-Za-z0-9+/=]{24,}(?:\s{1,2}[A-Za-z0-9+/]{40,}={0,2})*"
    r"(?:(?<=[A-Za-z0-9+/]{40})\s{1,2}[A-Za-z0-9+/]{2,}={1,2})?"
)


class PhotoRecognizer(RuleRecognizer):
    """Embedded images and image paths."""

    category = "PHOTO"
    rules = (
        Rule(
            re.compile(r"data:image/[a-z0-9.+-]{1,20};base64,[A-Za-z0-9+/=\s]{8,}", re.IGNORECASE),
            0.99,
            ("data:image",),
        ),
        Rule(re.compile(r"(?<![\w.])[0-2]\.\d{1,3}(?:\.\d{1,39}){4,20}(?![\w.])"), 0.8, (".",), within=long_numbers),
        keyed(
            r"photo(?:graph)?|headshot|selfie|mugshot|portrait|image|img|picture|pic",
            words="pho hea sel mug por ima img pic",
            value=r"#?[a-z0-9]+(?:[-_./][a-z0-9]+)*",
            score=0.7,
            plain=True,
        ),
    )

    def find(self, text: str) -> Iterable[Hit]:
        """Yield image files by their ending, then what the rules find."""
        done = 0
        for match in _FILE.finditer(text):
            before = text[max(done, match.start() - 300) : match.start()]
            name = before[len(before.rstrip(_PATH)) :]
            done = match.end()
            if name.strip("./\\~-_"):
                start = match.start() - len(name)
                drive = 2 if text[start - 1 : start] == ":" and text[start - 2 : start - 1].isalpha() else 0
                yield Hit(start - drive, match.end(), 0.85)
        # so long a run of letters and digits holds a digit
        if _BASE64.search(labelled_numbers(text).text):
            for match in _BASE64.finditer(text):
                yield Hit(match.start(), match.end(), 0.95)
        yield from super().find(text)
