"""prefect.yaml is checked as a whole: Prefect ignores a misspelt key in silence."""

from pathlib import Path

import yaml

from flows.parameters import WeeklyRequest

ROOT = Path(__file__).parent.parent
KEYS = {
    "name",
    "description",
    "entrypoint",
    "work_pool",
    "tags",
    "concurrency_limit",
    "parameters",
    "schedules",
}


def test_deployments_and_schedules_are_the_approved_ones() -> None:
    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
    assert {(d["name"], d["schedules"][0]["cron"], d["work_pool"]["name"]) for d in deployments} == {
        ("MedicalQA", "0 2 * * 0", "cpu"),
        ("Documentation", "0 4 * * 0", "cpu"),
        ("Clinical", "0 6 * * 0", "cpu"),
        ("Billing", "0 8 * * 0", "cpu"),
    }
    for deployment in deployments:
        assert set(deployment) == KEYS
        assert WeeklyRequest.model_validate(deployment["parameters"]["request"]).agent_type == deployment["name"]
        file, flow = deployment["entrypoint"].split(":")
        assert f"def {flow}(" in (ROOT / file).read_text(encoding="utf-8")
