"""Every rule by which a layer gives, narrows or withholds: its id, its words, its error code and what to do.

The words go on after the item: `tool web.fetch: denied: host policy …`. A remedy says what to change; which file that
is in follows from the step's layer and pointer.
"""

from msgspec import Struct


class RuleText(Struct, frozen=True):
    """What a rule says to people, and the code it has in a refusal.

    Attributes:
        sentence: What the layer said.
        remedy: What to change to get the item; empty for rules that give.
        code: The reason's code when a required item falls to this rule.
    """

    sentence: str
    remedy: str = ""
    code: str = ""


_GIVES: dict[str, str] = {
    "profile.asks": "the profile asks for it",
    "profile.needs": "something the profile uses needs it",
    "bundle.declares": "the bundle holds it",
    "bundle.grants": "the bundle grants it",
    "bundle.votes": "the bundle's policy has a vote on every call",
    "host_policy.grants": "host policy grants it",
    "host_policy.bounds": "host policy sets the bound",
    "host_policy.votes": "host policy has a vote on every call",
    "host_facts.present": "this host has it",
    "intent.keeps": "the intent keeps it",
    "intent.bounds": "the intent sets the bound",
    "intent.votes": "the intent has a vote on every call",
    "bundle.bounds": "the bundle's grants set the bound",
    "profile.bounds": "the profile sets the bound",
    "profile.unbounded": "the profile sets no bound",
}

_NARROWS: dict[str, tuple[str, str, str]] = {
    "bundle.lower_access": (
        "the bundle grants it read-only",
        "give rw under grants.mounts",
        "mount.unavailable",
    ),
    "bundle.narrower": (
        "the bundle grants fewer hosts",
        "add the host under grants.network",
        "policy.denied",
    ),
    "bundle.bound": ("the bundle's grants bound it lower", "raise it under grants.limits", "policy.denied"),
    "host_policy.lower_access": (
        "host policy gives it read-only",
        'set access = "rw" for the mount in host policy',
        "policy.denied",
    ),
    "host_policy.narrower": (
        "host policy allows fewer hosts",
        "add the host to network in host policy",
        "policy.denied",
    ),
    "host_policy.bound": (
        "host policy bounds it lower",
        "raise it under limits in host policy",
        "policy.denied",
    ),
    "host_facts.lower_access": (
        "the directory is read-only on this host",
        "make the directory writable for the Runtime",
        "mount.unavailable",
    ),
    "intent.lower_access": (
        "the intent keeps it read-only",
        "ask for rw in the intent",
        "capability.unavailable",
    ),
    "intent.narrower": ("the intent keeps a part of it", "keep more in the intent", "capability.unavailable"),
    "intent.bound": ("the intent bounds it lower", "raise it in the intent", "capability.unavailable"),
}

