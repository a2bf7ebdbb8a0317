"""What happens, and in which order. Importing a flow points Prefect at its embedded home unless a server is named."""

from infra.orchestration import use_embedded_prefect

use_embedded_prefect()
