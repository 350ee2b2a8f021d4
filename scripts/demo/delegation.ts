/** A user, an agent that acts for them, and an agent that acts for that one: what each may do, and who can prove it. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunningProvider } from "../../test/support/oidc-provider.ts";
import { expect, heading, inLedger, say, type Stage } from "./stage.ts";

const TOOL = "zendesk/create_ticket";
/** The user of the demo. */
export const ALICE = { subject: "alice", email: "alice@example.com", emailVerified: true };

/** @param key of support-triage, which is active and must act for a user. */
export async function actForAlice(stage: Stage, provider: RunningProvider, key: string): Promise<void> {
  const { run } = stage;
  heading("6. For a user, over two agents");
  const at = (name: string): string => join(stage.folder, name);
  keep(at("support-triage.key"), key);
  say(
    "support-triage was refused for want of a user. An identity provider runs beside this demo; it is trusted:",
  );
  await run(
    `dome idp add local --issuer ${provider.issuer} --audience support-app=support-triage --context local-admin`,
  );
  const writer = "--name ticket-writer --tier standard --tool zendesk";
  await run(`dome agents register ${writer} --key-file ${at("ticket-writer.key")} --quiet`);
  await run("dome agents activate ticket-writer");
  await run("dome agents update support-triage --add-delegate ticket-writer --quiet");

  keep(at("alice.jwt"), await provider.idToken("support-app", ALICE));
  say(
    "Alice has signed in there; alice.jwt is her ID token. support-triage acts for her, and hands on a part of it:",
  );
  await run(
    `dome token exchange --subject ${at("alice.jwt")} --key-file ${at("support-triage.key")} > ${at("a.jwt")}`,
  );
  const narrower = `--scope tool:${TOOL} --key-file ${at("ticket-writer.key")}`;
  await run(`dome token exchange --subject ${at("a.jwt")} ${narrower} > ${at("b.jwt")}`);
  await run(`dome check ${TOOL} --key-file ${at("b.jwt")}`);
  const { sub, txn, client_id: writerId } = claimsIn(readFileSync(at("b.jwt"), "utf8"));
  expect(sub?.startsWith("usr_") === true, "the subject of the token is not the user");
  expect(txn !== undefined && writerId !== undefined, "the token names no transaction or no client");

  await proveIt(stage, at("b.jwt"), at("jwks.json"));
  await inLedger(stage, `dome audit list --txn ${txn}`, (records) =>
    records.some(({ kind }) => kind === "decision"),
  );
  say("The ledger has every step:");
  const chain = await run(`dome audit chain ${txn}`);
  expect(chain.includes("ticket-writer"), "the chain in the ledger does not name ticket-writer");

  say(
    "Stop support-triage. Every token with this agent in its chain becomes invalid, whichever agent has it:",
  );
  await run('dome agents suspend support-triage --reason "incident 6" --wait');
  await run(`dome check ${TOOL} --key-file ${at("b.jwt")}`, 4);
  say("ticket-writer itself was not stopped, and continues to act for itself:");
  await run(`dome check ${TOOL} --key-file ${at("ticket-writer.key")} --quiet`);
}

async function proveIt({ run, server }: Stage, token: string, keys: string): Promise<void> {
  const published = await fetch(`${server.url}/.well-known/jwks.json`);
  writeFileSync(keys, await published.text());
  say(
    "Who acted for whom can be proved with the published keys alone, here from a file, without the server:",
  );
  const verified = await run(`dome chain verify ${token} --jwks ${keys} --issuer ${server.url}`);
  expect(verified.includes("verified"), "the chain was not verified");
}

function keep(file: string, secret: string): void {
  writeFileSync(file, `${secret}\n`, { mode: 0o600 });
}

interface Claims {
  readonly sub?: string;
  readonly txn?: string;
  readonly client_id?: string;
}

function claimsIn(token: string): Claims {
  const [, payload = ""] = token.split(".");
  return JSON.parse(Buffer.from(payload, "base64url").toString()) as Claims;
}
