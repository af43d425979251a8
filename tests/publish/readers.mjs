// The reader of readers.py for Node: `node readers.mjs MODULES QUERY FILE LOG`.
import { appendFileSync } from "node:fs";
import { createRequire } from "node:module";

const [modules, check, path, log] = process.argv.slice(2);
const { DuckDBInstance } = createRequire(`${modules}/`)("@duckdb/node-api");
const now = () => Number(process.hrtime.bigint()) / 1e9;
let over = false;
process.stdin.on("end", () => { over = true; }).resume();
while (!over) {
  const line = { versions: [], since: now(), until: null, error: null };
  try {
    const instance = await DuckDBInstance.create(path, { access_mode: "READ_ONLY" });
    const connection = await instance.connect();
    // As options of create() this driver applies them before it looks for a .wal beside the file.
    await connection.run("set enable_external_access = false");
    await connection.run("set lock_configuration = true");
    line.until = now();
    const rows = (await connection.runAndReadAll(check)).getRows();
    line.versions = rows[0].map(Number);
    connection.closeSync();
    instance.closeSync();
  } catch (error) {
    line.error = String(error);
  }
  appendFileSync(log, `${JSON.stringify(line)}\n`);
  await new Promise((wake) => setTimeout(wake, 400));
}
