"""Run one weekly round on real public data and print what came in, what was kept, times, losses and scores.

    python -m benchmarks.real_round --data FOLDER [--recipe full-tiny] [--medquad 4000]

FOLDER holds `pubmed/` (PubMed XML files), `qa/pubmedqa/*.json`, `qa/medquad/*.jsonl.gz` and `chat/uss/*.txt` (user
satisfaction simulation: dialogues with several annotators' satisfaction, 1-5, at each user turn). None of it is part
of the project. The rating of an answer is the mean satisfaction at the user turn that follows it.
"""

import argparse
import gzip
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from statistics import mean

from flows.parameters import WeeklyRequest
from infra import database
from infra.settings import get_settings
from tasks.ingest.chat_import import import_chats

AGENT = "MedicalQA"


def uss_chats(file: Path) -> Iterator[dict[str, object]]:
    """Yield each exchange of a user that was followed by a rated user turn."""
    sessions = file.read_text(encoding="utf-8").strip().split("\n\n")
    for number, session in enumerate(sessions):
        turns = [line.split("\t") for line in session.splitlines()]
        for asked, answered, after in zip(turns, turns[1:], turns[2:], strict=False):
            if asked[0] == "USER" and answered[0] == "SYSTEM" and after[0] == "USER" and len(after) > 3 and after[3]:
                yield {
                    "conversation_id": f"{file.stem}-{number}",
                    "agent_type": AGENT,
                    "messages": [
                        {"role": "user", "content": asked[1]},
                        {"role": "assistant", "content": answered[1]},
                    ],
                    "rating": mean(float(score) for score in after[3].split(",")),
                    "model_version": "uss",
                }


def answered_medquad(source: Path, target: Path, limit: int) -> None:
    """Copy the first `limit` items with an answer of at most 2,000 characters; a longer one never fits 512 tokens."""
    with gzip.open(source, "rt", encoding="utf-8") as lines, target.open("w", encoding="utf-8") as kept:
        short = (line for line in lines if 0 < len(json.loads(line)["answer"]) <= 2_000)
        kept.writelines(itertools.islice(short, limit))


def main() -> None:
    """Prepare the data and run the round."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--recipe", default="full-tiny")
    parser.add_argument("--medquad", type=int, default=4_000)
    given = parser.parse_args()
    work = get_settings().data / "real"
    work.mkdir(exist_ok=True)
    chats = work / "uss.jsonl"
    with chats.open("w", encoding="utf-8") as lines:
        files = sorted(path for path in (given.data / "chat/uss").glob("*.txt"))
        lines.writelines(json.dumps(chat) + "\n" for file in files for chat in uss_chats(file))
    with database.connect() as connection:
        print("chats:", import_chats(connection, chats, AGENT))
    medquad = work / "medquad.jsonl"
    answered_medquad(given.data / "qa/medquad/medquad_all.jsonl.gz", medquad, given.medquad)

    from flows.commands import run_weekly

    request = WeeklyRequest(
        agent_type=AGENT,
        literature=tuple(str(given.data / "pubmed" / part) for part in ("baseline", "exports", "entrez/pubmed*.xml")),
        examples=(str(medquad), *map(str, (given.data / "qa/pubmedqa").glob("*.json"))),
        recipe=given.recipe,
    )
    run_weekly(request, refresh=False, as_json=False)


if __name__ == "__main__":
    main()
