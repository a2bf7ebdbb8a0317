"""Model folder in, GGUF files out, and the proof that they are the same model."""

from infra.artifacts import open_store
from tasks.gguf.naming import ModelNames
from tasks.gguf.probes import ParityReport
from tasks.policies import step
from tasks.records import Artifact, Base, GgufFile


@step()
def export_gguf(model: Artifact | Base, quantisations: tuple[str, ...], names: ModelNames) -> tuple[GgufFile, ...]:
    """Convert a merged model folder, or a base, to GGUF in each of the quantisations (F16, Q4_K_M, Q6_K, Q8_0 …)."""
    from tasks.gguf import export

    return export.export(model, quantisations, names, open_store())


@step()
def check_parity(model: Artifact | Base, gguf: GgufFile, *, trained: bool = True) -> ParityReport:
    """Refuse a GGUF file whose token ids, next tokens or ends of answers are not those of the weights.

    `trained` false is for random or barely trained weights, whose quantised forms differ and whose answers never end.
    """
    from tasks.gguf import export, parity

    store = open_store()
    return parity.check(export.model_folder(model, store), store.path(gguf.artifact), gguf, trained=trained)
