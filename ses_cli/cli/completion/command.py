"""`ses-events completion`."""

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS), metavar="bash|zsh|fish")
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the shell completion script for commands, options, choices and files.

    \b
    ses-events completion bash >~/.local/share/bash-completion/completions/ses-events
    ses-events completion zsh >"${fpath[1]}/_ses-events"
    ses-events completion fish >~/.config/fish/completions/ses-events.fish
    source <(ses-events completion bash)                      for this session only
    """
    kind = get_completion_class(shell)
    assert kind, shell
    root = context.find_root()
    # not `source()`, which starts a bash to ask for its version
    script = kind(root.command, {}, "ses-events", "_SES_EVENTS_COMPLETE")
    click.echo(script.source_template % script.source_vars())
