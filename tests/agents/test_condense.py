"""Failures of real tools: short enough for a prompt, and recognised when they come again."""

from __future__ import annotations

import pytest

from agents.condense import MAX_CHARACTERS, condense, signature_of, tail, tail_and_head

SITE = "/deps/venv/lib/python3.11/site-packages"
PYTEST = f"""tests.test_todos::test_creates
assert 500 == 201
 +  where 500 = <Response [500 Internal Server Error]>.status_code
client = <starlette.testclient.TestClient object at 0x7f3a91b2c150>

    def test_creates(client):
        "AC-1"
>       answer = client.post("/todos", json={{"title": "x"}})

tests/test_todos.py:14:
_ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _
{SITE}/starlette/testclient.py:633: in post
    return super().post(
        url, json=json)
{SITE}/httpx/_client.py:1144: in post
    return self.request("POST", url)
app/main.py:31: in create
    return store.add(todo)
E   sqlite3.OperationalError: no such table: todos

app/store.py:12: OperationalError
"""
UVICORN = f"""INFO:     Started server process [4711]
INFO:     Uvicorn running on http://127.0.0.1:8000 (Press CTRL+C to quit)
INFO:     127.0.0.1:51234 - "GET /health HTTP/1.1" 200 OK
ERROR:    Exception in ASGI application
Traceback (most recent call last):
  File "{SITE}/uvicorn/protocols/http/h11_impl.py", line 403, in run_asgi
    result = await app(
             ^^^^^^^^^^
  File "{SITE}/fastapi/routing.py", line 101, in app
    raise error
  File "/work/app/main.py", line 22, in list_todos
    return store.all()[0]
           ~~~~~~~~~~~^^^
IndexError: list index out of range
INFO:     127.0.0.1:51235 - "GET /todos HTTP/1.1" 500 Internal Server Error
"""
PYDANTIC = """Traceback (most recent call last):
  File "/work/app/models.py", line 3, in <module>
    Todo(text=1)
pydantic_core._pydantic_core.ValidationError: 1 validation error for Todo
title
  Field required [type=missing, input_value={'text': 1}, input_type=dict]
"""
MYPY = """app/main.py:12: error: Incompatible return value type (got "int", expected "str")  [return-value]
Found 1 error in 1 file (checked 3 source files)
"""
TSC = "src/a.ts(3,5): error TS2304: Cannot find name 'fetchAll'.\n"
NODE = """/work/server.js:7
app.listenn(PORT);
    ^

TypeError: app.listenn is not a function
    at Object.<anonymous> (/work/server.js:7:5)
    at Function.executeUserEntryPoint [as runMain] (node:internal/modules/run_main:81:12)
    at Module._load (/work/node_modules/express/lib/x.js:8:9)
  code: 'ERR_X'

Node.js v20.1.0
"""
GO = """--- FAIL: TestAdd (0.00s)
    add_test.go:12: Add(1, 2) = 4, want 3
FAIL
FAIL\texample.com/calc\t0.003s
"""
GO_BUILD = "# example.com/calc\n./main.go:12:5: undefined: Sum\n"
PIP = "The packages could not be installed.\nERROR: No matching distribution found for fastapii==9.9\n"
ALL = {"pytest": PYTEST, "uvicorn": UVICORN, "pydantic": PYDANTIC, "mypy": MYPY, "tsc": TSC, "node": NODE, "go": GO,
       "go build": GO_BUILD, "pip": PIP}  # fmt: skip


def test_pytest_shows_own_frames_and_the_error_and_counts_those_of_libraries() -> None:
    told = condense("test", PYTEST)
    assert told.startswith("Failed step: test\n\ntests.test_todos::test_creates\n")
    assert (
        "app/main.py:31: in create\n    return store.add(todo)\nE   sqlite3.OperationalError: no such table: todos"
        in told
    )
    assert '>       answer = client.post("/todos"' in told
    assert "[…2 frames of libraries]" in told
    assert not any(word in told for word in ("httpx", "super().post", "_ _ _", "/deps/"))


def test_a_servers_traceback_shows_the_applications_frame_and_the_error() -> None:
    told = condense("start", UVICORN)
    assert "[…2 frames of libraries]\n" in told
    assert 'File "app/main.py", line 22, in list_todos\n    return store.all()[0]' in told
    assert "IndexError: list index out of range" in told
    assert "h11_impl" not in told


