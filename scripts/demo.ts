/**
 * `npm run demo`: the life of a few agents in a minute, on a server of its own. Every command is run as it is shown,
 * and every claim is checked while it plays: the first one that does not hold ends the demo with one line and exit 1.
 * Nothing of the user's is touched, and nothing is left behind.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Halt } from "../src/contract/halt.ts";
import { startProvider, type RunningProvider } from "../test/support/oidc-provider.ts";
import { runAgentCode } from "./demo/agent-code.ts";
import { startTicketServer, type TicketServer } from "./demo/ticket-server.ts";
import { callTickets } from "./demo/tool-calls.ts";
import { tightenRule } from "./demo/tighten-rule.ts";
import { actForAlice } from "./demo/delegation.ts";
import { haltWorkspace, stopFamily } from "./demo/incident.ts";
import { startBusyAgent, type Call } from "./demo/busy-agent.ts";
import {
  expect,
  heading,
  inLedger,
  leave,
  list,
  openStage,
  pause,
  ROOT,
  say,
  type Stage,
} from "./demo/stage.ts";
import { pythonPrograms } from "./python-environment.ts";

const TOOL = "zendesk/create_ticket";
/** How many calls the second agent makes before it is stopped, and after how many calls their number is printed. */
const CALLS_BEFORE = 60;
const COUNT_EVERY_MS = 500;

// The two commands of the product description, unchanged.
const REGISTER = `dome agents register \\
  --name support-triage \\
  --tier standard \\
  --tool zendesk \\
  --pool premium-reasoning \\
  --require-actas oidc`;
const ACTIVATE = "dome agents activate support-triage";

async function register({ run }: Stage): Promise<string> {
  heading("1. Register an agent, and switch it on");
  const registered = await run(REGISTER);
  const key = /dome_at_[0-9A-Za-z]{49}/.exec(registered)?.[0];
  expect(key !== undefined, "the registration showed no API key");
  expect(registered.includes("dome tools add zendesk"), "nothing said that the catalog lacks zendesk");
  say(
    "The agent exists, with a record that never changes and a key that is shown this once. Declaring what the " +
      "workspace does not offer yet is allowed, with the warnings above. So the catalog gets both:",
  );
  await run("dome tools add zendesk");
  await run("dome pools add premium-reasoning");
  await run(ACTIVATE);
  return key;
}

async function checkWithoutUser({ run }: Stage, key: string): Promise<void> {
  heading("2. It may act only for a verified person");
  say("support-triage asks before it acts. Its key is in the environment, never on the command line.");
  const denied = await run(`dome check ${TOOL}   # DOME_AGENT_KEY: its key`, 3, { DOME_AGENT_KEY: key });
  expect(denied.includes("actas_required"), "the deny does not say actas_required");
  expect(denied.includes("Dome-Act-As"), "the deny does not say what to send");
  say(
    "Denied, although the tool is declared: the call names no verified user. The answer says what to send.",
  );
}

interface Busy {
  readonly calls: readonly Call[];
  readonly token: string;
  readonly keyFile: string;
  readonly halt: Halt;
  /** When the command that stopped the agent came back. */
  readonly reportedAt: number;
}

async function stopBusyAgent(stage: Stage): Promise<Busy> {
  const { run, ask, server } = stage;
  heading("3. An agent that calls without pause is stopped in the middle");
  const keyFile = join(stage.folder, "night-shift.key");
  const name = "--name night-shift --tier standard --tool zendesk";
  await run(`dome agents register ${name} --key-file ${keyFile} --quiet`);
  await run("dome agents activate night-shift");
  const { access_token: token } = await ask<{ access_token: string }>(
    `dome token issue --key-file ${keyFile}`,
  );

  say("night-shift exchanges its key for a call token, and now calls with it, four calls at a time:");
  const agent = startBusyAgent(server.url, token, TOOL);
  while (agent.calls.length < CALLS_BEFORE && !agent.isOver()) {
    await pause(COUNT_EVERY_MS);
    process.stdout.write(`  ${counts(agent.calls)}\n`);
  }
  const refused = agent.calls.find((call) => !isAllowed(call));
  expect(refused === undefined, `a call was refused before the agent was stopped: ${refused?.answer}`);
  await run('dome agents suspend night-shift --reason "too eager" --wait');
  const reportedAt = Date.now();
  const isAsked = (): boolean => agent.calls.some(({ sentAt }) => sentAt > reportedAt);
  while (!isAsked() && !agent.isOver()) await pause(COUNT_EVERY_MS / 10);
  await agent.rest();
  process.stdout.write(`  ${counts(agent.calls)}\n`);

  const [newest] = await ask<Halt[]>("dome agents halts night-shift");
  expect(newest?.effective_at != null, "the stop has no time at which it was effective");
  // When the ledger has the halt, it also has every record before it, because they are delivered in order.
  await inLedger(stage, "dome audit list --kind halt.effective", (records) =>
    records.some(({ target }) => target?.id === newest.id),
  );
  const halt = await ask<Halt>(`dome agents halts night-shift ${newest.id}`);
  return { calls: agent.calls, token, keyFile, halt, reportedAt };
}

