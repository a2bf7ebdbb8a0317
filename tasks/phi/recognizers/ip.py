"""IP addresses of both versions, and the hardware (MAC) addresses that identify the same machine (letter O).

It does not cover host names. Four dotted numbers below 256 count as an address unless "version" or "section" stands
before them.
"""

import ipaddress
import re

from tasks.phi.recognizers.rules import Rule, RuleRecognizer


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
                r"(?<!version )(?<!section )(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)"
                r"(?:/\d{1,2}|:\d{2,5})?(?![\w]|\.\d)",
                re.IGNORECASE,
            ),
            0.9,
        ),
        Rule(
            re.compile(r"(?<![\w:.])[0-9A-Fa-f:]{2,39}:[0-9A-Fa-f:.]{0,38}[0-9A-Fa-f:](?:%\w{1,15})?(?![\w:])"),
            0.9,
            (":",),
            is_ipv6,
        ),
        Rule(
            re.compile(r"(?<![\w:-])[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}(?![\w:-])"),
            0.9,
            (":", "-"),
        ),
        Rule(
            re.compile(r"(?<![\w.])(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4}(?![\w.])"),
            0.6,
            (),
            lambda phi: not phi.replace(".", "").isdigit(),
        ),
    )
