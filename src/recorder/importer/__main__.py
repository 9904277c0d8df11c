"""The process that :class:`recorder.importer.worker.Worker` starts."""

import sys

from recorder.importer.worker import main

sys.exit(main(sys.argv[1:]))
