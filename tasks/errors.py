"""Every failure that Rounds explains, as one tree.

    RoundsError                what happened, and the next action      exit code 1
    ├── ConfigError            settings, programs, servers                       3
    ├── StorageError           artifact store, disk                              4
    ├── SourceError            a file or service that data come from             5
    │   └── SourceUnavailable  … that did not answer; retried                    5
    ├── PrivacyError           redaction or its proof failed; never retried      6
    ├── DataError              the data do not make a dataset                    7
    ├── TrainingError          base model, recipe, fine-tuning                   8
    │   └── TrainingInterrupted  SIGTERM; the same command goes on            143
    ├── EvaluationError        suites, generation, metrics                       9
    ├── RegistryError          versions, stages, lineage                        10
    └── DeploymentError        GGUF export and serving                          11

A library's exception is translated once, where the library is called, with `from`. Messages carry counts, ids and
paths; never a row's text.
"""

from infra.errors import ConfigError, DatabaseUnreachable, RoundsError, StorageError

__all__ = [
    "ConfigError",
    "DataError",
    "DatabaseUnreachable",
    "DeploymentError",
    "EvaluationError",
    "PrivacyError",
    "RegistryError",
    "RoundsError",
    "SourceError",
    "SourceUnavailable",
    "StorageError",
    "TrainingError",
    "TrainingInterrupted",
]


class SourceError(RoundsError):
    """A file or service that data come from holds something that cannot be read."""

    exit_code = 5


class SourceUnavailable(SourceError):
    """A service did not answer, or refused for now."""

    retryable = True


class PrivacyError(RoundsError):
    """Redaction, its certificate or its canaries failed: nothing of the shard goes further. Never quotes text."""

    exit_code = 6


class DataError(RoundsError):
    """The rows that are there do not make the dataset that was asked for."""

    exit_code = 7


class TrainingError(RoundsError):
    """A base model, a recipe or a fine-tuning run cannot be used."""

    exit_code = 8


class TrainingInterrupted(TrainingError):
    """SIGTERM ended a fine-tuning run after it wrote a checkpoint; 143 is what a shell reports of such an end."""

    exit_code = 143


class EvaluationError(RoundsError):
    """A suite, a generation run or a metric cannot be computed."""

    exit_code = 9


class RegistryError(RoundsError):
    """A model version or its stage is not what the request assumed."""

    exit_code = 10


class DeploymentError(RoundsError):
    """A model file cannot be exported, checked or served."""

    exit_code = 11
