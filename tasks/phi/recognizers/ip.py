"""IP addresses of both versions, and the hardware (MAC) addresses that identify the same machine (letter O).

It does not cover host names. Four dotted numbers below 256 count as an address unless a word such as version, section
or EC stands before them; a first number below 8, which is also how enzymes and sections are numbered, needs a word such
as IP, address, host or from.
"""

import ipaddress
import re

from tasks.phi.recognizers.rules import Rule, RuleRecognizer, heads, labelled_numbers, long_numbers

_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
# Nothing of the address before it; a label may be glued to it: "Host:fe80::1".
_STARTS = r"(?:(?<![\w:.-])|(?<=[A-Za-z]{2}[:=])|(?<=[Vv][46][:=]))"
_BEHIND = r"(?:/\d{1,2}|:\d{2,5})?(?![\w]|\.\d)"


def is_ipv6(text: str) -> bool:
    """Say whether the text is a valid IPv6 address that is more than a time of day."""
    try:
        return (
            ipaddress.ip_address(text.split("%", maxsplit=1)[0].split("/", maxsplit=1)[0]).version == 6
            and text.count(":") >= 2
            and len(text) > 4
        )
    except ValueError:
        return False


class IpRecognizer(RuleRecognizer):
    """IPv4, IPv6 and MAC addresses."""

    category = "IP"
    rules = (
        Rule(
            re.compile(
                r"(?<!version )(?<!section )(?<!chapter )(?<!release )(?<!ec )(?<!ec: )(?<!v )(?<![\w.])"
                rf"(?![1-7]\.){_OCTET}(?:\.{_OCTET}){{3}}{_BEHIND}"
            ),
            0.9,
            (".",),
            lower=True,
            within=long_numbers,
        ),
        Rule(
            re.compile(
                r"(?<![a-z])(?:ip|ipv4|addr|address|host|from|login|server|node|router|gateway|ping)(?![a-z])[\s:=#]{0,4}"
                rf"(?:is\s|was\s)?(?P<phi>{_OCTET}(?:\.{_OCTET}){{3}}{_BEHIND})"
            ),
            0.9,
            lower=True,
            within=labelled_numbers,
            words=heads("ip ipv add hos fro log ser nod rou gat pin"),
        ),
        Rule(
            re.compile(
                rf"{_STARTS}[0-9A-Fa-f:]{{2,39}}:[0-9A-Fa-f:.]{{0,38}}[0-9A-Fa-f:](?:%\w{{1,15}})?(?:/\d{{1,3}})?(?![\w:])"
            ),
            0.9,
            (":",),
            is_ipv6,
            within=long_numbers,
        ),
        Rule(
            re.compile(rf"{_STARTS}[0-9A-Fa-f]{{2}}([:-])(?:[0-9A-Fa-f]{{2}}\1){{4}}(?:[0-9A-Fa-f]{{2}}\1[0-9A-Fa-f]{{2}}\1)?"
                       r"[0-9A-Fa-f]{2}(?![\w:-])"),
            0.9,
            (":", "-"),
            within=long_numbers,
        ),
        Rule(
            re.compile(r"(?<![\w.])(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4}(?!\w|\.\w)"),
            0.6,
            (".",),
            lambda phi: not phi.replace(".", "").isdigit(),
            within=long_numbers,
        ),
        Rule(
            re.compile(r"(?<![a-z])mac(?:\s(?:addr(?:ess)?|id))?[\s:=#]{1,4}(?:is\s)?(?P<phi>[0-9a-f]{12})(?!\w)"),
            0.9,
            lower=True,
            within=long_numbers,
            words=heads("mac"),
        ),
    )  # fmt: skip
