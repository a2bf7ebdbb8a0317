"""What happens, and in which order.

Importing a flow settles what must be settled before the libraries load: which Prefect is used, and how threads wait.
"""

from infra.libraries import prepare_libraries
from infra.orchestration import use_embedded_prefect

use_embedded_prefect()
prepare_libraries()
