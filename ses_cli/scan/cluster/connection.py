"""A scheduler and its workers: given tasks, they give bytes back, or errors that say what happened where."""

import logging
import uuid
import warnings
from collections.abc import Callable
from concurrent.futures import CancelledError
from contextlib import suppress
from traceback import format_exception
from typing import TypeVar

import dask.config
from distributed import Client, Future, KilledWorker, LocalCluster

from ses_cli.engine import cores
from ses_cli.errors import SesEventsError, TargetError, WorkerTraceback
from ses_cli.scan.cluster import tls

LOCAL = "local"
_PATIENCE = 5.0  # seconds to find the scheduler
_TRIES = 3  # of a task that fails

T = TypeVar("T")


class ClusterConnection:
    """Tasks and their results."""

    def __init__(self, address: str) -> None:
        """Raises TargetError where there is no scheduler, or there are no workers."""
        for name in ("distributed", "asyncio", "tornado"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self.name = "the local cluster" if address == LOCAL else address
        self._local = _start_local() if address == LOCAL else None
        self._client = _connect(self._local.scheduler_address if self._local else address)
        self.threads = sum(self._client.nthreads().values())  # type: ignore[no-untyped-call]
        self._prefix = f"ses-events-{uuid.uuid4().hex[:8]}"
        self._submitted = 0
        if not self.threads:
            self.close()
            raise TargetError(f"{address}: a scheduler without workers", f"dask worker {address}")

    def close(self) -> None:
        """Lets go of the cluster, which drops what is left to do."""
        with suppress(Exception):
            self._client.close()  # type: ignore[no-untyped-call]
        if self._local:
            with suppress(Exception):
                self._local.close()

    def ask_all(self, function: Callable[[bytes], T], argument: bytes) -> dict[str, T | BaseException]:
        """What each worker answers, by its address."""
        answers: dict[str, T | BaseException] = self._client.run(function, argument, on_error="return")
        return answers

    def submit(self, function: Callable[..., T], *arguments: object) -> "Future[T]":
        """Has a function called somewhere. What is a future among the arguments is there then."""
        self._submitted += 1
        key = f"{self._prefix}-{function.__name__}-{self._submitted}"
        return self._client.submit(function, *arguments, key=key, pure=False, retries=_TRIES - 1)

    def share(self, value: bytes) -> "Future[bytes]":
        """Has a copy of it on all workers."""
        shared: Future[bytes] = self._client.scatter(value, broadcast=True, hash=False)  # type: ignore[no-untyped-call]
        return shared

    def result(self, future: "Future[T]", where: str) -> T:
        """Raises SesEventsError that says where something failed, or that the scheduler is gone."""
        try:
            return future.result()
        except KilledWorker as error:
            died = f"the workers that read it died, {error.allowed_failures + 1} one after another"
            raise SesEventsError(
                f"{where}: {died}, the last one {error.last_worker.address}", "out of memory?"
            ) from None
        except (CancelledError, OSError, TimeoutError):
            raise TargetError(f"{self.name}: the scheduler is gone, and with it what was not done") from None
        except SesEventsError:
            raise
        except Exception as error:
            raise error from WorkerTraceback(f"a worker, {where}", "".join(format_exception(error)))


def _connect(address: str) -> Client:
    if address.startswith("tls://"):
        tls.check(address, _PATIENCE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # other versions of its parts are told of where they matter
        try:
            return Client(address, timeout=_PATIENCE, set_as_default=False)  # type: ignore[no-untyped-call]
        except OSError:
            raise TargetError(f"{address}: no scheduler answers", "dask scheduler starts one") from None
        except (TypeError, ValueError) as error:  # an address that it does not understand
            raise TargetError(f"{address}: {error}", "tcp://HOST:PORT, or tls://HOST:PORT") from None


def _start_local() -> LocalCluster:
    """One worker for each core."""
    with warnings.catch_warnings(), dask.config.set({"distributed.worker.profile.enabled": False}):
        warnings.simplefilter("ignore")
        return LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=cores(), threads_per_worker=1, silence_logs=logging.CRITICAL,
            host="127.0.0.1", dashboard_address="127.0.0.1:0",
        )  # fmt: skip
