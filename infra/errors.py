"""The root of the error tree and the failures of the ground that the steps stand on.

    RoundsError                what happened, and the next action
    ├── ConfigError            a setting, a missing program, an unreachable server
    └── StorageError           the artifact store or the disk under it

`tasks/errors.py` draws the rest of the tree. The root lives here because `infra` imports nothing from `tasks`.
"""


class RoundsError(Exception):
    """A failure that a person can act on: `what` was seen and expected, `fix` is the next action.

    `retryable` says whether waiting alone can cure it. Neither text may quote clinical text: Prefect stores both.
    """

    retryable = False
    exit_code = 1

    def __init__(self, what: str, *, fix: str) -> None:
        self.what = what
        self.fix = fix
        super().__init__(what, fix)

    def __str__(self) -> str:
        return f"{self.what} Fix: {self.fix}"

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.what, self.fix))


def _rebuild(kind: type[RoundsError], what: str, fix: str) -> RoundsError:
    """Unpickle an error whose constructor takes a keyword: Prefect carries exceptions between processes."""
    return kind(what, fix=fix)


class ConfigError(RoundsError):
    """A setting, a program or a server that Rounds needs is missing, wrong or out of reach."""

    exit_code = 3


class DatabaseUnreachable(ConfigError):
    """No connection to PostgreSQL: it may come back, so a step that meets this is retried."""

    retryable = True


class StorageError(RoundsError):
    """An artifact could not be written or read: no space, no permission, or its content is not what its hash says."""

    exit_code = 4
