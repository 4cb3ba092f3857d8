"""Turns as durable workflows, on DBOS. The only module that imports it; importing it takes a moment.

A workflow's one argument is the turn's id, so nothing of a prompt is kept twice; its steps' results are kept until the
turn has ended. DBOS is one per process, and so is this. Its checkpoints lie in a file of their own, apart from the log:
both commit often, and neither is to wait for the other.

Every start has an executor's name of its own, and a queue of its own. A turn that an earlier start left open is put
into it by the turn's id, so that nothing runs before the engine has asked for it, whatever queue it stood in when its
server was killed; DBOS hands each queued workflow to exactly one runner. All versions of this program call themselves
the same towards DBOS, so that an upgrade leaves no turn behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import uuid
from collections.abc import Awaitable, Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Generic, TypeVar

from dbos import DBOS, DBOSConfig, SetWorkflowID
from dbos import error as dbos_error
from pydantic_ai.durable_exec.dbos import DBOSDurability

from robocoders.errors import ConfigurationError, StoreError
from robocoders.store.checkpoint_file import make_checkpoint_engine, told_as_ours

__all__ = ["Checkpoints", "LostTurnError"]

logger = logging.getLogger("robocoders.engine")

T = TypeVar("T")

_VERSION = "1"
_QUEUE_SECONDS = 0.2
"""How long a turn that is taken up again may wait for its runner."""
_NOTICE_SECONDS = 0.05
"""How long the thread for messages between workflows, of which there are none here, may take to see its end."""
_FORGETTING_SECONDS = 1.0
"""How long a stop waits for what is kept of ended turns to be dropped; the next start drops the rest."""
_MOST_THREADS = 32

_CAPABILITIES = (DBOSDurability[Any](),)

_works: dict[str, Callable[[], Awaitable[None]]] = {}
"""What the workflow of each turn does, by the turn's id, for as long as somebody waits for it."""

_in_use = threading.Lock()


class LostTurnError(StoreError):
    """A turn is open in the log whose workflow has ended: how it ended is not known."""


@DBOS.workflow(name="turn", max_recovery_attempts=None)
async def _turn(turn_id: str) -> None:
    work = _works.get(turn_id)
    if work is None:
        # The engine stops and has let go of it. Left unended, it is taken up at the next start.
        raise asyncio.CancelledError
    await work()


