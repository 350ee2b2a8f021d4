/**
 * `npm start`: the same Worker as in production, with its database, objects and queues on the local disk.
 * Whatever goes wrong, a person sees one line, never a stack.
 */
import { redact } from "../kernel/redact.ts";
import { contextsPath, saveContext } from "./cli-context.ts";
import { HELP, readRequest } from "./options.ts";
import { messageOf } from "./refusal.ts";
import { startServer, VERSION, type Server } from "./server.ts";

function fail(line: string, exit: number): never {
  process.stderr.write(`dome: ${redact(line)}\n`);
  process.exit(exit); // the runtime ends with this process
}

const fault = (error: unknown): never => fail(`unexpected fault: ${messageOf(error)}`, 1);

/** Ctrl-C twice does not wait for the first one. */
function stopOnSignal(server: Server): void {
  let stopping = false;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.removeAllListeners(signal); // the runtime's own handlers leave at once
    process.on(signal, () => {
      if (stopping) process.exit(1);
      stopping = true;
      server.stop().then(() => process.exit(0), fault);
    });
  }
}

function greet(server: Server): void {
  const saved = saveContext(contextsPath(process.env), { url: server.url, token: server.adminToken });
  const use = saved.current ? "" : ` (make it current: npx --no-install dome context use ${saved.name})`;
  process.stdout.write(`Dome is ready at ${server.url}
  issuer   ${server.issuer}
  context  ${saved.name === null ? "not saved" : `${saved.name}${use}`}

Try in another terminal:
  npx --no-install dome agents register --name support-triage --tier standard --tool zendesk --pool premium-reasoning --require-actas oidc
  npx --no-install dome agents activate support-triage
  npx --no-install dome audit list
`);
  if (saved.remark !== null) process.stderr.write(`dome: ${saved.remark}\n`);
}

async function main(): Promise<void> {
  const request = readRequest(process.argv.slice(2), process.env);
  if (!request.ok) return fail(request.error.line, request.error.exit);
  if (request.value.kind !== "run") {
    process.stdout.write(request.value.kind === "help" ? HELP : `${VERSION}\n`);
    return;
  }
  const onLost = (): never => fail("the runtime crashed and could not be started again", 1);
  const server = await startServer(request.value.options, onLost);
  if (!server.ok) return fail(server.error.line, server.error.exit);
  stopOnSignal(server.value);
  greet(server.value);
}

// A reader of the log that goes away is no reason to stop serving.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
process.on("uncaughtException", fault);
process.on("unhandledRejection", fault);
await main();
