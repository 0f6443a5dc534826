"""Disposing of records whose time is over, as the settings have it."""

from core.desk.base import DeskBase, DeskError
from core.model.people import Action, Actor
from core.store import disposal
from core.store.disposal import Disposed, Due, NotAsWrittenError, Progress


class DisposalActions(DeskBase):
    """The part of the desk that lets records go."""

    def due(self, actor: Actor) -> Due:
        """What is to go now, by `settings.keep`; changes nothing."""
        self._require(actor, Action.DISPOSE_OF_RECORDS)
        return disposal.due(self.store, self.settings.keep)

    def dispose(self, actor: Actor, progress: Progress | None = None) -> Disposed:
        """Dispose of what is due; the worker does the same once a day. Each step has its audit event.

        Raises DeskError where rows of the log that are due are not as they were written.
        """
        self._require(actor, Action.DISPOSE_OF_RECORDS)
        try:
            return disposal.dispose(self.store, self.settings.keep, actor.id, progress)
        except NotAsWrittenError as error:
            raise DeskError(str(error)) from error
