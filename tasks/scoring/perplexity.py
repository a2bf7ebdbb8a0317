"""How surprised a model is by the held-out answers: perplexity of the reference's tokens behind the question.

Perplexity is exp of the mean negative natural log-probability per token (Jelinek et al., 1977), over all tokens of all
references together. It is comparable between models of one tokenizer alone.
"""

from collections.abc import Sequence

import numpy as np

from tasks.errors import EvaluationError
from tasks.records import Estimate
from tasks.scoring.derived import derived_interval, ratio


def perplexity(logprobs: Sequence[float], tokens: Sequence[int], groups: Sequence[str] | None = None) -> Estimate:
    """Return the perplexity (1 or more) of references with these summed log-probabilities and numbers of tokens.

    Raises:
        EvaluationError: no items, no tokens in an item, or a log-probability that is not finite.
    """
    if any(count < 1 for count in tokens):
        raise EvaluationError("A reference without tokens has no perplexity.", fix="leave its item out.")
    columns = {"surprise": [-value for value in logprobs], "tokens": [float(count) for count in tokens]}
    return derived_interval(columns, groups, lambda means: np.exp(ratio(means)))
