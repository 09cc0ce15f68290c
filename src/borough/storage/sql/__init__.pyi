from borough.storage.sql.accounts import SqlAccounts
from borough.storage.sql.accounts_door import SqlPeople
from borough.storage.sql.accounts_sessions import SqlSessions
from borough.storage.sql.attributes import Attribute
from borough.storage.sql.audit import SqlAudit
from borough.storage.sql.cases import SqlCases
from borough.storage.sql.clocks import SqlClocks
from borough.storage.sql.credentials import SqlCredentials
from borough.storage.sql.definitions import SqlDefinitions
from borough.storage.sql.desk import SqlDesk, Taken, Wish
from borough.storage.sql.detections import SqlDetections
from borough.storage.sql.dispatch import SqlDispatch
from borough.storage.sql.duties import on_duty
from borough.storage.sql.engines import connect
from borough.storage.sql.errands import SqlErrands
from borough.storage.sql.evaluations import SqlEvaluations
from borough.storage.sql.facts import Import, SqlFacts
from borough.storage.sql.files import SqlFiles
from borough.storage.sql.gathering import SqlGathering
from borough.storage.sql.hooks import SqlHooks
from borough.storage.sql.intake import SqlIntake
from borough.storage.sql.leases import SqlLease
from borough.storage.sql.lives import SqlLives
from borough.storage.sql.notices import SqlNotices
from borough.storage.sql.outbox import SqlOutbox
from borough.storage.sql.patrols import SqlPatrols
from borough.storage.sql.persons import SqlPersons
from borough.storage.sql.posts import SqlPosts
from borough.storage.sql.queue import SqlQueue
from borough.storage.sql.recipients import SqlRecipients
from borough.storage.sql.registry import SqlRegistry
from borough.storage.sql.requests import SqlRequests
from borough.storage.sql.requests_acts import RequestActs, answered_first
from borough.storage.sql.rosters import SqlRosters
from borough.storage.sql.schema import upgrade
from borough.storage.sql.shares import SqlShares
from borough.storage.sql.tasks import SqlTasks
from borough.storage.sql.things import SqlThings
from borough.storage.sql.timers import SqlTimers, Timer
from borough.storage.sql.tunings import SqlTunings
from borough.storage.sql.warnings import SqlWarnings

__all__ = [
    "Attribute",
    "Import",
    "RequestActs",
    "SqlAccounts",
    "SqlAudit",
    "SqlCases",
    "SqlClocks",
    "SqlCredentials",
    "SqlDefinitions",
    "SqlDesk",
    "SqlDetections",
    "SqlDispatch",
    "SqlErrands",
    "SqlEvaluations",
    "SqlFacts",
    "SqlFiles",
    "SqlGathering",
    "SqlHooks",
    "SqlIntake",
    "SqlLease",
    "SqlLives",
    "SqlNotices",
    "SqlOutbox",
    "SqlPatrols",
    "SqlPeople",
    "SqlPersons",
    "SqlPosts",
    "SqlQueue",
    "SqlRecipients",
    "SqlRegistry",
    "SqlRequests",
    "SqlRosters",
    "SqlSessions",
    "SqlShares",
    "SqlTasks",
    "SqlThings",
    "SqlTimers",
    "SqlTunings",
    "SqlWarnings",
    "Taken",
    "Timer",
    "Wish",
    "answered_first",
    "connect",
    "on_duty",
    "upgrade",
]
