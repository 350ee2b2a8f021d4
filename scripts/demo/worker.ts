/** A worker of an agent. Its orders are lines: `begin NAME` begins a job, `finish NAME` lets the job end. */
import { createInterface } from "node:readline";
import { DeniedError, DomeClient, DomeError } from "../../sdk/typescript/src/dome.ts";

const { DOME_URL: baseUrl = "", DOME_AGENT_KEY: token = "" } = process.env;
const client = new DomeClient({ baseUrl, token });
const finish = new Map<string, () => void>();
const print = (line: unknown): void => void process.stdout.write(`${String(line)}\n`);

/** Runs until its `finish`; `signal` aborts when the agent is stopped. */
const createTicket = client.guard("zendesk/create_ticket", ({ subject }: { subject: string }, { signal }) => {
  print(`${subject}: begun`);
  return new Promise<void>((resolve, reject) => {
    finish.set(subject, resolve);
    signal.addEventListener("abort", () => reject(signal.reason as Error));
  });
});

async function work(subject: string): Promise<void> {
  try {
    await createTicket({ subject });
    client.audit.emit("ticket_created", { subject });
    print(`${subject}: finished`);
  } catch (fault) {
    if (!(fault instanceof DomeError)) throw fault;
    const local = fault instanceof DeniedError && fault.decision.local ? ", said by the SDK" : "";
    print(`${subject}: ${fault.name} (${fault.code}${local})`);
  }
}

client.events.on("*", ({ type }) => print(`heard ${type}`));
client.events.on("agent.draining", () => {
  client.drained().then(() => print("drained: nothing runs, nothing begins"), print);
});
await client.start();

for await (const line of createInterface({ input: process.stdin })) {
  const [order = "", subject = ""] = line.split(" ");
  if (order === "begin") work(subject).catch(print);
  else finish.get(subject)?.();
}
await client.close();
