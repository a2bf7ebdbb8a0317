"""The recipe of a run: its file, the machine's environment and what was chosen for the run, put together."""

from flows.parameters import TrainRequest, WeeklyRequest
from infra.settings import GuideKeys
from tasks.records import Recipe
from tasks.training.recipes import Setting, recipe_of, resolved


def settings_of(request: TrainRequest) -> list[Setting]:
    """Return every value of the recipe that a request means, with where it came from.

    The older guides' variables are for `rounds train`, which prints what they changed. Their names are common ones: an
    unattended round must not change because a machine sets MODEL_NAME for something else.
    """
    attended = not isinstance(request, WeeklyRequest)
    return resolved(
        request.recipe,
        base=request.base_model,
        preset=request.preset,
        overrides=request.overrides,
        environment=GuideKeys().given() if attended else {},
    )


def chosen_recipe(request: TrainRequest) -> Recipe:
    """Return the recipe that a request means."""
    return recipe_of(request.recipe, settings_of(request))
