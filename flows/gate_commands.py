"""What `rounds gate` does behind `flows/gate_cli.py`."""

import hashlib
from pathlib import Path

from pydantic import ValidationError
from rich.markup import escape
from rich.table import Table

from flows.console import err, out, print_json
from infra import database
from infra.artifacts import open_store
from infra.settings import get_settings
from tasks.errors import ConfigError, EvaluationError
from tasks.registry import rounds
from tasks.scoring.answering import AnswerRow, read_answers, read_log
from tasks.scoring.calibration import Calibration, Differences, Share, calibrate
from tasks.scoring.calibration_plot import power_curves
from tasks.scoring.gate import GateRules
from tasks.scoring.report_input import ReportInput

Pair = tuple[list[AnswerRow], list[AnswerRow]]


def run_calibrate(
    agent_type: str, answers: list[Path], sizes: str, simulations: int, margin: float, to: Path | None, *, as_json: bool
) -> None:
    """Simulate the gate on two models' stored answers; write figures and plot, and print the table."""
    items = _sizes(sizes)
    name, (baseline, candidate) = _from_files(answers) if answers else _from_last_round(agent_type)
    differences = Differences(name, baseline, candidate, GateRules(margin=margin))
    found = calibrate(differences, sizes=items, simulations=simulations)
    text = found.model_dump_json(indent=2)
    digest = hashlib.sha256(text.encode()).hexdigest()[:10]
    folder = to or get_settings().data / "reports" / f"gate-{agent_type.lower()}-{digest}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "calibration.json").write_text(text + "\n", encoding="utf-8")
    (folder / "calibration.svg").write_text(power_curves(found), encoding="utf-8")
    if as_json:
        print_json(found)
    else:
        print_calibration(found)
        out.print(f"Figures and plot: {escape(str(folder))}", soft_wrap=True)


def print_calibration(found: Calibration) -> None:
    """Print what the gate did at each size and gain."""
    err.print(
        f"{found.answered:,} paired items of {found.groups:,} groups, spread {found.sd:.3f};"
        f" {found.simulations:,} simulated rounds each, {found.draws:,} bootstrap draws."
    )
    table = Table()
    for name in ("items", "groups", "true gain", "promoted", "interval above margin", "predicted"):
        table.add_column(name, justify="right", no_wrap=True)
    for o in found.outcomes:
        mark = "*" if o.named else ""
        table.add_row(
            f"{o.items:,}{mark}", f"{o.groups:,}", f"{o.gain:.3f}", _told(o.promoted), _told(o.better),
            f"{o.predicted:.1%}",
        )  # fmt: skip
    out.print(table)
    out.print("Without a true gain, `promoted` is the share of false promotions. * the size that the plan names.")


def _told(share: Share) -> str:
    return f"{share.value:.1%} ({share.low:.1%} to {share.high:.1%})"


def _sizes(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise ConfigError(f"--sizes {text!r} is no list of numbers.", fix="such as --sizes 100,500,1000") from None


def _from_files(files: list[Path]) -> tuple[str, Pair]:
    """Read two answer sets from files.

    Raises:
        EvaluationError: not two files, one is missing, or a line is no answer.
    """
    if len(files) != 2 or files[0] == files[1]:
        raise EvaluationError(
            f"{len(files)} sets of answers were given.",
            fix="give --answers twice, for two different models that answered the same items",
        )
    if missing := [file.name for file in files if not file.is_file()]:
        raise EvaluationError(f"There is no file {missing[0]}.", fix="give the paths of two answers artifacts")
    baseline, candidate = (_rows(file) for file in files)
    return files[1].stem, (baseline, candidate)


def _rows(file: Path) -> list[AnswerRow]:
    """Read answers without changing the file: `read_log` would cut off an unfinished line."""
    if not file.read_bytes().endswith(b"\n"):
        raise EvaluationError(f"{file.name} ends in the middle of a line.", fix="export the answers again")
    return read_log(file)


def _from_last_round(agent_type: str) -> tuple[str, Pair]:
    """Read both models' answers of an agent's last round.

    Raises:
        EvaluationError: there is no round, or its report is no longer to be read.
    """
    fix = "rounds weekly makes one; or give --answers twice"
    with database.connect() as connection:
        last = next((ended for ended in rounds.last_rounds(connection) if ended.agent_type == agent_type), None)
    if last is None:
        raise EvaluationError(f"{agent_type} has no concluded round whose answers could be used.", fix=fix)
    try:
        text = Path(last.report).with_name("report.json").read_text(encoding="utf-8")
        report = ReportInput.model_validate_json(text)
    except (OSError, ValidationError):
        raise EvaluationError(f"The report of {last.id} is no longer to be read.", fix=fix) from None
    if report.baseline is None or report.candidate is None:
        raise EvaluationError(f"Round {last.id} compared no models.", fix=fix)
    store = open_store()
    sides = (list(read_answers(store, one.held_out)) for one in (report.baseline, report.candidate))
    baseline, candidate = sides
    return report.run, (baseline, candidate)
