"""Licences are named as SPDX names them, the strictest of what is stated."""

import pytest

from tasks.ingest.licences import is_allowed, licence_of

BY = "http://creativecommons.org/licenses/by/4.0/"

STATED = [
    ((BY,), "CC-BY-4.0", True),
    (("https://creativecommons.org/licenses/by/2.0/uk/",), "CC-BY-2.0", True),
    (("http://creativecommons.org/licenses/by/",), "CC-BY", True),
    (("https://creativecommons.org/licenses/by-sa/3.0/",), "CC-BY-SA-3.0", True),
    (("https://creativecommons.org/licenses/by-nc/4.0/",), "CC-BY-NC-4.0", False),
    (("https://creativecommons.org/licenses/by-nc-nd/4.0/legalcode",), "CC-BY-NC-ND-4.0", False),
    (("https://creativecommons.org/licenses/by-nd/4.0",), "CC-BY-ND-4.0", False),
    (("http://creativecommons.org/publicdomain/zero/1.0/",), "CC0-1.0", True),
    (("http://creativecommons.org/publicdomain/mark/1.0/",), "CC-PDM-1.0", True),
    (("under the terms of the Creative Commons Attribution License, which permits unrestricted use",), "CC-BY", True),
    (("the Creative Commons Attribution 4.0 International License",), "CC-BY-4.0", True),
    (("the Creative Commons Attribution Non-Commercial License, which permits",), "CC-BY-NC", False),
    (("the Creative Commons Attribution-NonCommercial-NoDerivs 3.0 License",), "CC-BY-NC-ND-3.0", False),
    (("the Creative Commons Attribution-ShareAlike License",), "CC-BY-SA", True),
    (("an open access article under the CC BY-NC-ND license",), "CC-BY-NC-ND", False),
    (("an open access article under the CC BY 4.0 license",), "CC-BY-4.0", True),
    (("made available under the Creative Commons CC0 public domain dedication.",), "CC0-1.0", True),
    (("Publication of this journal lies in the public domain.",), "public domain", True),
    ((BY, "Creative Commons Attribution License, which permits non-commercial use"), "CC-BY-NC", False),
    ((BY, "The waiver (http://creativecommons.org/publicdomain/zero/1.0/) applies to the data."), "CC-BY-4.0", True),
    ((BY, "https://creativecommons.org/licenses/by-nc/4.0/"), "CC-BY-NC-4.0", False),
    (("All rights reserved.",), "other", False),
    (("This is an open access article.",), "other", False),
    (("for non-commercial use",), "other", False),
    (("", "  "), "", False),
    ((), "", False),
]


@pytest.mark.parametrize(("statements", "licence", "allowed"), STATED)
def test_a_licence_is_named_and_allowed_or_not(statements: tuple[str, ...], licence: str, allowed: bool) -> None:
    assert licence_of(statements) == licence
    assert is_allowed(licence) is allowed


def test_a_list_of_ones_own_decides() -> None:
    assert is_allowed("CC-BY-NC-4.0", ("CC-BY-NC",))
    assert not is_allowed("CC-BY-4.0", ("CC0",))