/** @returns the decision that was the last to be admitted. */
function showTimes({ calls, halt, reportedAt }: Busy): string {
  const committed = Date.parse(halt.committed_at);
  const effective = Date.parse(halt.effective_at ?? "");
  const allowed = calls.filter(isAllowed);
  const last = allowed.reduce((latest, call) => (call.answeredAt > latest.answeredAt ? call : latest));
  const later = calls.filter(({ sentAt }) => sentAt > effective);
  const { last_admitted: admitted } = halt;
  expect(admitted !== null, "the receipt names no last admitted call");
  const known = allowed.some(({ allowedBy }) => allowedBy === admitted.decision_id);
  expect(known, `the receipt's last admitted call, ${admitted.decision_id}, never reached the agent`);
  expect(Date.parse(admitted.time) <= effective, "the ledger has an admitted call after the halt");
  expect(last.answeredAt <= effective, "the agent had an allow after the halt was effective");
  expect(later.length > 0, "the agent made no call after the halt was effective");

  const at = (time: number): string => `${clock(time)}  ${offset(time - committed)}`;
  say("By the server's own records (the halt receipt, which is signed):");
  list([
    ["stop committed", clock(committed)],
    ["last call admitted", `${at(Date.parse(admitted.time))}  ${admitted.decision_id}`],
    ["stop effective", `${at(effective)}  promised: at most ${halt.bound_ms} ms`],
  ]);
  say("By the agent's own clock:");
  list([
    ["last allow received", at(last.answeredAt)],
    ["stop reported effective", `${at(reportedAt)}  the command came back`],
    [
      "calls sent since it was effective",
      `${later.length}, of which allowed: ${later.filter(isAllowed).length}`,
    ],
    ["what they were told", [...new Set(later.map(({ answer }) => answer))].join(", ")],
  ]);
  say(
    "Here one process answers everything, so the calls end almost at once. In production other machines may trust " +
      "the agent for a moment longer, by a lease; none outlives the wait, and only then is a stop called effective.",
  );
  return admitted.decision_id;
}

async function stayStopped({ run }: Stage, { token, keyFile }: Busy): Promise<void> {
  heading("4. Stopped means stopped, for old tokens also after a resume");
  await run(`dome token issue --key-file ${keyFile}`, 4);
  say(
    "The agent gets no new token. Its old token would be valid for minutes by its own expiry, but Dome refuses it:",
  );
  const withToken = `dome check ${TOOL}   # DOME_AGENT_KEY: the token from before`;
  await run(withToken, 4, { DOME_AGENT_KEY: token });
  await run('dome agents resume night-shift --reason "the incident is over"');
  say("The agent runs again. The old token stays invalid; the key is valid:");
  await run(withToken, 4, { DOME_AGENT_KEY: token });
  await run(`dome check ${TOOL} --key-file ${keyFile} --quiet`);
}

async function showTrail({ run }: Stage, decision: string): Promise<void> {
  heading("5. What the ledger shows");
  await run("dome audit list --kind 'agent.*' --order oldest");
  await run("dome audit list --agent support-triage");
  say("The record of the last call of night-shift that was admitted:");
  const explained = await run(`dome explain ${decision}`);
  expect(/^released\s+yes$/m.test(explained), "the last admitted call was not released");
}