_WITHHOLDS: dict[str, tuple[str, str, str]] = {
    "profile.silent": (
        "the profile does not ask for it",
        "add it to the profile",
        "capability.unavailable",
    ),
    "bundle.silent": ("the bundle does not grant it", "add it under the workspace's grants", "policy.denied"),
    "bundle.feature": (
        "the bundle's item needs a feature that this Runtime lacks",
        "use a newer Runtime, or take the item out of the profile",
        "feature.unsupported",
    ),
    "bundle.policy_denies": (
        "a policy of the profile denies every call of it",
        "change or take out the rule",
        "policy.denied",
    ),
    "bundle.exposes_nothing": (
        "the bundle takes no such tool from the server",
        "add the tool to the server's `exposes`",
        "capability.unavailable",
    ),
    "bundle.undeclared": (
        "the plugin does not declare it",
        "declare it in the plugin, or take it out of the profile",
        "plugin.unavailable",
    ),
    "host_policy.silent": ("host policy does not grant it", "grant it in host policy", "policy.denied"),
    "host_policy.tools_deny": (
        "host policy denies every call of it",
        "add an allow or ask rule for it under tools in host policy",
        "policy.denied",
    ),
    "host_policy.consumer": (
        "host policy does not grant the secret to this consumer",
        "add the consumer to the secret's `to` in host policy, if it may have it",
        "policy.denied",
    ),
    "host_policy.command": (
        "host policy grants no command with these arguments and variables",
        "add the command under commands in host policy",
        "policy.denied",
    ),
    "host_policy.origin": (
        "host policy does not grant its origin",
        "add the origin to origins in host policy",
        "policy.denied",
    ),
    "host_policy.server": (
        "this host provides no server of that name",
        "add it under servers in host policy",
        "capability.unavailable",
    ),
    "host_policy.parameter": (
        "this host gives no value for a parameter that it needs",
        "add the parameter under parameters in host policy",
        "capability.unavailable",
    ),
    "host_policy.endpoint": (
        "host policy grants no endpoint for this model",
        "add the provider and model under endpoints in host policy",
        "model.unavailable",
    ),
    "host_policy.alias": (
        "this host provides no model of that name",
        "add the alias under models in host policy",
        "model.unavailable",
    ),
    "host_policy.no_default_model": (
        "the profile leaves the model to the host, and host policy names none",
        "set default_model in host policy",
        "model.unavailable",
    ),
    "host_policy.plugin": (
        "host policy does not grant the plugin",
        "grant id, version and digest under plugins in host policy",
        "plugin.not_granted",
    ),
    "host_policy.plugin_version": (
        "host policy grants another version of the plugin",
        "grant this version under plugins in host policy, once reviewed",
        "plugin.not_granted",
    ),
    "host_policy.plugin_digest": (
        "host policy grants the plugin at another digest",
        "grant this digest under plugins in host policy, once reviewed",
        "plugin.digest_mismatch",
    ),
    "host_policy.surface": (
        "host policy does not grant this surface of the plugin",
        "add it to the plugin's surfaces in host policy",
        "plugin.not_granted",
    ),
    "host_policy.permission": (
        "host policy does not grant this permission to the plugin",
        "add it to the plugin's permissions in host policy",
        "plugin.not_granted",
    ),
    "host_facts.no_secret": (
        "the host's secret store does not hold it",
        "put the secret into the host's secret store",
        "secret.unavailable",
    ),
    "host_facts.no_mount": (
        "the mount's directory is not there",
        "create the directory on the host",
        "mount.unavailable",
    ),
    "host_facts.no_command": (
        "the command is not installed on this host",
        "install the command on the host",
        "capability.unavailable",
    ),
    "host_facts.no_host": (
        "this host does not have it",
        "install it on the host",
        "capability.unavailable",
    ),
    "host_facts.no_package": (
        "the plugin's package is not on this host",
        "put the package into the host's package directory, or into the bundle",
        "plugin.unavailable",
    ),
    "host_facts.package_digest": (
        "the plugin's package has other bytes than its digest says",
        "replace the package on the host",
        "plugin.digest_mismatch",
    ),
    "host_facts.package_invalid": (
        "the plugin's package has no valid manifest",
        "repair the plugin's plugin.json",
        "plugin.unavailable",
    ),
    "host_facts.package_other": (
        "the plugin's package is of another name or version than the bundle says",
        "build the bundle from this package",
        "plugin.unavailable",
    ),
    "host_facts.surface": (
        "the plugin's package does not declare this surface so",
        "declare it in the package's plugin.json",
        "plugin.unavailable",
    ),
    "host_facts.permission": (
        "the plugin's package does not declare this permission",
        "declare it in the package's plugin.json",
        "plugin.unavailable",
    ),
    "intent.drops": ("the intent does not keep it", "keep it in the intent", "capability.unavailable"),
    "intent.policy_denies": (
        "the intent's policy denies every call of it",
        "change the intent's policy",
        "capability.unavailable",
    ),
}

# By these an item falls, or is not needed, for the sake of another one of the same Worker. The remedy sends the reader
# on to the other item, where the layer that withheld it is told.
_NEEDS: dict[str, tuple[str, str, str]] = {
    "needs.secret": ("it needs a secret that is denied", "see the secret", "secret.unavailable"),
    "needs.plugin": ("it needs a plugin that is denied", "see the plugin", "plugin.unavailable"),
    "needs.permission": (
        "it needs a permission that is denied",
        "see the permission",
        "plugin.not_granted",
    ),
    "needs.host": (
        "it needs a host capability that is denied",
        "see the host capability",
        "capability.unavailable",
    ),
    "needs.mount": (
        "it needs a mount, and none is granted with enough access",
        "see the mount; where there is none, ask for one in the profile and grant it in bundle and host policy",
        "mount.unavailable",
    ),
    "needs.network": (
        "it needs a network host, and none is granted",
        "see the network host; where there is none, ask for one under asks.network and grant it in bundle and host policy",
        "capability.unavailable",
    ),
    "needs.skill": (
        "it needs a skill, and none is granted",
        "give the profile a skill",
        "capability.unavailable",
    ),
    "needs.workflow": (
        "it needs a workflow, and none is granted",
        "give the profile a workflow",
        "capability.unavailable",
    ),
    "needs.ask": (
        "it requires something that is denied",
        "see the required item",
        "capability.unavailable",
    ),
    "needs.consumer": (
        "what would use it is denied",
        "see the item that would use it",
        "capability.unavailable",
    ),
    "needs.no_consumer": (
        "nothing in the profile uses it",
        "take it out of the profile's asks, or add the tool that uses it",
        "secret.unavailable",
    ),
    "needs.preferred": (
        "a model that is preferred to it is granted",
        "put it first in the models of the profile or workflow",
        "model.unavailable",
    ),
    "needs.model": (
        "none of the models that it names is granted",
        "see the model; without models of its own it would run on the Worker's",
        "model.unavailable",
    ),
}

RULES: dict[str, RuleText] = {
    **{rule: RuleText(sentence) for rule, sentence in _GIVES.items()},
    **{rule: RuleText(*texts) for rule, texts in _NARROWS.items()},
    **{rule: RuleText(*texts) for rule, texts in (_WITHHOLDS | _NEEDS).items()},
}

RULE_SENTENCES: dict[str, str] = {rule: text.sentence for rule, text in RULES.items()}
"""What is said of a rule; also in place of what a peer says of it."""