class Checkpoints:
    """The workflows of one process.

    Args:
        path: The file of the checkpoints; made where it is missing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._name = uuid.uuid4().hex
        self._close_file: Callable[[], None] | None = None
        self._forgetting: set[asyncio.Task[None]] = set()

    async def open(self, open_turns: Collection[str]) -> None:
        """Begin; what is kept of other turns than these is forgotten.

        Args:
            open_turns: The ids of the turns that have not ended.

        Raises:
            ConfigurationError: This process has opened one already.
            StoreError: The file cannot be used.
        """
        if not _in_use.acquire(blocking=False):
            raise ConfigurationError("this process runs an engine already: start another process for another one")
        try:
            with told_as_ours(self._path):
                self._launch()
                await DBOS.register_queue_async(self._name, polling_interval_sec=_QUEUE_SECONDS)
                await self._forget_others(open_turns)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Let go of the file. Workflows that go on are left as they are, to be taken up at the next start."""
        if self._forgetting:
            await asyncio.wait(self._forgetting, timeout=_FORGETTING_SECONDS)
        for task in self._forgetting:
            task.cancel()
        await asyncio.gather(*self._forgetting, return_exceptions=True)
        # A thread of its own, because DBOS ends those that the event loop uses, and then the event loop gets others.
        thread = ThreadPoolExecutor(1, thread_name_prefix="robocoders-checkpoints-close")
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(thread, DBOS.destroy)
        finally:
            thread.shutdown(wait=False)
            loop.set_default_executor(ThreadPoolExecutor())
            if self._close_file is not None:
                self._close_file()
            _in_use.release()

    def capabilities(self) -> Sequence[Any]:
        """Return what makes an agent's requests to its model steps of the turn's workflow, the same ones always."""
        return _CAPABILITIES

    async def perform(self, turn_id: str, work: Callable[[], Awaitable[T]], *, resumes: bool) -> T:
        """Run the work as the turn's workflow and return its result, or raise its error.

        It is called again from its beginning after a crash; what `step` has returned once it returns again. Where the
        caller is cancelled the work is cancelled with it, and may be taken up again.

        Args:
            turn_id: The turn.
            work: What to do.
            resumes: Whether an earlier process may have begun.

        Raises:
            LostTurnError: The workflow has ended in an earlier process.
            StoreError: It cannot be begun.
        """

        async def translated() -> T:
            with told_as_ours(self._path):
                return await work()

        running = _Running[T](translated)
        _works[turn_id] = running.run
        try:
            with told_as_ours(self._path):
                handle = await self._begin(turn_id, resumes=resumes)
            result = await running.result()
        except asyncio.CancelledError:
            await running.cancel()
            raise
        finally:
            _works.pop(turn_id, None)
        self._forget_soon(turn_id, handle)
        return result

    async def step(self, name: str, work: Callable[[], Awaitable[bytes]]) -> bytes:
        """Run the step, in a workflow's work, or return what it returned before.

        Raises:
            StoreError: Its result cannot be kept.
        """

        async def function() -> bytes:
            return await work()

        with told_as_ours(self._path):
            return await DBOS.run_step_async({"name": name}, function)

    async def forget(self, turn_id: str) -> None:
        """Drop what is kept of a turn that has ended, whatever its workflow still does."""
        try:
            with told_as_ours(self._path):
                await DBOS.delete_workflow_async(turn_id)
        except (dbos_error.DBOSException, StoreError) as error:
            # The next start drops it; the log is what counts.
            logger.warning("The checkpoints of an ended turn stay for now: %s", type(error).__name__)

    def _launch(self) -> None:
        # Its own messages quote what failed, prompts and answers included.
        logging.getLogger("dbos").disabled = True
        engine = make_checkpoint_engine(self._path)
        self._close_file = engine.dispose
        config: DBOSConfig = {
            "name": "robocoders",
            "system_database_url": f"sqlite:///{self._path}",
            "system_database_engine": engine,
            "application_version": _VERSION,
            "executor_id": self._name,
            "use_listen_notify": False,
            "max_executor_threads": _MOST_THREADS,
            "notification_listener_polling_interval_sec": _NOTICE_SECONDS,
        }
        DBOS(config=config)
        DBOS.listen_queues([self._name])
        DBOS.launch()

    async def _begin(self, turn_id: str, *, resumes: bool) -> Any:
        status = await DBOS.get_workflow_status_async(turn_id) if resumes else None
        if status is None:
            with SetWorkflowID(turn_id):
                return await DBOS.start_workflow_async(_turn, turn_id)
        if status.status in ("SUCCESS", "ERROR"):
            raise LostTurnError("what was done on this is lost: what came of it until then is in the log; ask again")
        return await DBOS.resume_workflow_async(turn_id, queue_name=self._name)

    def _forget_soon(self, turn_id: str, handle: Any) -> None:
        task = asyncio.create_task(self._forget_after(turn_id, handle))
        self._forgetting.add(task)
        task.add_done_callback(self._forgetting.discard)

    async def _forget_after(self, turn_id: str, handle: Any) -> None:
        with contextlib.suppress(dbos_error.DBOSException, StoreError), told_as_ours(self._path):
            await handle.get_result()
        await self.forget(turn_id)

    async def _forget_others(self, open_turns: Collection[str]) -> None:
        known = await DBOS.list_workflows_async(load_input=False, load_output=False)
        ended = [one.workflow_id for one in known if one.workflow_id not in open_turns]
        if ended:
            await DBOS.delete_workflows_async(ended)
        for queue in await DBOS.list_queues_async():
            if queue.name != self._name:
                await DBOS.delete_queue_async(queue.name)


class _Running(Generic[T]):
    """The work of one turn's workflow, and its result for who waits outside of it."""

    def __init__(self, work: Callable[[], Awaitable[T]]) -> None:
        self._work = work
        self._result: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._task: asyncio.Task[Any] | None = None

    async def run(self) -> None:
        """What the workflow does. Its own result is nothing: errors are for who waits, and end no workflow."""
        self._task = asyncio.current_task()
        try:
            result = await self._work()
        except Exception as error:  # noqa: BLE001 - raised again where the result is awaited
            self._settle(error)
        except BaseException as error:
            # It was cancelled, or DBOS took it away; both must see so.
            self._settle(LostTurnError(f"the work on this was broken off ({type(error).__name__}): ask again"))
            raise
        else:
            if not self._result.done():
                self._result.set_result(result)

    async def result(self) -> T:
        """Wait for the work's result, or its error."""
        return await self._result

    async def cancel(self) -> None:
        """Cancel the work where it has begun, and wait for its end."""
        self._result.cancel()
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait({self._task})

    def _settle(self, error: Exception) -> None:
        if not self._result.done():
            self._result.set_exception(error)
