"""One layer's verdict on a call: any matching deny, then ask, then allow, whatever the order; else the default."""

from collections.abc import Callable, Sequence
from functools import lru_cache

from msgspec import Struct

from yoi_bundle.calls.argument_rules import ArgumentRule, compile_match
from yoi_bundle.calls.call import Hit, ToolCall, Verdict, find_strictest, is_stricter
from yoi_bundle.calls.fit import find_misfit
from yoi_bundle.calls.shell_syntax import parse_script
from yoi_bundle.calls.shell_wrappers import Reading, Unit, read_units
from yoi_bundle.calls.tools import compile_tool_pattern
from yoi_bundle.manifest import Effect, Policy, Rule
from yoi_bundle.vocabulary import BUILTIN_TOOLS

_SHELL_TOOL = "shell.run"
_SEARCH_TOOL = "file.search"
_COMMAND = "command"


class _CompiledRule(Struct, frozen=True):
    rule_id: str
    effect: Effect
    takes_tool: Callable[[str], bool]
    argument: str
    condition: ArgumentRule | None


class _Selection(Struct, frozen=True):
    """The rules that concern one tool, each list by rule id, so that no order of the manifest shows."""

    deny: tuple[_CompiledRule, ...]
    ask: tuple[_CompiledRule, ...]
    allow: tuple[_CompiledRule, ...]


class CompiledPolicy:
    """A policy prepared for many calls; immutable, and safe to share between threads."""

    def __init__(self, policy: Policy) -> None:
        self.default: Effect = policy.default
        self._rules = tuple(
            _CompiledRule(
                rule_id,
                rule.effect,
                compile_tool_pattern(rule.tool, liberal=rule.effect != "allow"),
                rule.where.argument if rule.where else "",
                _compile_condition(rule),
            )
            for rule_id, rule in sorted(policy.rules.items())
        )
        self._select = lru_cache(maxsize=256)(self._select_rules)

    def compute_verdict(self, call: ToolCall) -> Verdict:
        """Judge a call; never raises, whatever the arguments hold."""
        rules = self._select(call.tool)
        if call.tool == _SHELL_TOOL:
            return self._judge_shell(rules, call.arguments.get(_COMMAND, ""), call)
        return self._decide(
            rules, lambda rule: _strict_argument(rule, call), lambda rule: _liberal_argument(rule, call)
        )

    def decide_unmatched(self, tool: str) -> Effect:
        """Return what a call of a tool gets that no rule about an argument matches."""
        rules = self._select(tool)
        by_effect: tuple[tuple[Effect, tuple[_CompiledRule, ...]], ...] = (
            ("deny", rules.deny),
            ("ask", rules.ask),
            ("allow", rules.allow),
        )
        plain = (effect for effect, ones in by_effect for rule in ones if rule.condition is None)
        return next(plain, self.default)

    def _select_rules(self, tool: str) -> _Selection:
        taken = [rule for rule in self._rules if rule.takes_tool(tool)]
        return _Selection(
            deny=tuple(rule for rule in taken if rule.effect == "deny"),
            ask=tuple(rule for rule in taken if rule.effect == "ask"),
            allow=tuple(rule for rule in taken if rule.effect == "allow"),
        )

    def _decide(
        self,
        rules: _Selection,
        strict: Callable[[_CompiledRule], Hit],
        liberal: Callable[[_CompiledRule], Hit],
    ) -> Verdict:
        doubt: str | None = None
        for rule in rules.deny:
            hit = liberal(rule)
            if hit is Hit.YES:
                return Verdict("deny", rule.rule_id)
            if hit is Hit.MAYBE and doubt is None:
                doubt = rule.rule_id
        for rule in rules.ask:
            if strict(rule) is not Hit.NO:
                return Verdict("ask", rule.rule_id)
            # A liberal ask holds an allowed call back; it never lifts a call out of a default of deny.
            if doubt is None and liberal(rule) is not Hit.NO:
                doubt = rule.rule_id
        verdict = self._find_allowance(rules, strict)
        if doubt is not None and verdict.effect == "allow":
            return Verdict("ask", doubt)
        return verdict

    def _find_allowance(self, rules: _Selection, strict: Callable[[_CompiledRule], Hit]) -> Verdict:
        perhaps: str | None = None
        for rule in rules.allow:
            hit = strict(rule)
            if hit is Hit.YES:
                return Verdict("allow", rule.rule_id)
            if hit is Hit.MAYBE and perhaps is None:
                perhaps = rule.rule_id
        if perhaps is not None and self.default == "deny":
            return Verdict("ask", perhaps)
        return Verdict(self.default)

    def _judge_shell(self, rules: _Selection, text: str, call: ToolCall) -> Verdict:
        script = parse_script(text)
        reading = read_units(script) if script.readable else None
        whole = {
            rule.rule_id: _liberal_script(rule, text, reading, call) for rule in (*rules.deny, *rules.ask)
        }
        if reading is None:
            return self._judge_unreadable(rules, whole)
        verdicts = [(unit, self._judge_unit(rules, unit, whole, call)) for unit in reading.units]
        # What a stripped wrapper runs is a unit of its own: only a rule that restricts the wrapper itself counts.
        return find_strictest(
            [verdict for unit, verdict in verdicts if not unit.stripped or verdict.rule_id in whole]
        )

    def _judge_unit(self, rules: _Selection, unit: Unit, whole: dict[str, Hit], call: ToolCall) -> Verdict:
        return self._decide(
            rules,
            lambda rule: _strict_unit(rule, unit, call),
            lambda rule: max(whole[rule.rule_id], _liberal_unit(rule, unit)),
        )

    def _judge_unreadable(self, rules: _Selection, whole: dict[str, Hit]) -> Verdict:
        for rule in rules.deny:
            if whole[rule.rule_id] is Hit.YES:
                return Verdict("deny", rule.rule_id)
        # Asked, unless this layer has no word for the tool and denies what it has no word for.
        if rules.ask or rules.allow or is_stricter("ask", self.default):
            return Verdict("ask")
        return Verdict(self.default)


