"""`python -m ses_cli` is `ses-events`."""

from ses_cli.cli.signals import end_on_signals


def main() -> None:
    """Runs the program and exits."""
    end_on_signals()  # before the rest is imported: that takes most of the start
    from ses_cli.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
