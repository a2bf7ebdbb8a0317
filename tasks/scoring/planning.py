"""How many items a round needs, said before it runs: from the spread that the last round's comparison showed.

The gate wants the primary metric's whole interval above the margin. A gain worth seeing is one of twice the margin, so
that margin and gain beyond it are alike. The count also holds what the other gates of the comparison need.
"""

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, ValidationError

from tasks.records import Comparison, Record
from tasks.scoring.gate import GateRules
from tasks.scoring.metrics import TITLES
from tasks.scoring.power import items_needed, smallest_gain, spread
from tasks.scoring.report_input import ReportInput

PRIOR_SD = 0.13  # of ROUGE-L differences on 1,500 MedQuAD items; 0.11 on 500 of PubMedQA: docs/gate.md
LEAST_MARGIN = 0.01  # with a margin of 0 any gain counts; this one is planned for
# The normal approximation is too hopeful for few items of heavy tails: without these, simulated rounds of 100 MedQuAD
# items passed in 78 % where 88 % were predicted. Its error shrinks as 1/n, so a fixed number of items makes up for it.
FOR_THE_TAILS = 50
GUARDED_POWER = 0.95  # of every guarded metric: all of them must pass with the primary


class Plan(Record):
    """What a round can see, and what it would take to see a gain of twice the margin, at 80 % power."""

    metric: str
    sd: float = Field(description="of the items' differences")
    basis: str = Field(description="where the spread is known from")
    gain: float = Field(description="the true gain that is planned for")
    needed: int = Field(description="paired items")
    limit: int = Field(description="most items that the round scores")
    smallest: float = Field(description="the true gain that `limit` items let through")

    @property
    def sentence(self) -> str:
        """The plan in words."""
        title = TITLES.get(self.metric, self.metric)
        enough = "" if self.needed <= self.limit else f"; {self.limit:,} items see one of {self.smallest:.3f}"
        return (
            f"To let a true gain of {self.gain:g} in {title} through with 80 % power takes {self.needed:,} items"
            f" (spread {self.sd:.2f}, {self.basis}){enough}."
        )


def plan_round(last_report: str | None, rules: GateRules, limit: int) -> Plan:
    """Return the plan of a round of at most `limit` items; `last_report` is the page of the agent's last round."""
    known = _last_comparison(last_report)
    sds = {name: spread(estimate) for name, estimate in known.differences.items()} if known else {}
    sds = {name: sd for name, sd in sds.items() if sd > 0}
    basis = "as in the last round"
    if rules.primary not in sds:
        sds, basis = {rules.primary: PRIOR_SD}, "as in public question sets"
    sd, margin = sds[rules.primary], max(rules.margin, LEAST_MARGIN)
    gain = rules.margin + margin
    return Plan(
        metric=rules.primary,
        sd=sd,
        basis=basis,
        gain=gain,
        needed=items_for_gate(sds, gain, rules),
        limit=limit,
        smallest=smallest_gain(sd, limit, beyond=rules.margin),
    )


def items_for_gate(sds: Mapping[str, float], gain: float, rules: GateRules) -> int:
    """Return the items with which a true gain passes the gates of the comparison in 80 % of the rounds.

    `sds` are the standard deviations of the items' differences by metric; other metrics gain in proportion to theirs.
    A metric that is not among them is taken to need no more items. `gain` is above the margin.
    """
    sd = sds.get(rules.primary, PRIOR_SD)
    needed = items_needed(sd, gain - rules.margin) + FOR_THE_TAILS
    for name in rules.guarded:
        spread = sds.get(name, 0.0)
        if spread:
            needed = max(needed, items_needed(spread, rules.worst_loss + gain * spread / sd, power=GUARDED_POWER))
    return max(rules.min_items, rules.min_groups, needed)


def _last_comparison(report: str | None) -> Comparison | None:
    """Return the comparison beside a report's page; a report that was deleted, or is of an earlier form, has none."""
    if report is None:
        return None
    try:
        text = Path(report).with_name("report.json").read_text(encoding="utf-8")
        return ReportInput.model_validate_json(text).comparison
    except (OSError, ValidationError):
        return None
