"""Template of `yoi policy init`: every section, explained, and nothing granted."""

import json
from collections.abc import Iterable


def make_policy_template(*, issuer: str, workspace: str, others: Iterable[tuple[str, str]] = ()) -> str:
    """Return a policy file that grants nothing yet: one table with every section, and an empty one for each other workspace.

    Args:
        issuer: The Backend identity on whose word this Runtime accepts the workspace's bundles.
        workspace: Its id.
        others: Further workspaces, as (issuer, id).
    """
    whole = _TEMPLATE.replace("ISSUER", json.dumps(issuer)).replace("WORKSPACE", json.dumps(workspace))
    tables = (
        f"\n[[workspace]]\nissuer = {json.dumps(one)}\nid = {json.dumps(name)}\n" for one, name in others
    )
    return whole + "".join(tables)


_TEMPLATE = """\
# What this host grants. A bundle can ask; only this file gives. What is not written here is not granted.
# Check it with `yoi policy check`, read it back with `yoi policy explain`.
version = 1

# One table for each workspace of each issuer.
[[workspace]]
issuer = ISSUER
id = WORKSPACE

# Whether a Worker needs a config bundle: "never", "remote" (remote callers, and any use of plugins) or "always".
bundle_required = "remote"
# Confine new Workers to the digest that the Backend has assigned.
assigned_only = false
# What happens to a running Worker when this file takes something away from it: "hold", "narrow" or "stop".
on_narrowing = "hold"
# Check prompts and skill files again for secrets and hidden text when a bundle arrives.
recheck_text = false

# Hosts that Workers themselves may reach: a name, or "*." and a name for all below it, with or without a port.
network = []                            # ["docs.python.org", "*.example.com"]
# The host's own shell and git.
host = []                               # ["shell", "git"]
# Where MCP servers and HTTP tools of the bundle may be: scheme, host and port.
origins = []                            # ["https://api.example.com"]
# The model for profiles that leave the choice to this host: an alias from `models` below.
# default_model = "main"

# The host's vote on every tool call. Any matching deny wins, then ask, then allow; the rest gets the default.
[workspace.tools]
default = "deny"
rules = [
    # "allow file.read",
    # "allow file.search",
    # "ask file.edit",
    # "allow shell.run(command prefix: git status)",
    # "deny file.read(path host_path: ~/.ssh/**)",
]

# Limits of one Worker; the least of all layers holds.
[workspace.limits]
# turns = 200
# tokens = 2000000
# seconds = 3600

# Directories by name. The path stays on this host; relative ones start from this file's directory.
# [workspace.mounts.workspace]
# path = "/srv/checkout"
# access = "rw"                         # or "ro"

# Models that this host provides under an alias.
# [workspace.models.main]
# provider = "example"
# model = "example-large"
# credential = "MODEL_KEY"              # the name of a secret, never the secret

# Model endpoints that bundles may use by provider and model name; `*` stands for any run of characters.
# [workspace.endpoints.example]
# provider = "example"
# models = ["example-*"]
# url = "https://models.example.com"

# Commands that bundles may start as MCP servers, word for word, and the variables that they may set.
# [workspace.commands.issues]
# command = "issue-server"
# args = ["--stdio"]
# env = ["ISSUE_TOKEN"]

# MCP servers that this host provides by name; the bundle says only the name.
# [workspace.servers.search]
# command = "search-server"
# env = { SEARCH_KEY = "${secret:SEARCH_KEY}" }

# Who may have which secret: "model:ENDPOINT", "origin:https://HOST", "command:NAME" or "plugin:ID@VERSION@DIGEST".
# [workspace.secrets]
# ISSUE_TOKEN = ["command:issues"]

# Values for the parameters that bundles name, such as a region.
# [workspace.parameters]
# REGION = "eu"

# Plugins whose code may run, each at one version and digest.
# [[workspace.plugins]]
# id = "workspace:plugins/hours"
# version = "1.0.0"
# digest = "sha256:..."
# surfaces = ["opening_hours"]
# permissions = []
"""