async function revoke({ run, ask }: Stage): Promise<void> {
  heading("12. Revoke: final, and the record stays");
  await run("dome agents revoke support-triage ticket-writer --yes");
  await run("dome agents revoke night-shift lead writer reader helpdesk --yes --wait");
  await run("dome agents list");
  const agents = await ask<{ state: string }[]>("dome agents list");
  expect(agents.length === 7 && agents.every(({ state }) => state === "revoked"), "not all are revoked");
}

const isAllowed = ({ allowedBy }: Call): boolean => allowedBy !== null;

function counts(calls: readonly Call[]): string {
  const allowed = calls.filter(isAllowed).length;
  return `night-shift: ${allowed} calls allowed, ${calls.length - allowed} refused`;
}

const clock = (time: number): string => new Date(time).toISOString().slice(11, 23);
const offset = (ms: number): string => `${ms < 0 ? "−" : "+"}${(Math.abs(ms) / 1000).toFixed(3)} s`;

async function play(stage: Stage, provider: RunningProvider, tickets: TicketServer): Promise<void> {
  const key = await register(stage);
  await checkWithoutUser(stage, key);
  const busy = await stopBusyAgent(stage);
  const last = showTimes(busy);
  await stayStopped(stage, busy);
  await showTrail(stage, last);
  await actForAlice(stage, provider, key);
  await stopFamily(stage);
  await haltWorkspace(stage);
  await runAgentCode(stage);
  await callTickets(stage, provider, tickets);
  await tightenRule(stage, provider);
  await revoke(stage);
}

process.stdout.on("error", () => undefined); // a reader that goes away does not keep the demo from tidying up
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => {
    leave(null).then(
      () => process.exit(1),
      () => process.exit(1),
    );
  });
}

try {
  execFileSync(process.execPath, [join(ROOT, "scripts/build.ts"), "--quiet"], {
    cwd: ROOT,
    stdio: "inherit",
  });
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
  say(
    `Dome ${version} is a registry for AI agents with an off switch. Each agent has a record, an owner, a key and a declared ` +
      "surface; each call is decided and recorded; a stop is reported as effective only when no call passes any more.",
  );
  say(
    "A part of this demo is in Python. What that needs is made once, in sdk/python/.venv, with packages from PyPI.",
  );
  const python = pythonPrograms();
  say("This demo starts a server with a temporary folder for its state and for the demo's commands.");
  const provider = await startProvider(["support-app"]);
  const tickets = await startTicketServer();
  const stage = await openStage({ egressAllow: [provider.issuer, tickets.url], python });
  const { server } = stage;
  say(`It is ready at ${server.url}, after ${(server.readyAfterMs / 1000).toFixed(1)} s.`);
  await play(stage, provider, tickets);
  await provider.stop();
  await tickets.close();
  await leave(server);
  say("You have seen:");
  list([
    ["a registration", "with the two commands of the front page, and a key that is shown once"],
    ["a denial", "that says what the call lacks: a verified person"],
    ["a stop", "in the middle of calls: none was allowed after it was effective"],
    ["old tokens", "stay dead after a resume"],
    ["a chain", "Alice, the agent that she asked, and the agent that it asked, verified without the server"],
    ["a family", "that finishes its work, or is stopped at once, under one receipt"],
    ["a workspace", "that is halted and resumed as a whole"],
    [
      "the agent's code",
      "the Python of the description, and a worker in each language that drains and recovers",
    ],
    [
      "a real tool",
      "called for a user through Dome: checked arguments, a change held back, a stream that a stop cut",
    ],
    ["a rule", "tried on the calls of before, in force while the agent called, and taken back"],
    ["the ledger", "which has a record of all of this, also of agents that are revoked"],
  ]);
  say(
    `All as promised, in ${(performance.now() / 1000).toFixed(0)} s. The server has ended and its folder is gone.`,
  );
} catch (fault) {
  const text = fault instanceof Error ? fault.message : String(fault);
  process.stderr.write(`demo failed: ${text.replaceAll(/\s*\n\s*/g, " ").slice(0, 1_000)}\n`);
  process.exitCode = 1;
  await leave(null).catch((left: unknown) => process.stderr.write(`demo: ${String(left)}\n`));
}
