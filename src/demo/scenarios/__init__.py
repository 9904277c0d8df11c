"""The known-truth corpus: short scripted runs that really execute, each with what a reviewer should find in it.

``development/`` may be looked at while detectors are written. ``held_out/`` may not: it is there to say how well they
do on runs that nobody fitted them to. Which of the two a scenario belongs to follows from a hash of its id.
"""

from demo.scenarios.corpus import find, load
from demo.scenarios.spec import Expected, Scenario

__all__ = ["Expected", "Scenario", "find", "load"]
