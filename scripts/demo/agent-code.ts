/** The agent's own code: the Python code of the product description, unchanged, and a worker with each SDK that drains. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Program } from "./programs.ts";
import { expect, heading, inLedger, ROOT, say, type Stage } from "./stage.ts";

const DESCRIPTION = "sdk/conformance/description.py";

export async function runAgentCode(stage: Stage): Promise<void> {
  heading("9. The agent's own code, in Python and in TypeScript");
  const keyFile = join(stage.folder, "helpdesk.key");
  await stage.run(`dome agents register --name helpdesk --tool zendesk --key-file ${keyFile} --quiet`);
  await stage.run("dome agents activate helpdesk");
  const key = readFileSync(keyFile, "utf8").trim();
  const speaking = await runDescription(stage, key);

  say(
    "Now two workers of this agent run side by side with the same key, one with each SDK. They wait for work.",
  );
  const env = { DOME_URL: stage.server.url, DOME_AGENT_KEY: key };
  const workers: Workers = [
    new Program(stage, "typescript", "node scripts/demo/worker.ts", env),
    new Program(stage, "python", "python scripts/demo/worker.py", env),
  ];
  await heard(workers, "heard state");
  await drain(stage, workers, speaking);
  await stop(stage, workers);
  for (const worker of workers) await worker.end();
  const created = "dome audit list --agent helpdesk --kind sdk.custom.ticket_created";
  await inLedger(stage, created, ({ length }) => length >= 4);
  say("Both have ended. The ledger has the events that they reported, beside the records of Dome itself:");
  await stage.run("dome audit list --agent helpdesk --kind 'sdk.*' --order oldest");
}

/** @returns the program again, with callbacks that print. */
async function runDescription(stage: Stage, key: string): Promise<string> {
  const { run, server, folder } = stage;
  await run(`cat ${DESCRIPTION}`);
  const text = readFileSync(join(ROOT, DESCRIPTION), "utf8");
  const [desk, speaking] = [join(folder, "desk.py"), join(folder, "speaking.py")];
  const own = text.replace("https://api.dome.example.com", server.url).replace("dome_at_...", key);
  writeFileSync(desk, own, { mode: 0o600 });
  const spoken = own
    .replace("lambda d: ...", 'lambda d: print("allowed", d.decision_id)')
    .replace("lambda req, reason: ...", 'lambda req, reason: print("denied", req.tool, reason)');
  writeFileSync(speaking, spoken, { mode: 0o600 });

  say(
    "desk.py is the code of the product description, with this server's URL and helpdesk's key instead of the examples:",
  );
  await run(`python ${desk}`);
  await inLedger(stage, "dome audit list --agent helpdesk --kind decision", ({ length }) => length > 0);
  say("Its callbacks do nothing, so it prints nothing. The ledger has its decision:");
  const records = await run("dome audit list --agent helpdesk --kind decision");
  expect(records.includes("allow"), "the check of desk.py was not allowed");
  say("speaking.py is the same, with callbacks that print:");
  expect((await run(`python ${speaking}`)).startsWith("allowed dec_"), "speaking.py was not allowed");
  return speaking;
}

type Workers = readonly [Program, Program];

async function drain({ run }: Stage, workers: Workers, speaking: string): Promise<void> {
  order(workers, "begin printer");
  await heard(workers, "printer: begun");
  say("Both work. The agent will stop in ten minutes; both learn of it at once:");
  await run('dome agents suspend helpdesk --drain 10m --reason "a new model comes"');
  await heard(workers, "heard agent.draining");
  say("The SDK refuses new work without asking the service. The service refuses it, too:");
  order(workers, "begin toner");
  await heard(workers, "toner: DeniedError (draining, said by the SDK)");
  const told = await run(`python ${speaking}`);
  expect(/^denied zendesk\/create_ticket (?:agent_)?draining$/m.test(told), "speaking.py was not denied");
  say("Work that has begun may finish; then both know that they have drained:");
  order(workers, "finish printer");
  await heard(workers, "printer: finished", "drained: nothing runs, nothing begins");
  say("The new model is delayed. The drain is cancelled, and both take new work again:");
  await run("dome agents activate helpdesk");
  await heard(workers, "heard agent.activated");
}

async function stop({ run }: Stage, workers: Workers): Promise<void> {
  order(workers, "begin toner");
  await heard(workers, "toner: begun");
  say("Now the agent is suspended without a drain: work in progress is aborted, and no new work begins.");
  await run('dome agents suspend helpdesk --reason "incident 9" --wait');
  await heard(workers, "heard agent.suspended", "toner: StoppedError (stopped)");
  order(workers, "begin paper");
  await heard(workers, "paper: DeniedError (stopped, said by the SDK)");
  say("The agent is resumed. The workers need no restart: they continue with the same key.");
  await run('dome agents resume helpdesk --reason "incident 9 is over"');
  await heard(workers, "heard agent.resumed");
  order(workers, "begin paper");
  await heard(workers, "paper: begun");
  order(workers, "finish paper");
  await heard(workers, "paper: finished");
}

function order(workers: Workers, line: string): void {
  process.stdout.write(`\nto both: ${line}\n`);
  for (const worker of workers) worker.order(line);
}

async function heard(workers: Workers, ...lines: readonly string[]): Promise<void> {
  for (const worker of workers) await worker.until(...lines);
}