def compute_policy_verdict(policy: Policy | CompiledPolicy, call: ToolCall) -> Verdict:
    """Judge a call by one layer (S-11).

    Pure, and independent of the order of rules. A call that cannot be read with certainty is never allowed by a rule
    about its arguments.
    """
    compiled = policy if isinstance(policy, CompiledPolicy) else CompiledPolicy(policy)
    return compiled.compute_verdict(call)


def compute_verdict(policies: Sequence[Policy | CompiledPolicy], call: ToolCall) -> Verdict:
    """Judge a call by several layers: the strictest vote holds (S-11).

    Raises:
        ValueError: Without any layer nobody has a vote; the host's always has one.
    """
    if not policies:
        raise ValueError("a verdict needs at least one layer")
    return find_strictest([compute_policy_verdict(policy, call) for policy in policies])


def _compile_condition(rule: Rule) -> ArgumentRule | None:
    # A restriction that can never match is kept by taking the whole tool. Ours are refused where they are written;
    # a manifest of another program may hold one.
    if rule.where is None or (rule.effect != "allow" and find_misfit(rule.tool, rule.where)):
        return None
    return compile_match(rule.where)


def _find_argument(rule: _CompiledRule, call: ToolCall) -> tuple[str, str] | None:
    """Return the argument's text and kind for a liberal rule: an absent one may mean a default, so it is empty.

    None when the tool has no such argument at all.
    """
    entry = BUILTIN_TOOLS.get(call.tool)
    kind = entry.arguments.get(rule.argument) if entry else "text"
    if rule.argument not in call.arguments and kind is None:
        return None
    return call.arguments.get(rule.argument, ""), kind or "text"


def _strict_argument(rule: _CompiledRule, call: ToolCall) -> Hit:
    if rule.condition is None:
        return Hit.YES
    found = _find_argument(rule, call) if rule.argument in call.arguments else None
    return Hit.YES if found is not None and rule.condition.strict(*found) else Hit.NO


def _liberal_argument(rule: _CompiledRule, call: ToolCall) -> Hit:
    if rule.condition is None:
        return Hit.YES
    found = _find_argument(rule, call)
    if found is None:
        return Hit.NO
    if rule.condition.liberal(*found):
        return Hit.YES
    searches = call.tool == _SEARCH_TOOL and found[1] == "path"
    return Hit.MAYBE if searches and rule.condition.may_hold(found[0]) else Hit.NO


def _strict_unit(rule: _CompiledRule, unit: Unit, call: ToolCall) -> Hit:
    if rule.condition is None or rule.argument != _COMMAND:
        return _strict_argument(rule, call)
    return rule.condition.strict_command(unit.command)


def _liberal_unit(rule: _CompiledRule, unit: Unit) -> Hit:
    if rule.condition is None or rule.argument != _COMMAND:
        return Hit.NO  # the whole call has been judged already
    return rule.condition.liberal_command(unit)


def _liberal_script(rule: _CompiledRule, text: str, reading: Reading | None, call: ToolCall) -> Hit:
    if rule.condition is None or rule.argument != _COMMAND:
        return _liberal_argument(rule, call)
    return rule.condition.liberal_script(text, reading)
