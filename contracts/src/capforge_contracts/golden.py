"""The golden request (`golden.npz`): real inputs, the exported model's outputs, and how close is the same.

Arrays: `input.<name>` and `output.<name>` for each tensor, scalars `rtol.<name>` and `atol.<name>` for each output.
The file holds plain numeric arrays only and is read with pickling off.
"""

from __future__ import annotations

INPUT = "input."
OUTPUT = "output."
RTOL = "rtol."
ATOL = "atol."
