"""The app behind a browser's page: what ``ptb serve`` starts for each visitor, with the runs of ``$PTB_RUNS``."""

from ptb_tui.app import PtbApp
from ptb_tui.leaving import show
from store.library import runs_folder

if __name__ == "__main__":
    show(PtbApp(folder=runs_folder()))
