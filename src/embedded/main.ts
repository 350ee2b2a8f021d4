/**
 * `npm start`: the same Worker as in production, with its database, objects and queues on the local disk. Every failure
 * is shown as one line, never as a stack trace.
 */
import { resolve } from "node:path";
import { isatty } from "node:tty";
import { redact } from "../kernel/redact.ts";
import { greet } from "./greeting.ts";
import { HELP, readRequest } from "./options.ts";
import { messageOf } from "./refusal.ts";
import { startServer, VERSION, type Server } from "./server.ts";

const HAS_TERMINAL = isatty(0);
const STOPPING = HAS_TERMINAL ? (["SIGINT", "SIGTERM", "SIGHUP"] as const) : (["SIGINT", "SIGTERM"] as const);

function fail(line: string, exit: number): never {
  process.stderr.write(`dome: ${redact(line)}\n`);
  process.exit(exit); // the runtime ends with this process
}

const fault = (error: unknown): never => fail(`unexpected fault: ${messageOf(error)}`, 1);

/**
 * Ignores SIGHUP when standard input is no terminal: under `nohup` or a service manager, the server must stay when the
 * session ends. Node resets a signal that it inherits as ignored to its default, so it is ignored again here. The
 * runtime's own handler would exit at once, so it is removed when it is added.
 */
function ignoreHangup(): void {
  const ignore = (): void => undefined;
  process.on("SIGHUP", ignore);
  process.on("newListener", (event: string | symbol, listener: () => void) => {
    if (event === "SIGHUP" && listener !== ignore)
      queueMicrotask(() => process.removeListener("SIGHUP", listener));
  });
}

/** A second signal exits at once, without waiting for the orderly stop. */
function stopOnSignal(server: Server): void {
  let stopping = false;
  for (const signal of STOPPING) {
    process.removeAllListeners(signal); // the runtime's own handlers exit at once
    process.on(signal, () => {
      if (stopping) process.exit(1);
      stopping = true;
      server.stop().then(() => process.exit(0), fault);
    });
  }
}

async function main(): Promise<void> {
  const request = readRequest(process.argv.slice(2), process.env);
  if (!request.ok) return fail(request.error.line, request.error.exit);
  if (request.value.kind !== "run") {
    process.stdout.write(request.value.kind === "help" ? HELP : `${VERSION}\n`);
    return;
  }
  const onLost = (): never => fail("the runtime crashed and did not start again", 1);
  const server = await startServer(request.value.options, onLost);
  if (!server.ok) return fail(server.error.line, server.error.exit);
  stopOnSignal(server.value);
  const { stateDir } = request.value.options;
  // Where dome users test-token looks by itself, in the same folder.
  const stateFolder = stateDir === resolve(".dome") ? null : stateDir;
  await greet({ ...server.value, contextName: "local", stateFolder });
}

if (!HAS_TERMINAL) ignoreHangup();
// The server continues when the reader of its log goes away.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
process.on("uncaughtException", fault);
process.on("unhandledRejection", fault);
await main();
