"""`python -m ses_cli` is `ses-events`."""

import gc

from ses_cli.cli.signals import end_on_signals

_RARELY = 200_000, 20, 100  # objects: what imports make and reports hold is much, and has hardly any cycles


def main() -> None:
    """Runs the program and ends the process."""
    end_on_signals()  # before the rest is imported: that takes most of the start
    gc.set_threshold(*_RARELY)
    from ses_cli.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
