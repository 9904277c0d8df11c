"""``ptb serve``: the terminal app in a browser."""

import click

from ptb_tui.cli.output import note
from store.errors import Unavailable


@click.command("serve", short_help="the terminal app in a browser, on loopback")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8321,
    show_default=True,
    help="Of 127.0.0.1; no other machine is answered. 0 takes one that is free.",
)
def command(port: int) -> None:
    """Serve the app to a browser on this machine, until Ctrl+C; every visit is an app of its own.

    Open the address that it prints: its token lets nobody else in. From elsewhere, forward the port through ssh.
    """
    try:
        from ptb_tui.serving import serve
    except ModuleNotFoundError as error:
        raise Unavailable(
            f"{error.name} is not installed, which puts the app into a browser: pip install 'ptb[serve]'"
        ) from error
    serve(port, note)
