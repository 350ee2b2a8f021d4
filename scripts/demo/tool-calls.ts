/**
 * Calls of a real tool through Dome: as a user, with arguments that its schema refuses, after it has changed what it says
 * of itself, and in the middle of a stream that a stop cuts.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { DomeClient } from "../../sdk/typescript/src/dome.ts";
import type { RunningProvider } from "../../test/support/oidc-provider.ts";
import { ALICE } from "./delegation.ts";
import { expect, heading, inLedger, list, pause, say, type Stage } from "./stage.ts";
import type { TicketServer } from "./ticket-server.ts";

const WITHIN_MS = 10_000;

export async function callTickets(
  stage: Stage,
  provider: RunningProvider,
  tickets: TicketServer,
): Promise<void> {
  const { run, server, folder } = stage;
  heading("10. Calls of a real tool, through Dome");
  say(
    "An MCP server runs beside this demo: the company's tickets, on the official SDK. The catalog gets it, and Dome pins " +
      "what each of its operations says of itself:",
  );
  await run(`dome tools add tickets --kind mcp --url ${tickets.url} --clear-arguments`);
  await run("dome tools refresh tickets");
  say("support-triage, which was stopped in incident 6, goes on, and now declares the tool, too:");
  await run('dome agents resume support-triage --reason "incident 6 is over"');
  await run("dome agents update support-triage --add-tool tickets --quiet");

  say(
    "It acts for Alice. The official MCP client is given the SDK's address and fetch, and knows nothing of Dome. The " +
      "server gets no credential of the agent or of Alice:",
  );
  const dome = new DomeClient({
    baseUrl: server.url,
    token: readFileSync(join(folder, "support-triage.key"), "utf8").trim(),
  });
  const idToken = await provider.idToken("support-app", ALICE);
  const client = new Client(
    { name: "support-triage", version: "1" },
    { versionNegotiation: { mode: "auto" } },
  );
  const call = async (name: string, args: object): Promise<string> => {
    const told = await client.callTool({ name, arguments: { ...args } }).then(
      (result) => `${result.isError === true ? "refused: " : ""}${textOf(result)}`,
      (fault: Error) => `refused: ${fault.message}`,
    );
    list([[`${name} ${JSON.stringify(args)}`, told]]);
    return told;
  };
  try {
    await dome.start();
    await client.connect(new StreamableHTTPClientTransport(...dome.actAs(idToken).mcp("tickets")));
    const created = await call("create_ticket", { subject: "The printer smokes", priority: "high" });
    expect(created.startsWith("Ticket 4711 created"), "the ticket was not created");

    say("Arguments that the pinned schema does not allow never reach the server:");
    const before = tickets.calls.length;
    const refused = await call("create_ticket", { subject: "The printer smokes", priority: "at once!" });
    expect(refused.startsWith("refused: "), "the arguments were not refused");
    expect(tickets.calls.length === before, "the refused call reached the server");

    await showChange(stage, tickets, call);
    await cutStream(stage, tickets, await dome.actAs(idToken).token());
  } finally {
    await client.close();
    await dome.close();
  }
  await inLedger(stage, "dome audit list --agent support-triage --kind call.outcome", (records) =>
    records.some(({ outcome }) => outcome === "cut"),
  );
  say("The ledger has an intent before each call that was allowed, and an outcome after it:");
  await run("dome audit list --agent support-triage --kind 'call.*' --order oldest");
}

const newClient = (): Client =>
  new Client({ name: "support-triage", version: "1" }, { versionNegotiation: { mode: "auto" } });

type Call = (name: string, args: object) => Promise<string>;

async function showChange({ run }: Stage, tickets: TicketServer, call: Call): Promise<void> {
  say(
    "Now the server says something else of close_ticket, as after a compromised update. A refresh sees it:",
  );
  tickets.changeItself();
  await run("dome tools refresh tickets");
  const shown = await run("dome tools diff tickets close_ticket");
  expect(shown.includes("archive.example.net"), "the difference is not shown");
  const quarantined = await call("close_ticket", { id: 4711 });
  expect(quarantined.startsWith("refused: "), "the changed operation was called");
  expect(!tickets.calls.includes("close_ticket"), "the changed operation reached the server");
  say("That one operation is refused until an operator approves it. The others go on:");
  await call("create_ticket", { subject: "Still at work", priority: "low" });
}

async function cutStream(stage: Stage, tickets: TicketServer, token: string): Promise<void> {
  say(
    "Last, the agent watches new tickets, which is a stream without an end. This client has a call token in its header and " +
      "no SDK that would hear of a stop. The agent is stopped in the middle:",
  );
  const client = newClient();
  const headers = { Authorization: `Bearer ${token}` };
  const url = new URL("/mcp/tickets", stage.server.url);
  await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
  const heard: string[] = [];
  const watching = client
    .callTool(
      { name: "watch_tickets", arguments: {} },
      { onprogress: ({ message = "" }) => void heard.push(message) },
    )
    .then(
      () => "ended",
      () => "cut",
    );
  await until(() => heard.length > 2, "the stream says nothing");
  await stage.run('dome agents suspend support-triage --reason "incident 10" --wait');
  expect((await watching) === "cut", "the stream was not cut");
  await until(() => tickets.cut() > 0, "the server was not told that nobody listens");
  await client.close();
  list([
    ["heard before the stop", heard.slice(0, 3).join(", ")],
    ["the client's stream", "cut"],
    ["the server's work", "aborted, too"],
  ]);
}

async function until(holds: () => boolean, sentence: string): Promise<void> {
  for (const end = Date.now() + WITHIN_MS; !holds(); await pause(50)) expect(Date.now() < end, sentence);
}

function textOf({ content }: Awaited<ReturnType<Client["callTool"]>>): string {
  const [first] = content;
  return first?.type === "text" ? first.text : "";
}
