"""`python -m ses_cli` is `ses-events`."""

from ses_cli.cli.main import main

if __name__ == "__main__":
    main()
