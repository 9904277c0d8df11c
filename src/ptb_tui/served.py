"""The app behind a browser's page: what ``ptb serve`` starts for each visitor, with the runs of ``$PTB_RUNS``."""

from ptb_tui.app import PtbApp
from store.library import runs_folder

if __name__ == "__main__":
    PtbApp(folder=runs_folder()).run()
