"""What happens, and in which order.

Importing a flow settles what must be settled before the libraries load: which Prefect is used, and how threads wait.
"""

import contextlib

from infra.errors import ConfigError
from infra.libraries import prepare_libraries
from infra.orchestration import use_embedded_prefect

prepare_libraries()
with contextlib.suppress(ConfigError):  # a command that needs the settings explains what is wrong with them
    use_embedded_prefect()
