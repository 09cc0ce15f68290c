"""What the desk keeps of all that goes out: files, hooks, notices, shares, and their followers."""

from collections.abc import Callable, Mapping
from pathlib import Path

from sqlalchemy import Connection, Engine

from borough.adapters.notices.channels import ChannelCourier
from borough.adapters.notices.guard import Guard
from borough.app.files.cabinet import Cabinet
from borough.app.outward.limits import LIMITS
from borough.app.outward.wording import rules
from borough.app.settings import Settings
from borough.core.cases import Case, Event, Plan
from borough.storage.sql.files import SqlFiles
from borough.storage.sql.hooks import SqlHooks
from borough.storage.sql.notices import SqlNotices
from borough.storage.sql.outbox import SqlOutbox
from borough.storage.sql.recipients import SqlRecipients
from borough.storage.sql.shares import SqlShares

Follow = Callable[[Connection, Case, Event], Case]


class Outgoing:
    """Everything of a desk that leads outwards; its `follow` stands last among the followers."""

    def __init__(
        self, settings: Settings, engine: Engine, plans: Mapping[str, Plan], zone: str
    ) -> None:
        wall = settings.clock.wall
        self.guard = Guard(settings.outward_inside)
        self.channels = ChannelCourier(self.guard, LIMITS.wait_s)
        self.cabinet = Cabinet(settings.common)
        self.files = SqlFiles(engine)
        self.outbox = SqlOutbox(engine)
        self.hooks = SqlHooks(engine, wall)
        self.recipients = SqlRecipients(engine)
        told = rules(Path(settings.district))
        self.notices = SqlNotices(engine, self.recipients, told, plans=plans, zone=zone, wall=wall)
        self.shares = SqlShares(engine)

    def follow(self, connection: Connection, case: Case, event: Event) -> Case:
        """Check the files that an event names, and lay down whom it is told to."""
        for each in (self.files, self.hooks, self.notices):
            case = each.follow(connection, case, event)
        return case
