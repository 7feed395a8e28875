"""Keys that restrict nothing: closed lists, one for each format; any other key may restrict, and its item is left out (B-14).

An open list of words that sound like a restriction always misses the next one. So a key is harmless because it is
known to be: it describes, it is for a screen, or it chooses among things of which none allows less. Names are compared
without case, `-` and `_`. `docs/guides/authoring.md` has the same table for people.
"""

from typing import Any

_DESCRIBING_TEXT = (
    "$comment $schema activation-triggers aka alias aliases author authors badge brand-color capabilities categories category "
    "changelog color colour compatibility complexity copyright created created-at created-by date date-created deprecated "
    "description difficulty display-name division documentation domain emoji estimated-time example examples experience "
    "expertise expertise-level focus-areas homepage icon icon-url id keywords label last-modified last-reviewed last-updated "
    "level license licence logo maintainer maintainers maturity metadata modified name notes origin owner phase phases "
    "priority proficiency published purpose references related related-agents related-commands related-skills repo "
    "repository revision role see-also service services short-description since skill-level slug source sources specialization "
    "specialties specialty stability status subcategory subtitle summary tag tagline tags team "
    "theme title topic topics trigger triggers type updated updated-at usage use-case use-cases vendor version vibe "
    "website when-to-use"
)
_MODEL_TEXT = "effort max-tokens model models reasoning-effort temperature thinking top-k top-p verbosity"


def plain_key(key: str) -> str:
    """Return a key as it is compared: without case, `-` and `_`."""
    return key.replace("-", "").replace("_", "").lower()


def _list(*texts: str) -> frozenset[str]:
    return frozenset(plain_key(key) for text in texts for key in text.split())


AGENT_KEYS = _list(_DESCRIBING_TEXT, _MODEL_TEXT, "argument-hint hidden is-background user-invocable")
"""Of agents: what describes them, how their model is asked, and what is for a program's own screen."""
COMMAND_KEYS = _list(
    _DESCRIBING_TEXT, _MODEL_TEXT, "argument-hint args arguments globs hidden subtask user-invocable"
)
SKILL_KEYS = _list(
    _DESCRIBING_TEXT, _MODEL_TEXT, "applies-to apply-to argument-hint arguments globs paths user-invocable"
)
INSTRUCTION_KEYS = _list(_DESCRIBING_TEXT, "applies-to globs hidden")
"""Of instructions, which are text: nothing in them allows or forbids a call."""
SERVER_KEYS = _list(
    _DESCRIBING_TEXT,
    "auth connection-timeout cache descrption gallery init-timeout install is-active keep-alive log-level "
    "max-retries note oauth provider reconnect request-timeout restart retries retry-delay startup-timeout startup-timeout-sec "
    "startup-timeout-ms timeout timeout-ms tool-timeout-sec transport-type",
)
"""Of MCP servers: what describes them, how they are reached, and how long they are waited for."""
SERVER_FILE_KEYS = _list(
    _DESCRIBING_TEXT, "context-file-name general ide inputs model plan privacy settings telemetry ui"
)
"""Beside a map of MCP servers: what describes the file, and asks of values."""
PLUGIN_KEYS = _list(
    _DESCRIBING_TEXT,
    "apps assets app banner bin bundle bugs channels context-file-name dependencies engines extensions funding hooks "
    "default-prompt display files interface language-servers lsp-servers main manifest-version min-version monitors output-styles "
    "package-manager peer-dependencies private publish-config publisher release-notes rules "
    "schema schema-version screenshots scripts strict support themes user-config",
)
"""Of plugins: what describes them, and what of them a bundle has no place for."""
SETTINGS_KEYS = _list(
    "$comment $schema advisor-model agent always-thinking-enabled announcements api-key-helper auto-compact-enabled "
    "auto-memory-enabled auto-updates auto-updates-channel attribution aws-auth-refresh aws-credential-export cleanup-period-days "
    "company-announcements custom-api-key-responses default-shell description editor-mode effort-level "
    "enable-all-project-mcp-servers enabled-mcpjson-servers enabled-plugins env extra-known-marketplaces fallback-model "
    "fast-mode feedback-survey-rate allowed-http-hook-urls channels-enabled disable-all-hooks force-login-method force-login-org-uuid http-hook-allowed-env-vars skip-web-fetch-preflight file-checkpointing-enabled file-suggestion "
    "gcp-auth-refresh hooks include-co-authored-by include-git-instructions install-method interface language message-idle-notif-threshold-ms "
    "min-version model model-overrides name non-interactive notification-channel otel-headers-helper "
    "output-style parallel-tasks-count plans-directory plugin-configs prefers-reduced-motion preferred-notif-channel "
    "prompt-suggestion-enabled proxy-auth-helper remote respect-gitignore "
    "respond-to-bash-commands show-thinking-summaries show-turn-duration skip-auto-permission-prompt "
    "skip-dangerous-mode-permission-prompt spinner-tips-enabled spinner-tips-override spinner-verbs status-line "
    "subagent-status-line syntax-highlighting-disabled teammate-mode terminal-progress-bar-enabled theme title "
    "tui ui verbose version version-notes vim-mode voice-enabled worktree"
)
"""Of Claude Code's settings: screen, model, environment, updates and what a host runs beside calls."""

_MODES = frozenset({"primary", "subagent", "all", "agent"})
_SWITCHES = frozenset({"readonly", "readonlymode", "disable", "disabled", "sandbox", "sandboxed"})
_PERMISSIONS = frozenset({"permission", "permissions"})
MAX_DEPTH = 8


def is_harmless(key: str, value: Any, harmless: frozenset[str]) -> bool:
    """Tell whether a key restricts nothing: by its name, or because of what it is set to.

    Args:
        key: As written.
        value: What stands under it.
        harmless: The list of its format.
    """
    plain = plain_key(key)
    if plain in harmless:
        return True
    if plain in ("mode", "agent"):
        return isinstance(value, str) and value in _MODES
    if plain in _SWITCHES:
        return value is False
    return plain in _PERMISSIONS and allows_only(value)


def allows_only(value: Any, depth: int = 0) -> bool:
    """Tell whether permissions, in any program's spelling, hold nothing but allows: then leaving them out narrows."""
    if depth > MAX_DEPTH:
        return False
    if isinstance(value, dict):
        return all(_allows(key, member, depth) for key, member in value.items())
    return isinstance(value, str) and value == "allow"


def _allows(key: Any, member: Any, depth: int) -> bool:
    items = [member] if isinstance(member, str) else member
    if key == "allow":
        return isinstance(items, list) and all(isinstance(item, str) for item in items)
    if key in ("deny", "ask"):
        return isinstance(member, list) and not member
    return allows_only(member, depth + 1)