def test_one_traceback_that_comes_ten_times_is_shown_once() -> None:
    told = condense("start", "".join(UVICORN.replace("51234", str(51234 + n)) for n in range(10)))
    assert told.count("IndexError") == 1
    assert "(9 more with the same cause)" in told


def test_node_keeps_its_own_frame_and_what_follows_the_frames() -> None:
    told = condense("start", NODE)
    assert "TypeError: app.listenn is not a function\n    at Object.<anonymous> (server.js:7:5)" in told
    assert "[…2 frames of libraries]\n  code: 'ERR_X'" in told


@pytest.mark.parametrize(
    ("name", "words"),
    [("mypy", "Incompatible return value"), ("tsc", "TS2304"), ("go", "add_test.go:12: Add(1, 2) = 4, want 3"),
     ("go build", "./main.go:12:5: undefined: Sum"), ("pip", "fastapii==9.9"), ("pydantic", "Field required")],
)  # fmt: skip
def test_short_outputs_keep_their_message(name: str, words: str) -> None:
    assert words in condense("test", ALL[name])


def test_ten_tests_with_one_cause_are_one_block_and_names() -> None:
    told = condense("test", "\n\n".join(PYTEST.replace("test_creates", f"test_number_{n}") for n in range(10)))
    assert told.count("no such table") == 1
    assert "(9 more with the same cause: " in told
    assert all(f"test_todos::test_number_{n}" in told for n in range(10))


def test_raw_pytest_and_go_output_is_grouped_by_test_too() -> None:
    failures = "\n".join(f"_______ test_{n} _______\n\n>   f()\nE   KeyError: 'id'\n" for n in range(4))
    told = condense("test", f"==== FAILURES ====\n{failures}")
    assert told.count("KeyError") == 1
    assert "3 more with the same cause: test_1, test_2, test_3" in told
    told = condense("test", GO + GO.replace("TestAdd", "TestSub"))
    assert told.count("want 3") == 1
    assert "TestSub" in told


def test_other_causes_are_all_shown_and_named_where_there_is_no_room() -> None:
    told = condense("test", "\n\n".join(f"tests.test_a::test_{n}\nE   assert {n} == -1" for n in range(3)))
    assert all(f"assert {n} == -1" in told for n in range(3))
    long = "\n\n".join(
        f"tests.test_a::test_{n}\nE   assert {n} == -1\n" + "more words\nand more\n" * 200 for n in range(30)
    )
    told = condense("test", long)
    assert "assert 0 == -1" in told
    assert "more with other causes: tests.test_a::test_" in told
    assert len(told) <= MAX_CHARACTERS


def test_a_long_output_keeps_its_head_and_its_tail() -> None:
    told = condense(
        "install", "first line\n" + "".join(f"step {n} of many\n" for n in range(50_000)) + "E: last line\n"
    )
    assert "first line" in told
    assert "E: last line" in told
    assert "left out]" in told
    assert len(told) <= MAX_CHARACTERS + 100


CHANGES = [
    ("0x7f3a91b2c150", "0x55d0c8a3f9e0"), ("[4711]", "[23]"), ("127.0.0.1:51234", "127.0.0.1:40001"),
    ("127.0.0.1:51235", "127.0.0.1:9"),
    (":8000", ":8123"), ("line 22", "line 27"), ("line 403", "line 99"), ("main.py:12:", "main.py:19:"),
    ("server.js:7", "server.js:9"),
    ("(0.00s)", "(1.25s)"), ("0.003s", "0.1s"), ("add_test.go:12", "add_test.go:14"), ("main.go:12:5", "main.go:3:18"),
    ("(3,5)", "(4,11)"),
    ("main.py:31", "main.py:33"), ("store.py:12", "store.py:1"),
]  # fmt: skip


