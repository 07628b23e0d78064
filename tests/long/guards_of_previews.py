"""Guards between an opened application, the browser and this machine."""

# ruff: noqa: E501 - pieces of code, as they stand there

from __future__ import annotations

from tests.long.guards_within import Guard, of

_HERE = "tests/generations/previewing"
GATEWAY, HOUSE, TRYING = (f"{_HERE}/test_{name}.py" for name in ("gateway", "house", "trying"))
BROWSER, BRIDGING = "tests/browser/test_preview.py", "tests/agents/test_bridging.py"
_HEADERS, _GATEWAY, _CARRYING, _PASSES, _TENANTS, _HOUSE, _LOST, _ASKING, _TRYING = (
    f"generations/previewing/{name}.py"
    for name in ("headers", "gateway", "carrying", "passes", "tenants", "house", "lost", "asking", "trying")
)
_BRIDGING = "agents/execution/bridging.py"

PREVIEWS: list[Guard] = [
    *of(
        _HEADERS,
        (GATEWAY,),
        ("never framed", '("X-Frame-Options", "DENY"),', "", "rules"),
        ("what goes to an application", 'if name in TO_APPLICATION or name.startswith("hx-"):', 'if name != "cookie":', "person"),
        ("what goes to a browser", "if lower in TO_BROWSER or lower.startswith(PREFIXES):", 'if lower not in ("location", "set-cookie", "content-length"):', "rules"),
        ("our cookie stays here", "and (rest := _without_pass(value))", "and (rest := value)", "person"),
        ("cookies of one host", 'if part.partition("=")[0].strip().lower() != "domain"', "", "cookies"),
        ("no cookie like ours", "if not name or name == COOKIE:", "if not name:", "cookies"),
        ("redirects stay", "raise LeadsOut(host or parts.scheme)", "return location", "redirects"),
        ("backslashes are slashes", '.replace("\\\\", "/")', "", "redirects"),
        ("no second host in a path", 'path = "/" + path.lstrip("/") if path.startswith("//") else path', "path = path", "redirects"),
        ("values are plain", "        if not _is_plain(value):\n            continue\n", "", "break_out"),
    ),
    *of(
        _HEADERS,
        (BROWSER, "-k", "attacks"),
        ("page's own origin alone", "\"default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; \"", '""'),
        ("no windows", "; sandbox allow-scripts allow-same-origin allow-forms allow-modals allow-downloads", ""),
    ),
    *of(
        _GATEWAY,
        (GATEWAY,),
        ("a pass", "if not any(is_pass(tenant.host, value) for value in passes_in(request.headers)):", "if False:", "pass"),
        ("other origins' forms", "if request.method not in SAFE and not own:", "if False:", "other_sites"),
        ("other sites' pages", 'if site in ("cross-site", "same-site") and not visit:', "if False:", "other_sites"),
        ("service workers", 'if request.first("service-worker"):', "if False:", "other_sites"),
        ("requests at once", "if tenant.active >= AT_ONCE:", "if False:", "limits"),
        ("size of a request", "if len(body) > MAX_BODY:", "if False:", "limits"),
        ("length of an address", "if len(target) > MAX_TARGET:", "if False:", "limits"),
        ("methods", 'if scope["method"] not in METHODS:', "if False:", "limits"),
    ),
    *of(
        _CARRYING,
        (GATEWAY,),
        ("size of an answer", "if size > MAX_ANSWER:", "if False:", "limit"),
        ("no other protocol", "or head.status < FIRST_STATUS", "", "no_answer"),
        ("time to the beginning", "await _within(parts, HEAD_SECONDS)", "await _within(parts, 3600)", "given_up"),
        ("time to the end", "await _within(parts, until - time.monotonic())", "await _within(parts, 3600)", "given_up"),
    ),
    *of(
        _PASSES,
        (HOUSE,),
        ("a pass of this preview", "max_age=PASS_SECONDS) == host)", 'max_age=PASS_SECONDS) != "")', "good_once"),
        ("a pass runs out", "salt=PASS_SALT, max_age=PASS_SECONDS)", "salt=PASS_SALT)", "runs_out"),
        ("an entry runs out", "salt=ENTRY_SALT, max_age=ENTRY_SECONDS)", "salt=ENTRY_SALT)", "runs_out"),
        ("an entry of this preview", "    if whose != host:\n        return False\n", "    host = whose\n", "good_once"),
        ("an entry is good once", 'return bool(rows.update(entry=""))', "return rows.exists()", "good_once"),
        ("the newest entry alone", ", entry=_hash(secret), status", ", status", "runs_out"),
    ),
    *of(
        _BRIDGING,
        (BRIDGING,),
        ("no further ahead than there is room", "if exchange.pending > WINDOW:", "if False:"),
        ("what nobody asked for", "if self._stray < 0:", "if False:"),
        ("size of a frame", "if size > 9 + MAX_FRAME:", "if False:"),
        ("one beginning", "and not exchange.headed:", ":"),
        ("the beginning first", 'elif kind == b"D" and exchange.headed and payload:', 'elif kind == b"D" and payload:'),
    ),
    *of(
        _TENANTS,
        (HOUSE,),
        ("unused", "not self.active and now - self.used > IDLE_SECONDS:", "False:", "by_itself"),
        ("for long", "now - self.started > LONGEST_SECONDS:", "False:", "by_itself"),
    ),
    *of(
        _HOUSE,
        (HOUSE,),
        ("stopped or deleted", "        self._stop_unwanted()\n", "", "good_once"),
        ("locked out", ".filter(user__is_active=True)", "", "locked_out"),
    ),
    *of(
        _LOST,
        (HOUSE,),
        ("a dead process has no sandboxes", "if not is_gone(row.worker)}", "}", "process_that_ended"),
        ("a dead process has no previews", "or is_gone(row.worker)]", "]", "process_that_ended"),
    ),
    *of("generations/recovery.py", (HOUSE,), ("live ones are no orphans", " | sandboxes_of_previews()", "", "good_once")),
    *of(
        _ASKING,
        (HOUSE, TRYING),
        ("places of a user", "if live.filter(user_id=user.pk).count() >= settings.PREVIEWS_PER_USER:", "if False:", "counted"),
        ("places in all", "if live.count() >= settings.PREVIEWS:", "if False:", "counted"),
        ("starts an hour", "if asked >= STARTS_PER_HOUR:", "if False:", "hour or counted"),
        ("no path in a name", '.rpartition("/")[2][-100:]', "[-100:]", "plain_one"),
    ),
    *of(
        _TRYING,
        (TRYING,),
        ("no shell reads arguments", '("sh", "-c", line, "sh", *words_of(row.arguments))', '("sh", "-c", program_of(application.commands) + " " + row.arguments)', "shell"),
    ),
]  # fmt: skip
