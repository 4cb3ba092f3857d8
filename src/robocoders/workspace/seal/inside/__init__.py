"""What runs inside of a seal: a small program of ours that starts commands, watches them and touches files for tools.

These modules are handed over as compiled code and run by a bare interpreter (`-I -S`), where starting counts: they
import only small modules of the standard library (neither `typing` nor `dataclasses`) and one another.
"""

from __future__ import annotations
