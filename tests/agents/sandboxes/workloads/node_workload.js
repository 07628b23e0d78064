// What Node applications do with the system: threads, children, servers, files, compiled code, compression, hashes.
"use strict";

const assert = require("node:assert");
const childProcess = require("node:child_process");
const crypto = require("node:crypto");
const fs = require("node:fs");
const http = require("node:http");
const zlib = require("node:zlib");
const { Worker } = require("node:worker_threads");

async function main() {
  const worker = new Worker("require('worker_threads').parentPort.postMessage(42)", { eval: true });
  assert.strictEqual(await new Promise((resolve) => worker.once("message", resolve)), 42);

  assert.strictEqual(childProcess.execSync("echo child").toString(), "child\n");
  assert.strictEqual(childProcess.spawnSync(process.execPath, ["-e", "process.exit(3)"]).status, 3);

  const server = http.createServer((_request, response) => response.end("hello"));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const answer = await fetch(`http://127.0.0.1:${server.address().port}/`);
  assert.strictEqual(await answer.text(), "hello");
  server.closeAllConnections();
  server.close();

  await fs.promises.writeFile("/tmp/file", "x".repeat(100000));
  assert.strictEqual((await fs.promises.readFile("/tmp/file")).length, 100000);
  fs.watch("/tmp", () => {}).close();

  let sum = 0;
  for (let n = 0; n < 5e6; n += 1) sum += n % 7;
  assert.ok(sum > 0);
  new WebAssembly.Memory({ initial: 1, maximum: 10, shared: true });
  assert.strictEqual(zlib.gunzipSync(zlib.gzipSync("text")).toString(), "text");
  crypto.randomBytes(16);
  await new Promise((resolve, reject) => {
    crypto.scrypt("password", "salt", 32, (error) => (error ? reject(error) : resolve()));
  });
}

main().then(() => console.log("all done"));
