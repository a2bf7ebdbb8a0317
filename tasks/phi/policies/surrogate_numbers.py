"""Numbers and addresses that stand for a person's, out of ranges that nobody has, and how they are known again.

| kind | range | source |
|---|---|---|
| telephone, fax | 555-01xx of any area | North American Numbering Plan, numbers for fiction |
| social security | area 000 | Social Security Administration: never issued |
| IPv4 | 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24 | RFC 5737 |
| IPv6 | 2001:db8::/32 | RFC 3849 |
| hardware address | 00-00-5E-00-53-xx | RFC 7042, section 2.1.2 |
| web, e-mail | example.org, .com, .net | RFC 2606 |
| ZIP code | 000xx | below the lowest in use, 005 |
| house number | 99xxx | none: high, and beside an invented street |

Samples and test data lie in these ranges, too, and a redactor that took them for its own would let them stay. So a
value counts only if the key agrees: some of its digits are a keyed check of the rest, or of the few values of a range
every eighth is in use. Where no range is reserved (record numbers and the like) the check is all there is: 4 to 6 of
the digits, at least 6 in all, so that a real number passes for a surrogate once in 10,000 to 1,000,000. Shorter
numbers have no surrogate. Of a short number there are few surrogates (100 for 6 digits, 1,000 for 8), which two
patients may share. It does not keep checksums: a surrogate is no valid card, NPI or VIN.
"""

import functools
import re
from collections.abc import Callable, Iterator

from tasks.phi.policies.keyed import Keyed
from tasks.phi.policies.surrogate_words import SurrogateWords

_SHORTEST = 6  # digits of a number that can hold a check and still tell two values apart
_SSN_CHECKED = 3  # besides an area that nobody has
_IN_USE = 8  # of the IPv4 and hardware addresses for documentation every eighth is in use
_HOSTS = ("example.org", "example.com", "example.net")
_NETS = ("192.0.2.", "198.51.100.", "203.0.113.")
_PHONE = re.compile(r"(?<!\d)(?:\+?1[\s.-]?)?\(?(?P<area>[2-9]\d\d)\)?[\s.-]{0,3}555[\s.-]?01(?P<last>\d\d)(?!\d)")
_SSN = re.compile(r"(?<![\w-])000[- .]?\d\d[- .]?\d{4}(?![\w-])")
_EMAIL = re.compile(r"(?<![\w.])(?P<one>[a-z]+)\.(?P<two>[a-z]+)@example\.(?:org|com|net)(?!\w)")
_URL = re.compile(
    r"(?<!\w)(?:https?://)?(?:www\.)?example\.(?:org|com|net)/(?P<id>[0-9a-f]{8})(?P<check>[0-9a-f]{4})(?!\w)"
)
_IPV4 = re.compile(r"(?<![\d.])(?:192\.0\.2|198\.51\.100|203\.0\.113)\.\d{1,3}(?!\d)")
_IPV6 = re.compile(r"(?<![\w:])2001:db8:(?P<one>[0-9a-f]{1,4}):(?P<two>[0-9a-f]{1,4})::(?P<check>[0-9a-f]{1,4})(?!\w)")
_MAC = re.compile(r"(?i)(?<!\w)(?:00([-:])00\1(?:5e)\1(?:00)\1(?:53)\1|0000\.5e00\.53)(?P<last>[0-9a-f]{2})(?!\w)")
_ZIP = re.compile(r"(?<![\d-])000\d\d(?![\d-])")
_LONG_ZIP = re.compile(r"(?<![\d-])(?P<zip>000\d\d)-(?P<check>\d{4})(?!\d)")
_HOUSE = re.compile(r"(?<!\d)99(?P<id>\d\d)(?P<check>\d)(?!\d)")


