"""The thread that carries messages out: one outbox, two couriers.

What waits in the outbox is taken in turns, target by target, and what came of it is written down
afterwards.  A kill in between lets some of it go out once more, under the same ids; nothing is
lost, for the next desk begins with what the database says.
"""

import logging
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from borough.adapters.notices.webhooks import HookCourier
from borough.app.clocks import wall_ms
from borough.app.logs import event
from borough.app.outward.limits import LIMITS, OutwardLimits
from borough.app.outward.outgoing import Outgoing
from borough.app.outward.wording import digest
from borough.app.settings import Settings
from borough.core.errors import BoroughError
from borough.core.notices import Recipient
from borough.core.outbox import HOOK, Delivery, Message
from borough.storage.sql.outbox import Result

log = logging.getLogger(__name__)
TURN_S = 0.2
AGAIN_S = 2.0
FORGET_S = 3600.0
WHOLE = 1 << 30
HOUR_MS = 3_600_000
DAY_MS = 86_400_000
Work = Callable[[str, Sequence[Message]], list[Result]]
REFUSED = range(400, 500)
"""Statuses by which a receiver says that this message, and not it, is at fault."""
GONE = "the receiver does not want it any more (410)"


class Sender(threading.Thread):
    """Carries out what waits; `close` ends it after what is under way."""

    def __init__(self, settings: Settings, out: Outgoing, limits: OutwardLimits = LIMITS) -> None:
        super().__init__(name="sender", daemon=True)
        self.outbox, self.hooks = out.outbox, out.hooks
        self.recipients, self.notices = out.recipients, out.notices
        self.limits = limits
        self.clock = settings.clock
        self.retry = limits.retry(settings.outward_again_s)
        self.channels = out.channels
        self.caller = HookCourier(out.guard, limits.wait_s)
        self.busy: dict[str, Future[None]] = {}
        self.rests: dict[str, int] = {}
        self.over = threading.Event()

    def run(self) -> None:
        """Work until closed; what goes wrong is told, and begun again from the database."""
        forgets = 0.0
        with ThreadPoolExecutor(self.limits.couriers, "courier") as pool:
            while not self.over.wait(TURN_S):
                try:
                    self.turn(pool)
                    forgets += TURN_S
                    if forgets > FORGET_S:
                        self.outbox.forget(wall_ms() - round(self.limits.kept_days * DAY_MS))
                        forgets = 0.0
                except BoroughError as error:
                    log.warning("messages wait: %s", error, extra=event(error.code))
                    self.over.wait(AGAIN_S)

    def close(self) -> None:
        """Stop after what is under way, or leave it to the next start."""
        self.over.set()
        self.join(2.0)

    def turn(self, pool: ThreadPoolExecutor) -> None:
        """Do once what there is to do: widen what nobody answered, and hand out what is due."""
        self.notices.widen(self.clock.now(wall_ms()))
        now = wall_ms()
        self.busy = {name: each for name, each in self.busy.items() if not each.done()}
        self.rests = {name: until for name, until in self.rests.items() if until > now}
        most = self.limits.couriers * self.limits.at_once
        by_target: dict[str, list[Message]] = {}
        for each in self.outbox.due(now, most, without={*self.busy, *self.rests}):
            by_target.setdefault(each.target, []).append(each)
        for target, messages in by_target.items():
            work = self.call if messages[0].courier == HOOK else self.tell
            self.busy[target] = pool.submit(self.safely, work, target, messages)

    def safely(self, work: Work, target: str, messages: Sequence[Message]) -> None:
        """Do the work of one target; a database that is away leaves it for later."""
        try:
            results = work(target, messages)
            if results:
                chance = secrets.randbelow(WHOLE) / WHOLE
                self.outbox.settle(results, self.retry, wall_ms(), chance)
        except BoroughError as error:
            log.warning("messages to %s wait: %s", target, error, extra=event(error.code))
        except Exception:  # a courier that has a fault must not end the thread of all
            log.exception("messages to %s", target)
            self.rests[target] = wall_ms() + round(self.limits.pause_most_s * 1000)

    def call(self, target: str, messages: Sequence[Message]) -> list[Result]:
        """Call a hook with its messages in their order; the first that fails ends the turn."""
        hook = self.hooks.known(target)
        if hook is None or not hook.active:
            self.outbox.give_up(target, hook.says if hook else "the hook is gone", wall_ms())
            return []
        results: list[Result] = []
        for each in messages[: self.limits.at_once]:
            done = self.caller.deliver(hook, each, wall_ms())
            results.append((each, done))
            if done.over:
                self.hooks.change(target, active=False, says=GONE)
            if not done.good:
                self._rest(target, each, done)
                break
        return results

    def tell(self, target: str, messages: Sequence[Message]) -> list[Result]:
        """Tell a recipient: one by one what is due now, in one digest what was held back."""
        one = self.recipients.known.get(target)
        if one is None or not one.active:
            self.outbox.give_up(target, "the recipient is gone", wall_ms())
            return []
        told = self.notices.some([each.id for each in messages])
        held = [each for each in messages if each.held]
        plain = self._within_rate(one, [each for each in messages if not each.held], told)
        results: list[Result] = []
        for each in plain:
            row = told[each.id]
            done = self.channels.deliver(one.channels, row["title"], row["text"])
            results.append((each, done))
            if not done.good:
                self._rest(target, each, done)
                return results
        if held:
            title, text = digest([told[each.id] for each in held], one.language)
            done = self.channels.deliver(one.channels, title, text)
            results += [(each, done) for each in held]
        return results

    def _within_rate(
        self, one: Recipient, messages: Sequence[Message], told: Mapping[str, Mapping[str, object]]
    ) -> list[Message]:
        """Hold back what is more than a recipient takes in an hour; what is urgent goes."""
        left = one.most_per_h - self.outbox.sent_since(one.code, wall_ms() - HOUR_MS)
        plain = [each for each in messages if not told[each.id]["urgent"]]
        over = plain[max(left, 0) :]
        if over:
            self.outbox.hold(over, wall_ms() + round(self.limits.digest_s * 1000))
        return [each for each in messages if each not in over]

    def _rest(self, target: str, message: Message, done: Delivery) -> None:
        """Leave a target alone for a while that cannot be reached, fails, or is busy.

        Where it only refuses this one message, the others need not wait.
        """
        if done.status in REFUSED and not done.after_ms:
            return
        pause = self.retry.pause_ms(message.tries + 1, 0.5) or 0
        most = round(self.limits.pause_most_s * 1000)
        self.rests[target] = wall_ms() + min(max(pause, done.after_ms), most)
