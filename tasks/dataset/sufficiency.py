"""Refuse a curated dataset that cannot be trained on or judged by, with what would cure it."""

from collections.abc import Mapping

from tasks.dataset.building import Curated
from tasks.dataset.validation import NOT_TAKEN
from tasks.errors import DataError
from tasks.records import MEMORY_CANARIES, CurationPolicy

WANTED = 500  # training examples; fewer seldom move a model by more than its scores vary


def refuse_what_cannot_train(curated: Curated, policy: CurationPolicy) -> None:
    """Refuse too few training examples, a split without any, and longer ones where the recipe refuses those.

    Raises:
        DataError: with how many there are, what was left out, and the fix.
    """
    counts = {split: len(rows) for split, rows in curated.splits.items()}
    counts["train"] -= curated.sources[MEMORY_CANARIES]
    if curated.longer and policy.too_long == "raise":
        longest = max(curated.longer)
        raise DataError(
            f"{len(curated.longer)} of {sum(counts.values())} examples are longer than {policy.max_tokens} tokens, the"
            f" longest has {longest}.",
            fix=f"set max_tokens={longest} in the recipe, or too_long=truncate or too_long=drop",
        )
    if counts["train"] >= policy.min_examples and counts["validation"] and counts["test"]:
        return
    left_out, few = curated.exclusions, counts["train"] < policy.min_examples
    fix = (
        "take in more: `rounds ingest` further sources, or `rounds collect --from-start` with a lower --min-rating or"
        " without --days-back"
    )
    if left_out and left_out.most_common(1)[0][0] == NOT_TAKEN:
        fix = "take a base whose chat template has these roles and writes every turn as it stands (--base-model)"
    elif few:
        fix += "; or lower --min-examples"
    else:  # a validation loss of nothing cannot stop a run, a test of nothing cannot judge it
        fix += ": whole patients, conversations and papers are dealt to a split, so more of them fill every split"
    raise DataError(
        f"{policy.agent_type}: {counts['train']} training, {counts['validation']} validation and {counts['test']}"
        f" test examples are left, {policy.min_examples} training examples and one of each other are needed."
        f" Left out: {explain(left_out)}.",
        fix=fix,
    )


def explain(exclusions: Mapping[str, int]) -> str:
    """Return the exclusions as one line, the most frequent first."""
    ordered = sorted(exclusions.items(), key=lambda item: -item[1])
    return ", ".join(f"{count} {reason}" for reason, count in ordered) or "none"
