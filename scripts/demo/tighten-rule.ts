/**
 * A rule on arguments is tried on the calls of before, comes into force while the agent calls a real tool through Dome, and
 * is taken back.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { DomeClient } from "../../sdk/typescript/src/dome.ts";
import type { RunningProvider } from "../../test/support/oidc-provider.ts";
import { ALICE } from "./delegation.ts";
import { expect, heading, inLedger, list, pause, say, type Stage } from "./stage.ts";

const RULE = `@id("high-needs-a-person")
@reason("A person opens tickets of high priority.")
forbid (
  principal,
  action == Dome::Action::"mcp:call",
  resource == Dome::MCPTool::"tickets/create_ticket"
) when { context.arguments.priority == "high" };
`;
const WITHIN_MS = 10_000;
const BETWEEN_CALLS_MS = 100;

interface Call {
  readonly priority: "low" | "high";
  readonly sentAt: number;
  readonly answeredAt: number;
  readonly isAllowed: boolean;
  readonly answer: string;
}

export async function tightenRule(stage: Stage, provider: RunningProvider): Promise<void> {
  const { run, server, folder } = stage;
  heading("11. A rule on arguments, tightened while the agent works");
  const file = join(folder, "tickets.cedar");
  writeFileSync(file, RULE);
  say("Too many of the tickets that support-triage opens are urgent. A security engineer writes a rule:");
  await run(`cat ${file}`);
  say(
    "What would it have done to the calls of before? The arguments of the tool are recorded, so Dome can say:",
  );
  const wasCreated = `dome audit list --tool tickets/create_ticket --decision allow`;
  await inLedger(stage, wasCreated, (records) => records.length > 1);
  const simulated = await run(`dome policy simulate ${file} --since 1h`);
  expect(/\b1 newly denied, 0 newly allowed\b/.test(simulated), "not one call would be newly denied");

  say(
    "support-triage goes on, and opens tickets of low and of high priority in turns, through the MCP door:",
  );
  await run('dome agents resume support-triage --reason "incident 10 is over"');
  const dome = new DomeClient({
    baseUrl: server.url,
    token: readFileSync(join(folder, "support-triage.key"), "utf8").trim(),
  });
  const client = new Client(
    { name: "support-triage", version: "1" },
    { versionNegotiation: { mode: "auto" } },
  );
  const work = new AbortController();
  try {
    await dome.start();
    const acting = dome.actAs(await provider.idToken("support-app", ALICE));
    await client.connect(new StreamableHTTPClientTransport(...acting.mcp("tickets")));
    const calls: Call[] = [];
    const working = openTickets(client, calls, work.signal);
    await until(() => calls.length >= 4, "the agent opens no tickets");
    expect(
      calls.every(({ isAllowed }) => isAllowed),
      "a ticket was refused before the rule was in force",
    );

    await run(`dome policy push ${file} --message "urgent tickets are for people" --context local-admin`);
    const committedAfter = Date.now();
    await run("dome policy activate --wait --context local-admin");
    const inForceAt = Date.now();
    await sentSince(calls, inForceAt);
    showMoment(calls, committedAfter, inForceAt);

    say("The rule was too strict, and goes. The version before it comes back; here, that is none:");
    await run("dome policy rollback --wait --context local-admin");
    const goneAt = Date.now();
    await sentSince(calls, goneAt);
    const since = calls.filter(({ sentAt }) => sentAt > goneAt);
    expect(
      since.every(({ isAllowed }) => isAllowed),
      "a ticket was refused after the rollback",
    );
    list([["tickets since the rollback", `${since.length}, none refused`]]);
    work.abort();
    await working;
  } finally {
    work.abort();
    await client.close();
    await dome.close();
  }
  await run("dome audit list --kind 'policy.*' --order oldest");
}

/** Until the agent has opened one of each priority that it began after that time. */
const sentSince = (calls: readonly Call[], time: number): Promise<void> =>
  until(
    () => new Set(calls.filter(({ sentAt }) => sentAt > time).map(({ priority }) => priority)).size === 2,
    "the agent opens no more tickets",
  );

function showMoment(calls: readonly Call[], committedAfter: number, inForceAt: number): void {
  const high = calls.filter(({ priority }) => priority === "high");
  const last = high.findLast(({ isAllowed }) => isAllowed);
  const first = high.find(({ isAllowed }) => !isAllowed);
  expect(last !== undefined && first !== undefined, "the rule never bit");
  expect(last.sentAt < inForceAt, "an urgent ticket was opened after the rule was in force");
  expect(first.answer.includes("A person opens tickets of high priority."), "the refusal has no reason");
  const low = calls.filter(({ priority }) => priority === "low");
  expect(
    low.every(({ isAllowed }) => isAllowed),
    "a ticket of low priority was refused",
  );
  const at = (time: number): string => `+${((time - committedAfter) / 1000).toFixed(3)} s`;
  list([
    ["last urgent ticket opened", at(last.answeredAt)],
    ["first one refused", `${at(first.answeredAt)}  ${first.answer}`],
    ["in force everywhere", `${at(inForceAt)}  the command came back`],
    ["tickets of low priority", `${low.length}, none refused`],
  ]);
}

/** One after the other, until the signal; each is kept in the list. */
async function openTickets(client: Client, calls: Call[], signal: AbortSignal): Promise<void> {
  for (let number = 0; !signal.aborted; number += 1) {
    const priority = number % 2 === 0 ? "low" : "high";
    const sentAt = Date.now();
    const args = { subject: `Ticket ${number}`, priority };
    const { isError, content } = await client.callTool({ name: "create_ticket", arguments: args });
    const [first] = content;
    const answer = first?.type === "text" ? first.text : "";
    calls.push({ priority, sentAt, answeredAt: Date.now(), isAllowed: isError !== true, answer });
    await pause(BETWEEN_CALLS_MS);
  }
}

async function until(holds: () => boolean, sentence: string): Promise<void> {
  for (const end = Date.now() + WITHIN_MS; !holds(); await pause(50)) expect(Date.now() < end, sentence);
}
