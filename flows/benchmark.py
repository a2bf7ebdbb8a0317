"""Answer and score question suites through a registered model's GGUF."""

from prefect import flow

from flows.parameters import BenchmarkRequest
from infra.settings import get_settings
from tasks.records import EvalResult
from tasks.registry import steps as registry
from tasks.scoring import steps as scoring
from tasks.scoring.judges import judge_name
from tasks.scoring.suites import built_in_suites, find_suite


@flow(name="benchmark", flow_run_name="benchmark {request.model}")
def benchmark(request: BenchmarkRequest) -> tuple[EvalResult, ...]:
    """Score one model on each suite, and keep the results beside the model."""
    model = registry.find_model(request.model)
    suites = tuple(find_suite(name) for name in request.suites) or built_in_suites()
    answered = [scoring.answer_suite(suite, model.gguf, request.answer_tokens) for suite in suites]
    results = tuple(scoring.score(answers, judge_name(get_settings())) for answers in answered)
    for result in results:
        registry.record_evaluation(result)
    return results
