"""Find the model card that lies beside a model's weights."""

from infra import database
from infra.artifacts import open_store
from tasks.errors import RegistryError
from tasks.registry import outcomes, versions


def card_file(model: str | None, agent_type: str, name: str) -> str:
    """Return `README.md` or `card.json` of a model, or of the agent's champion where none is named.

    Raises:
        RegistryError: no such model, no champion, or a model that no run of this version of Rounds made.
    """
    with database.connect() as connection:
        champion = versions.champion(connection, agent_type) if model is None else None
        found = model or (champion.id if champion else None)
        if found is None:
            fix = "rounds models list, then name one: rounds models card ID"
            raise RegistryError(f"{agent_type} has no champion.", fix=fix)
        story = outcomes.show(connection, found)
    if story.run is None or story.run.card is None:
        fix = "the base's own page describes it" if story.run is None else "train again: rounds train"
        raise RegistryError(f"Model {story.version.id} has no card.", fix=fix)
    text = (open_store().path(story.run.card) / name).read_text(encoding="utf-8")
    return text if text.endswith("\n") else f"{text}\n"
