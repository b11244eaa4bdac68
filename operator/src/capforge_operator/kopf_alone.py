"""kopf without a client library: the process imports this before whatever imports kopf.

kopf looks for installed client libraries so as to accept their objects as owners. None is needed here, and where one is
installed beside us (a development environment) loading it would cost 25 MiB and half a second.
"""

from __future__ import annotations

import sys
from typing import Any, cast

cast("dict[str, Any]", sys.modules).setdefault("kubernetes", None)
