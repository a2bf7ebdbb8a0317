"""The two recipes of a study: those that come with Rounds for its base, or those that were named."""

from typing import Literal

from flows.study_parameters import StudyRequest
from tasks.errors import ConfigError
from tasks.records import Recipe
from tasks.training.recipes import RECIPES, load_recipe, recipe_of, resolved

Method = Literal["qlora", "full"]


def recipes_of(request: StudyRequest) -> tuple[Recipe, Recipe]:
    """Return the QLoRA and the full recipe, both on the study's base.

    Raises:
        ConfigError: a recipe is of another method or objective, or none comes with Rounds for the base.
        TrainingError: a recipe cannot be read, or a value that is set cannot be used by both.
    """
    return _recipe("qlora", request.qlora_recipe, request), _recipe("full", request.full_recipe, request)


def _recipe(method: Method, named: str | None, request: StudyRequest) -> Recipe:
    option = f"--{method}-recipe"
    file = named or _file_for(method, request.base, option)
    recipe = recipe_of(file, resolved(file, base=request.base, overrides=request.overrides))
    if (recipe.method, recipe.objective) != (method, "sft"):
        raise ConfigError(
            f"{option} {recipe.name} is a recipe of method {recipe.method} and objective {recipe.objective}.",
            fix=f"name one of method {method} and objective sft; papers hold answers, not preferences",
        )
    return recipe


def _file_for(method: Method, base: str, option: str) -> str:
    for file in sorted(RECIPES.glob(f"{method}-*.yaml")):
        recipe = load_recipe(file.stem)
        if (recipe.base, recipe.method, recipe.objective) == (base, method, "sft"):
            return file.stem
    raise ConfigError(
        f"No {method} recipe of flows/recipes is for {base}.",
        fix=f"name the recipe to use with it: {option} FILE; flows/recipes has examples",
    )
