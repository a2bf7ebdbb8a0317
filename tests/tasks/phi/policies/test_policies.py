import pytest

from tasks.errors import ConfigError
from tasks.phi.policies import VERSIONS, Found, policy_named
from tests.tasks.phi.policies.conftest import KEY


@pytest.mark.parametrize("name", VERSIONS)
def test_policy_is_found_by_name_and_says_its_version(name: str) -> None:
    assert policy_named(name, key=KEY).version.startswith(VERSIONS[name])


def test_unknown_policy_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError, match=r"no redaction policy 'blacken'.*placeholder, safe_harbor, surrogate"):
        policy_named("blacken", key=KEY)


def test_short_key_is_refused_without_quoting_it() -> None:
    with pytest.raises(ConfigError, match="has 6 bytes") as caught:
        policy_named("surrogate", key=b"secret")
    assert "secret" not in str(caught.value)


def test_version_of_surrogates_tells_keys_apart_and_gives_none_away() -> None:
    one, again, other = (policy_named("surrogate", key=key).version for key in (KEY, KEY, KEY[::-1]))
    assert one == again != other
    assert KEY.hex()[:8] not in one
    assert len(one) == len("surrogate/1-01234567-2026")


@pytest.mark.parametrize("filler", ["12/31/9999", "00/00/0000", "01/01/9998"])
def test_filler_of_a_record_without_a_date_stops_nothing(filler: str) -> None:
    policy = policy_named("surrogate", key=KEY)
    assert policy.replacements([Found("DOB", filler)], "p1") == ["[REDACTED-DOB]"]
