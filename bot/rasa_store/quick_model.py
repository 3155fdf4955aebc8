"""A trained model that Rasa has loaded, run with less work: the same components, in the same order, the same answers.

Of a turn's processor time in Rasa, a third went into judging every rule (`bot.rasa_store.rule_index`), a sixth into
planning the graph of some ten components anew with Dask, and a tenth into finding the class of each event among all of
Rasa's classes (docs/performance.md). Rasa offers no setting for any of these, so our channel does it, with Rasa's own
parts, for a Rasa that is built as 3.6 is; any other is left as it is.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterable
from typing import Any

from rasa.core.policies.rule_policy import RULES
from rasa.core.policies.rule_policy import RulePolicy as StockRulePolicy
from rasa.engine.exceptions import GraphRunError
from rasa.engine.graph import GraphNode, GraphSchema
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.shared.core.events import Event
from rasa.shared.utils.common import all_subclasses

from bot.rasa_store.rule_index import RuleIndex

log = logging.getLogger(__name__)


def quicken(processor: Any) -> None:
    """See that ``processor``, a model that Rasa has loaded, runs quickly; costs nothing when it does already."""
    runner = processor.graph_runner
    if type(runner) is DaskGraphRunner:
        try:
            processor.graph_runner = QuickGraphRunner.like(runner)
        except AttributeError:
            log.warning("this Rasa is built in another way than 3.6: its model runs as it always did")
            processor.graph_runner = SlowGraphRunner(runner)


class SlowGraphRunner:
    """Rasa's runner as it is, of which is known that nothing can be done."""

    def __init__(self, runner: DaskGraphRunner) -> None:
        self.run = runner.run


class QuickGraphRunner:
    """Runs the nodes of a graph one after the other, in an order that is found once for each set of targets."""

    def __init__(self, schema: GraphSchema, nodes: dict[str, GraphNode]) -> None:
        self._schema = schema
        self._nodes = nodes
        self._orders: dict[tuple[str, ...], list[tuple[str, GraphNode, list[str]]]] = {}

    @classmethod
    def like(cls, runner: DaskGraphRunner) -> QuickGraphRunner:
        """With the components of ``runner``, which stays as it is. Raises AttributeError when it is built otherwise."""
        return cls(runner._graph_schema, {name: _quick(node) for name, node in runner._instantiated_nodes.items()})

    def run(self, inputs: dict[str, Any] | None = None, targets: list[str] | None = None) -> dict[str, Any]:
        """See `rasa.engine.runner.interface.GraphRunner.run`."""
        wanted = tuple(targets or self._schema.target_names)
        order = self._orders.get(wanted)
        if order is None:
            order = self._orders[wanted] = self._order(wanted)
        given = inputs or {}
        if clash := given.keys() & self._nodes.keys():
            raise GraphRunError(f"Input values {sorted(clash)} clash with names of nodes.")
        made: dict[str, Any] = dict(given)
        try:
            for name, node, needs in order:
                # What is not there is named instead, which the node itself objects to.
                _, made[name] = node(*((need, made[need]) if need in made else need for need in needs))
        except RuntimeError as error:
            raise GraphRunError("Error running runner.") from error
        return {name: made[name] for name in wanted}

    def _order(self, targets: Iterable[str]) -> list[tuple[str, GraphNode, list[str]]]:
        found: dict[str, list[str]] = {}

        def after(name: str) -> None:
            if name in self._nodes and name not in found:
                needs = list(self._schema.nodes[name].needs.values())
                for need in needs:
                    after(need)
                found[name] = needs

        for target in targets:
            after(target)
        return [(name, self._nodes[name], needs) for name, needs in found.items()]


def _quick(node: GraphNode) -> GraphNode:
    """``node``, or its twin when something quicker does the same as its component."""
    if type(node._component) is not StockRulePolicy:
        return node
    twin = copy.copy(node)
    twin._component = RulePolicy.like(node._component)
    return twin


class RulePolicy(StockRulePolicy):
    """Rasa's, with an index before its rules. It keeps its name: Rasa writes it beside every prediction."""

    @classmethod
    def like(cls, loaded: StockRulePolicy) -> RulePolicy:
        """One with the rules and settings of ``loaded``."""
        policy: RulePolicy = cls.__new__(cls)
        policy.__dict__.update(loaded.__dict__)
        policy._indexes = [(rules, RuleIndex(rules)) for rules in policy.lookup.values() if isinstance(rules, dict)]
        policy._reads_words = any(
            rules is policy.lookup.get(RULES) and index.reads_words for rules, index in policy._indexes
        )
        return policy

    def _find_action_from_rules(
        self, tracker: Any, domain: Any, use_text_for_last_user_input: bool
    ) -> tuple[str | None, str | None, bool]:
        """What Rasa's would give; at once where words are asked about and no rule speaks for words."""
        if use_text_for_last_user_input and not self._reads_words and tracker.active_loop_name is None:
            return None, None, False
        found: tuple[str | None, str | None, bool] = super()._find_action_from_rules(
            tracker, domain, use_text_for_last_user_input
        )
        return found

    def _get_possible_keys(self, lookup: dict[str, str], states: list[Any]) -> set[str]:
        index = next((index for rules, index in self._indexes if rules is lookup), None)
        if index is None or not states:
            possible: set[str] = super()._get_possible_keys(lookup, states)
            return possible
        few = index.candidates(states[-1])
        possible = super()._get_possible_keys({key: lookup[key] for key in few}, states)
        return possible


_kinds: dict[str, type[Event]] = {}


def events_of(given: Iterable[dict[str, Any]]) -> list[Event]:
    """Rasa's events of their JSON, as `rasa.shared.core.events.deserialise_events` gives them. Raises ValueError."""
    if not _kinds:
        for kind in all_subclasses(Event):
            _kinds.setdefault(kind.type_name, kind)
    events = []
    for one in given:
        if "event" in one:
            kind = _kinds.get(one["event"])
            event = Event.from_parameters(one) if kind is None else kind._from_parameters(one)
            if event:
                events.append(event)
    return events
