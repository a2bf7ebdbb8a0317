"""How a run protects: which detector, which policy, which key; enough to build the same redactor in any process."""

from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from infra.settings import get_settings
from tasks.phi.detection import Detector
from tasks.phi.engine import engine_version
from tasks.phi.policies import Policy, policy_named
from tasks.phi.presidio import EntityRecognizer
from tasks.phi.recognizers import RECOGNIZERS, STRICT_ONLY
from tasks.phi.redaction import Redactor
from tasks.records import PhiMode, PhiPolicy


class Setup(NamedTuple):
    """What makes a redactor; small, so that it travels to other processes."""

    mode: PhiMode
    policy_name: PhiPolicy
    year: int  # the present one, by which an age is reckoned
    key: bytes
    tagger: Path
    extra: Path | None

    def policy(self) -> Policy:
        """Return the policy of this name."""
        return policy_named(self.policy_name, key=self.key, present_year=self.year)

    def engine(self) -> str:
        """Return the version of everything that finds identifiers in this mode."""
        return engine_version(self.mode, self.tagger if self.mode == "strict" else None, self.extra)

    def detector(self) -> Detector:
        """Return the detector of this mode; the rules take a second to load, the tagger another.

        Raises:
            ConfigError: the tagger is not trained, or further recognizers cannot be made.
        """
        recognizers: list[EntityRecognizer] = [kind() for kind in RECOGNIZERS]
        if self.mode == "strict":
            from tasks.phi.tagger.recognizer import TaggerRecognizer

            recognizers += [*(kind() for kind in STRICT_ONLY), TaggerRecognizer(self.tagger)]
        if self.extra is not None:
            from tasks.phi.extra import configured_recognizers

            recognizers += configured_recognizers(self.extra)
        return Detector(recognizers)

    def redactor(self) -> Redactor:
        """Return a redactor with this detector and policy."""
        return Redactor(self.detector(), self.policy())


def setup_of(mode: PhiMode | None, policy: PhiPolicy | None) -> Setup:
    """Return the setup of a run's choice; what it leaves open, this machine's settings say."""
    settings = get_settings()
    return Setup(
        mode=mode or settings.phi_mode,
        policy_name=policy or settings.phi_policy,
        year=datetime.now(UTC).year,
        key=settings.secret_key(),
        tagger=settings.data / "phi-tagger",
        extra=settings.phi_recognizers,
    )