class SurrogateNumbers:
    """Makes and knows the numbers and addresses of one key."""

    def __init__(self, keyed: Keyed, words: SurrogateWords) -> None:
        self._keyed = keyed
        self._words = words
        self._forms: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], bool]], ...] = (
            (_PHONE, lambda m: m["last"] == self._phone_check(m["area"])),
            (_SSN, lambda m: self._is_coded(m.group(), "ssn", checked=_SSN_CHECKED)),
            (_LONG_ZIP, lambda m: m["check"] == self._zip_check(m["zip"])),
            (_EMAIL, lambda m: words.is_own(m["one"]) and words.is_own(m["two"])),
            (_URL, lambda m: m["check"] == self._check("url", m["id"])),
            (_IPV4, lambda m: m.group() in self._ipv4s),
            (_IPV6, lambda m: int(m["check"], 16) == int(self._check("ipv6", m["one"], m["two"]), 16)),
            (_MAC, lambda m: m["last"].lower() in self._macs),
        )

    # Written

    def phone(self, value: str, subject: str) -> str | None:
        """Return a telephone number of fiction with the separators of the value, at least with an area code."""
        main = re.split(r"(?i)\s*(?:x|ext)", value, maxsplit=1)[0]
        digits = re.sub(r"\D", "", main)
        if len(digits) < 7:
            return None
        drawn = self._keyed.number(800, "phone", subject, digits[-10:])
        area = str(200 + drawn)
        new = f"{area}55501{self._phone_check(area)}"
        if len(digits) == 10 or (len(digits) == 11 and digits[0] == "1"):
            following = iter(digits[:-10] + new)
            return re.sub(r"\d", lambda _: next(following), main)
        plus = "+1 " if value.lstrip().startswith("+") else ""
        return f"{plus}{area}-555-01{new[-2:]}"

    def ssn(self, value: str, subject: str) -> str | None:
        """Return a number of area 000 with the separators of the value, or None if it is not whole."""
        if len(re.findall(r"\d", value)) != 9 or re.search(r"[^\d\s.-]", value):
            return None
        return self._coded(value, "ssn", subject, area="000")

    def code(self, value: str, subject: str) -> str | None:
        """Return a code of the same shape, letters for letters and digits for digits, or None if it is too short."""
        return self._coded(value, "code", subject)

    def email(self, value: str, subject: str) -> str:
        """Return an address of two surrogate words."""
        small = value.lower()
        names = [self._words.instead_of(letters, f"{subject} {small}") or "" for letters in ("mail", "box")]
        return f"{'.'.join(names)}@{_HOSTS[self._keyed.number(len(_HOSTS), 'host', subject, small)]}"

    def url(self, value: str, subject: str) -> str:
        """Return an address of an example host with a keyed path, with scheme and www as in the value."""
        lead = re.match(r"(?i)(?:https?://)?(?:www\.)?", value)
        drawn = self._keyed.digest("url", subject, value).hex()[:8]
        host = _HOSTS[self._keyed.number(len(_HOSTS), "host", subject, value)]
        return f"{lead.group().lower() if lead else ''}{host}/{drawn}{self._check('url', drawn)}"

    def ip(self, value: str, subject: str) -> str | None:
        """Return an address for documentation, of the version and with the separators of the value."""
        if re.fullmatch(r"[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}", value):
            last = self._macs[self._keyed.number(len(self._macs), "mac", subject, value.lower())]
            mac = f"00:00:5e:00:53:{last}".replace(":", value[2])
            return mac if value == value.lower() else mac.upper()
        if re.fullmatch(r"(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4}", value):
            return f"0000.5e00.53{self._macs[self._keyed.number(len(self._macs), 'mac', subject, value.lower())]}"
        if value.count(":") > 1:
            drawn = self._keyed.digest("ipv6", subject, value.lower())
            one, two = f"{int.from_bytes(drawn[:2]):x}", f"{int.from_bytes(drawn[2:4]):x}"
            return f"2001:db8:{one}:{two}::{int(self._check('ipv6', one, two), 16):x}"
        if re.match(r"\d+\.\d+\.\d+\.\d+", value):
            return self._ipv4s[self._keyed.number(len(self._ipv4s), "ipv4", subject, value)]
        return None

    def zip_code(self, value: str, subject: str) -> str:
        """Return a code of the prefix 000, of five or nine digits as the value."""
        drawn = f"000{self._keyed.number(100, 'zip', subject, value):02}"
        return f"{drawn}-{self._zip_check(drawn)}" if "-" in value else drawn

    def house(self, value: str, subject: str) -> str:
        """Return a house or box number."""
        drawn = f"{self._keyed.number(100, 'house', subject, value):02}"
        return f"99{drawn}{self._keyed.number(10, 'house check', drawn)}"

    # Known again

    def own(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where surrogates of a form of their own stand in a text; a code does not have one."""
        for pattern, is_own in self._forms:
            for match in pattern.finditer(text):
                if is_own(match):
                    yield match.span()

    def own_in_place(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where surrogates stand that count only within a place: ZIP codes of five digits and house numbers."""
        for match in _ZIP.finditer(text):
            yield match.span()
        for match in _HOUSE.finditer(text):
            if int(match["check"]) == self._keyed.number(10, "house check", match["id"]):
                yield match.span()

    def is_own_code(self, value: str) -> bool:
        """Say whether a value as a whole is a code that `code` made."""
        return self._is_coded(value, "code")

    def _phone_check(self, area: str) -> str:
        return f"{self._keyed.number(100, 'phone check', area):02}"

    def _zip_check(self, zip_code: str) -> str:
        return f"{self._keyed.number(10_000, 'zip check', zip_code):04}"

    def _check(self, *parts: str) -> str:
        return self._keyed.digest("check", *parts).hex()[:4]

    @functools.cached_property
    def _ipv4s(self) -> list[str]:
        every = (f"{net}{host}" for net in _NETS for host in range(1, 255))
        return [address for address in every if self._keyed.number(_IN_USE, "address", address) == 0]

    @functools.cached_property
    def _macs(self) -> list[str]:
        every = (f"{last:02x}" for last in range(256))
        return [last for last in every if self._keyed.number(_IN_USE, "hardware", last) == 0]

    def _coded(self, value: str, kind: str, subject: str, area: str = "") -> str | None:
        places = [i for i, c in enumerate(value) if c.isdigit()]
        if len(places) < _SHORTEST or not value.isascii():
            return None
        hexadecimal = all(c in "abcdefABCDEF" for c in value if c.isalpha())
        out = list(value)
        plain = "".join(c for c in value.lower() if c.isalnum())
        drawn = self._keyed.stream(kind, subject, plain)
        for position, character in enumerate(value):
            if character.isdigit():
                out[position] = str(next(drawn) % 10)
            elif character.isalpha():
                letter = "abcdef"[next(drawn) % 6] if hexadecimal else chr(ord("a") + next(drawn) % 26)
                out[position] = letter.upper() if character.isupper() else letter
        for position, digit in zip(places, area, strict=False):
            out[position] = digit
        checked = _SSN_CHECKED if area else _checked(len(places))
        for position, digit in zip(places[-checked:], self._code_check("".join(out), kind, checked), strict=True):
            out[position] = digit
        made = "".join(out)
        return made if made != value else None

    def _is_coded(self, value: str, kind: str, checked: int = 0) -> bool:
        digits = [c for c in value if c.isdigit()]
        if len(digits) < _SHORTEST or not value.isascii():
            return False
        checked = checked or _checked(len(digits))
        return "".join(digits[-checked:]) == self._code_check(value, kind, checked)

    def _code_check(self, value: str, kind: str, checked: int) -> str:
        """Return the digits that have to stand last, over all letters and digits but these."""
        plain = [c for c in value.lower() if c.isalnum()]
        places = [i for i, c in enumerate(plain) if c.isdigit()]
        for place in places[-checked:]:
            plain[place] = "_"
        return f"{self._keyed.number(10**checked, 'code check', kind, ''.join(plain)):0{checked}}"


def _checked(digits: int) -> int:
    """Return how many of so many digits are the check."""
    return max(4, min(digits - 3, 6))
