"""What Python applications do with the system: pools of processes, event loops, databases, threads, servers, files."""

import asyncio
import concurrent.futures
import http.server
import multiprocessing
import shutil
import sqlite3
import ssl
import subprocess
import tempfile
import threading
import urllib.request
from multiprocessing import shared_memory
from pathlib import Path


def square(x: int) -> int:
    return x * x


def processes() -> None:
    for method in ("fork", "spawn", "forkserver"):
        with multiprocessing.get_context(method).Pool(2) as pool:
            assert pool.map(square, range(4)) == [0, 1, 4, 9]
    with concurrent.futures.ProcessPoolExecutor(2) as executor:
        assert list(executor.map(square, range(3))) == [0, 1, 4]
    queue = multiprocessing.Queue()
    queue.put(1)
    assert queue.get() == 1
    shared = shared_memory.SharedMemory(create=True, size=1000)
    shared.close()
    shared.unlink()
    assert subprocess.run("echo $((1 + 1)) | sort", shell=True, capture_output=True, text=True).stdout == "2\n"


async def event_loop() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(b"hello\n")
    assert await reader.readline() == b"hello\n"
    child = await asyncio.create_subprocess_exec("echo", "child", stdout=subprocess.PIPE)
    assert (await child.communicate())[0] == b"child\n"
    assert await asyncio.to_thread(square, 3) == 9


def database() -> None:
    with sqlite3.connect("/tmp/workload.db") as connection:
        connection.execute("pragma journal_mode=wal")
        connection.execute("create table numbers (n integer)")
        connection.execute("insert into numbers values (1)")
        assert connection.execute("select n from numbers").fetchall() == [(1,)]


def server() -> None:
    serving = http.server.ThreadingHTTPServer(("localhost", 0), http.server.SimpleHTTPRequestHandler)
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    with urllib.request.urlopen(f"http://localhost:{serving.server_port}/workload.py") as answer:
        assert b"def server" in answer.read()
    serving.shutdown()
    ssl.create_default_context()


def files() -> None:
    folder = tempfile.mkdtemp()
    (Path(folder) / "a").write_bytes(b"x" * 100_000)
    shutil.copytree(folder, folder + "-copy")
    assert Path(folder + "-copy", "a").stat().st_size == 100_000
    shutil.make_archive("/tmp/packed", "zip", folder)
    shutil.rmtree(folder)


if __name__ == "__main__":
    processes()
    asyncio.run(event_loop())
    database()
    server()
    files()
    print("all done")
