"""The rules by which an item falls, or is not needed, for the sake of another one of the same Worker.

The remedy sends the reader on to the other item, where the layer that withheld it is told.
"""

NEEDS: dict[str, tuple[str, str, str]] = {
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
"""Rule id → sentence, remedy and code, as `worker_runtime.resolution.rules.RuleText` has them."""
