/**
 * A small HTTP API with an OpenAPI document, in a process of its own, on a port of this machine.
 *
 *     const api = await serveHttpApi();     // { origin: "http://127.0.0.1:40123", … }
 *     (await api.counts()).sockets          // connections that Dome has open
 *     api.close();
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import type { Counts } from "./main.ts";

export interface HttpApi {
  readonly origin: string;
  counts(): Promise<Counts>;
  /** Reads the bodies that were left unread. */
  read(): Promise<Counts>;
  close(): void;
}

export async function serveHttpApi(): Promise<HttpApi> {
  const program = join(import.meta.dirname, "main.ts");
  const child = spawn(process.execPath, [program], { stdio: ["ignore", "pipe", "inherit", "ipc"] });
  if (child.stdout === null) throw new Error("the API has no output");
  const [origin] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  const told = async (what: "count" | "read"): Promise<Counts> => {
    const heard = once(child, "message");
    child.send(what);
    const [counts] = (await heard) as [Counts];
    return counts;
  };
  return {
    origin,
    counts: () => told("count"),
    read: () => told("read"),
    close: () => child.kill(),
  };
}
