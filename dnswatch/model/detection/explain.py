"""Explain: a verdict in sentences with all its numbers, so that a person can reckon it again."""

from collections.abc import Callable, Iterator
from math import exp, inf
from typing import Final

from dnswatch.model.detection import indicators
from dnswatch.model.detection.baselines import CONFIDENCE, HABIT_CONFIDENCE, HALF_LIFE, LEVELS
from dnswatch.model.detection.client_state import STEPS, ClientState, WeighedFinding, Weighing
from dnswatch.model.detection.guesses import SHARE
from dnswatch.model.detection.shiryaev_roberts import (
    COMPONENTS,
    GAP,
    SESSION,
    SITTING,
    Component,
    StatisticStep,
    mean,
    score,
)
from dnswatch.model.detection.tunnels import NOWHERE
from dnswatch.model.detection.verdict import State, Verdict
from dnswatch.model.policies.orders import Word

_STEPS: Final = (
    "its burst goes on",
    "a burst goes on with its sitting",
    "a sitting goes on with its session",
    "a session begins after {days:.5f} days of working time",
)
"""What a step was, by how many levels had ended before."""
_TODAY: Final = (
    "who has a spambot today need not wait: `dnswatch clients distrust` acts at once, and so does "
    "`detection.strict` where all mail leaves through declared servers"
)
_RECURSION: Final = (
    "to reckon it again, for each supposed sender with rate factor v, share s and the bound c of "
    "the same level (s no less than c): R begins at 1 / ((v - 1) rate) days; a level that goes on "
    "multiplies it by s / c, each that has ended by (1 - s) / (1 - c); dt idle days make it "
    "R e + (1 - e) / k with k = (v - 1) rate and e = exp(-k dt); a session that begins multiplies "
    "it by v; each indicator multiplies all",
)
_INDICATORS: Final = {indicator.name: indicator for indicator in indicators.ALL}

Write = Callable[[bytes], str]
"""Name in wire form to text."""
Clock = Callable[[float], str]
"""Unix seconds to text."""


def evidence(state: ClientState, write: Write, clock: Clock) -> tuple[str, ...]:
    """Name what speaks against a client, each in one sentence, the weightiest first."""
    return tuple(_evidence(state, write, clock))


def summary(
    state: ClientState, verdict: Verdict, write: Write, clock: Clock, until: float
) -> list[str]:
    """Explain a verdict in short: what it is, the three heaviest facts, and what would clear it."""
    lines = [_state(verdict, clock(until)), *evidence(state, write, clock)[:3]]
    if verdict.state == State.LEARNING:
        return [*lines, _TODAY]
    if verdict.fades_at is not None:
        ends = "it stands until a person says otherwise"
        if verdict.fades_at < inf:
            ends = f"what would clear it: nothing more until {clock(verdict.fades_at)}"
        lines.append(f"{ends}; or `dnswatch clients clear`")
    return lines


def explain(
    state: ClientState, verdict: Verdict, write: Write, clock: Clock, until: float
) -> list[str]:
    """Explain a verdict step by step; `until` is when the site is learned (Unix seconds)."""
    lines = [_state(verdict, clock(until))]
    if verdict.fades_at == inf:
        lines.append("it stands until a person says otherwise")
    elif verdict.fades_at is not None:
        lines.append(f"it fades at {clock(verdict.fades_at)} if nothing more is seen")
    lines += evidence(state, write, clock)
    if state.statistic is None:
        return lines
    bounds = state.bounds
    lines.append(
        f"an honest client of its kind begins at most {bounds.rate:.3g} sessions with new mail "
        f"domains a day, goes on within {GAP / 60:.0f} min in at most {bounds.continuation:.0%} of "
        f"cases, if not, within {SITTING / 60:.0f} min in at most {bounds.resumption:.0%}, and if "
        f"not, within {SESSION / 3600:.0f} h in at most {bounds.recurrence:.0%}; supposed senders: "
        + "; ".join(map(_component, COMPONENTS))
    )
    lines.append(
        f"its statistic is {1 - 2 * SHARE:.0%} of the last R below, as far as that has not faded "
        f"since, and {SHARE:.0%} each of that of its guesses at mail hosts and of its volume"
    )
    lines += [*_RECURSION, *_drawn(state)]
    lines += [_line(step, write, clock) for step in state.steps]
    return lines + [_found_line(found, clock) for found in state.found]


def _drawn(state: ClientState) -> list[str]:
    """Say from what the client's bounds were drawn."""
    history = state.history
    habits = ", ".join(
        f"{name} {history.seen.get(name, 0.0):.1f} of {history.tried.get(name, 0.0):.1f}"
        for name in LEVELS
    )
    return [
        f"its own history, counts halving in {HALF_LIFE:.0f} days: {history.bursts:.1f} sessions; "
        f"{habits}; the rate's bound is surer than {CONFIDENCE:.0%}, those of its habits than "
        f"{HABIT_CONFIDENCE:.0%}, each between its own history and its role's"
    ]


