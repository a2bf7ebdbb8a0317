"""Reads a report's page as a browser would, for the tests."""

import re
from typing import Any

from lxml import html

from tasks.records import Estimate

NUMBER = re.compile(r"[+−]?\d[\d,]*(?:\.\d+)?")


def parsed(page: str) -> Any:
    """Return the page's root element."""
    return html.document_fromstring(page)


def text_of(element: Any) -> str:
    """Return an element's text with single spaces."""
    return " ".join(element.text_content().split())


def numbers_in(text: str) -> list[float]:
    """Return the numbers of a text as written for people."""
    return [float(found.replace("−", "-").replace(",", "")) for found in NUMBER.findall(text)]


def rows_of(root: Any, section: str, table: str) -> list[list[Any]]:
    """Return the cells of each body row of a section's tables of that class."""
    found = root.xpath(f'//section[@id="{section}"]//table[contains(@class, "{table}")]/tbody/tr')
    return [list(row) for row in found]


def drawn(root: Any, cell: Any) -> list[Estimate]:
    """Return the estimates that a cell's drawing shows, read off against the axis below it; `n` is not drawn."""
    axis = cell.xpath('ancestor::table//*[@class="axis"]/span')
    places = [(float(re.sub(r"[^\d.]", "", mark.get("style"))), numbers_in(text_of(mark))[0]) for mark in axis]
    (low_at, low), (high_at, high) = places[0], places[-1]

    def value(percent: str) -> float:
        return low + (float(percent.rstrip("%")) - low_at) / (high_at - low_at) * (high - low)

    return [
        Estimate(
            value=value(mark.xpath("*[local-name()='circle' or local-name()='rect']/@*[name()='cx' or name()='x']")[0]),
            low=value(mark.xpath("line/@x1")[0]),
            high=value(mark.xpath("line/@x2")[0]),
            n=0,
        )
        for mark in cell.xpath(".//svg/g")
    ]
