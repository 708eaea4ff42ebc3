"""What a worker is asked before anything is read."""

from collections.abc import Callable


def probe() -> Callable[[bytes], list[str]]:
    """A function that tells why a worker would not give the same answer.

    It is one inside another, which travels as code and not by its name: a worker may not have this program.
    """

    def differences(packed: bytes) -> list[str]:
        import pickle

        try:
            from ses_cli.scan.cluster.identity import differences
        except ImportError as error:
            return [f"has no ses-events, or a very different one ({error})"]
        return differences(*pickle.loads(packed))

    return differences