def _state(verdict: Verdict, until: str) -> str:
    if verdict.state == State.LEARNING:
        would = verdict.provisional
        said = f"would be {would.state}" if would else "has done nothing that stands out"
        return (
            f"learning until {until}: not judged yet; by the cautious bounds that are assumed of "
            f"any client it {said} (score {verdict.score:.2f} of {verdict.limit:.2f} nats)"
        )
    days, limit = _short(exp(verdict.score)), _short(exp(verdict.limit))
    return (
        f"{verdict.state}: score {verdict.score:.2f} of {verdict.limit:.2f} nats, that is "
        f"{days} of {limit} days: so long an honest client can be watched, in the mean, before it "
        "looks like this"
    )


def _evidence(state: ClientState, write: Write, clock: Clock) -> Iterator[str]:
    if state.overrule:
        why = f": {state.overrule.why}" if state.overrule.why else ""
        done = {Word.CLEAR: "cleared", Word.TRUST: "trusted", Word.DISTRUST: "distrusted"}
        yield f"a person has {done[state.overrule.word]} it{why}"
    if state.breach:
        at, domain = state.breach
        yield (
            f"it asked for the mail servers of {write(domain)} at {clock(at)}, and this site "
            "allows that to declared mail servers only"
        )
    worms = [one for one in state.found if one.finding.verdict == "worm"]
    if worms:
        last = worms[-1].finding
        yield (
            f"of its last {len(state.found)} messages the holding bay found {len(worms)} to be "
            f"worms; at {clock(last.at)} message {last.ident}: {last.reason}"
        )
    novel = [step for step in state.steps if isinstance(step, StatisticStep)]
    if novel:
        names = ", ".join(write(step.domain) for step in novel[-3:])
        bursts = max(1, sum(not step.goes_on for step in novel))
        least = "at least " if len(state.steps) >= STEPS else ""
        yield (
            f"it looked up {least}{_many(len(novel), 'mail domain')} new to it since "
            f"{clock(novel[0].at)}, in {_many(bursts, 'burst')}; lately {names}"
        )
    if state.unproven:
        yield (
            f"{_many(state.unproven, 'more lookup')} of its came over UDP, where anybody can write "
            "its address, and were not weighed: only TCP or a DNS cookie makes more than a suspect"
        )
    yield from _beside(state, write, clock)
    if state.later:
        yield f"since the verdict it went on with {state.later} more"
    weighed = [step for step in state.steps if isinstance(step, Weighing)]
    for name in dict.fromkeys(step.indicator for step in weighed):
        seen = sum(step.is_seen for step in weighed if step.indicator == name)
        if seen:
            total = sum(step.indicator == name for step in weighed)
            yield f"in {seen} of {total} cases {_INDICATORS[name].seen}"


def _beside(state: ClientState, write: Write, clock: Clock) -> Iterator[str]:
    """Say what it does beside asking for mail domains."""
    if state.volume and (said := state.volume.sentence(write)):
        yield said
    if state.guesses and (said := state.guesses.sentence(write)):
        yield said
    if state.tunnel:
        below = write(state.tunnel.domain) if state.tunnel.domain != NOWHERE else "no domain at all"
        yield (
            f"at {clock(state.tunnel.at)}: it {state.tunnel}, below {below}; that is no mail, and"
            " nothing is held back for it"
        )


def _line(step: StatisticStep | Weighing, write: Write, clock: Clock) -> str:
    if isinstance(step, Weighing):
        indicator = _INDICATORS[step.indicator]
        text = (indicator.seen if step.is_seen else indicator.missed).format(wait=indicators.WAIT)
        return (
            f"{clock(step.at)}  {write(step.domain)}: {text}: x {step.factor:.4g}, "
            f"R = {_short(step.days)} days"
        )
    what = _STEPS[step.ended].format(days=step.days)
    shares = " / ".join(f"{share:.2%}" for share in step.bounds.shares)
    parts = " + ".join(
        f"{one.weight:g} x {_short(part)}" for one, part in zip(COMPONENTS, step.parts, strict=True)
    )
    return (
        f"{clock(step.at)}  {write(step.domain)} is new to it, {what} "
        f"(at most {step.bounds.rate:.4g} a day; {shares}): "
        f"R = {parts} = {_short(mean(step.parts))} days, {score(mean(step.parts)):.2f} nats"
    )


def _short(number: float) -> str:
    """Write a number with three digits at least: `0.0214`, `3.92`, `1,530`."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def _found_line(found: WeighedFinding, clock: Clock) -> str:
    """Tell what a message that the holding bay judged did to the statistic."""
    one = found.finding
    text = f"{clock(one.at)}  the holding bay found message {one.ident} {one.verdict}: {one.reason}"
    if found.factor == 1:
        return f"{text}; nothing new that day"
    return f"{text}: x {found.factor:.3g}, R = {found.days:,.3g} days"


def _component(one: Component) -> str:
    shares = " / ".join(f"{share:.0%}" for share in one.shares)
    return f"{one.speed:.0f} times as often, going on in {shares}"