@pytest.mark.parametrize("name", ALL)
def test_times_ports_addresses_ids_and_lines_do_not_make_another_failure(name: str) -> None:
    again = ALL[name]
    for old, new in CHANGES:
        again = again.replace(old, new)
    assert name in {"pip", "pydantic"} or again != ALL[name]
    assert signature_of("test", again) == signature_of("test", ALL[name])
    assert signature_of("test", f"\x1b[31m{again}\x1b[0m") == signature_of("test", ALL[name])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "Error: id 0a1b2c3d4e5f60 is gone",
            "Error: id ffeeddccbbaa99887766 is gone",
        ),
        ("Error: 123e4567-e89b-12d3-a456-426614174000", "Error: 00000000-E89B-12d3-a456-426614174fff"),
        ("Error at 2024-01-02T03:04:05.678Z", "Error at 2031-11-12 13:14:15+02:00"),
        ("Error: 12:34:56,789 late", "Error: 01:02:03 late"),
        ("TimeoutError: after 0.51 seconds", "TimeoutError: after 12s"),
        (
            "Error: no file /tmp/pytest-of-a/pytest-0/x0/data.json",
            "Error: no file /tmp/pytest-of-b/pytest-11/x0/data.json",
        ),
        ("Error: no file /tmp/tmpab12cd/data.json", "Error: no file /tmp/tmpzzzzzz/data.json"),
        ("Error: connect ECONNREFUSED ::1 port 3000", "Error: connect ECONNREFUSED ::1 port 3001"),
        ("OSError: ('127.0.0.1', 8001) in use", "OSError: ('127.0.0.1', 8002) in use"),
        ("Error: <Todo at 0x7f3a91b2>", "Error: <Todo at 0x55d0>"),
        ("Error: in goroutine 18", "Error: in goroutine 7"),
    ],
)
def test_what_changes_from_run_to_run_is_left_out(one: str, other: str) -> None:
    assert signature_of("start", one) == signature_of("start", other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (PYTEST, PYTEST.replace("no such table: todos", "no such table: users")),
        (PYTEST, PYTEST.replace("test_creates", "test_lists")),
        (UVICORN, UVICORN.replace("IndexError: list index out of range", "KeyError: 'id'")),
        (PYDANTIC, PYDANTIC.replace("\ntitle\n", "\ndue_date\n")),
        (MYPY, MYPY.replace("app/main.py", "app/store.py")),
        (MYPY, MYPY.replace('"str"', '"bytes"')),
        (TSC, TSC.replace("fetchAll", "fetchOne")),
        (NODE, NODE.replace("listenn", "listenx")),
        (GO, GO.replace("want 3", "want 5")),
        (GO, GO.replace("TestAdd", "TestSub")),
        (GO_BUILD, GO_BUILD.replace("Sum", "Add")),
        (PIP, PIP.replace("fastapii", "flaskk")),
        ("Error: no file /work/a.json", "Error: no file /work/b.json"),
        ("Error: no file /tmp/x/a.json", "Error: no file /tmp/x/b.json"),
        ("E   assert 404 == 200", "E   assert 500 == 200"),
        ("E   assert f(3) == 4", "E   assert f(5) == 4"),
        ("nothing listened there\na", "nothing listened there\nb"),
    ],
)
def test_different_failures_differ(one: str, other: str) -> None:
    assert one != other
    assert signature_of("test", one) != signature_of("test", other)


def test_the_step_is_part_of_the_signature_and_order_and_repetition_are_not() -> None:
    assert signature_of("test", NODE) != signature_of("start", NODE)
    blocks = [PYTEST, PYTEST.replace("test_creates", "test_lists").replace("todos", "lists")]
    assert signature_of("test", "\n\n".join(blocks)) == signature_of("test", "\n\n".join(reversed(blocks)))
    assert signature_of("start", UVICORN) == signature_of("start", UVICORN + UVICORN.partition("200 OK\n")[2])


def test_a_signature_is_the_same_in_every_process() -> None:
    assert signature_of("test", "".join(f"error: number {n} is wrong\n" for n in range(8))) == "28ec14149ae6e5f6"


@pytest.mark.parametrize(
    "unit",
    ["\n", " ", "a", "a.", "_ ", "1", "ab1 ", "/a", "\x1b[", "E   x\n", "\n\na::test", UVICORN,
     "Traceback (most recent call last)\n",
     "a" * 400 + "\n", "/a" * 199 + "\n", "- " * 190 + "x\n", "\x00\ud800\n"],
)  # fmt: skip
def test_five_megabytes_of_anything_become_a_short_text(unit: str) -> None:
    # A search that goes back and forth would not end within the time of a test run.
    text = unit * (5_000_000 // len(unit))
    assert len(condense("test", text)) <= MAX_CHARACTERS + 100
    assert len(signature_of("test", text)) == 16


def test_nothing_printed_is_a_failure_too() -> None:
    assert condense("test", "") == "Failed step: test\n\n"
    assert signature_of("test", "") != signature_of("start", "")


def test_tail_and_head_say_how_much_is_missing() -> None:
    assert (tail("abc", 3), tail_and_head("abc", 3)) == ("abc", "abc")
    assert tail("abcdef", 2) == "[…4 characters before]\nef"
    assert tail_and_head("abcdefghi", 6) == "ab\n[…3 characters left out]\nfghi"
