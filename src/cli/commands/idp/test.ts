/** `dome idp test`: fetches the provider's documents, and shows what Dome would make of a token. */
import type { Command } from "commander";
import type { IdentityProviderTest } from "../../../contract/identity-provider.ts";
import { defined } from "../../../kernel/defined.ts";
import { shellWord } from "../../../kernel/shell-word.ts";
import { readSecretFile } from "../../agent-credential.ts";
import { verb } from "../../command.ts";
import { CommandFailure, EXIT, usage } from "../../exit.ts";
import { inWorkspace, workspaceOption } from "../../option-values.ts";
import { fields, several, type Style } from "../../output.ts";
import { table } from "../../table.ts";
import type { Session } from "../../session.ts";

interface TestOptions {
  readonly workspace?: string;
  readonly tokenFile?: string;
  readonly agent?: string;
}

export const testCommand = (session: Session): Command =>
  verb({
    name: "test",
    summary: "Check an identity provider, and a token without using it",
    description:
      "Fetch the documents of an identity provider, and check a token without using it. Give the token in a file " +
      "or on stdin, because other processes can read an argument. Dome neither stores nor shows the token.",
    examples: [
      "dome idp test okta",
      "dome idp test okta --token-file ./id-token",
      "dome idp test okta --token-file - --agent support-triage",
    ],
  })
    .argument("<name>", "its name")
    .addOption(workspaceOption())
    .option("--token-file <file>", "an ID token is in this file; - for stdin")
    .option("--agent <agent>", "name or id of the agent to check for (default: every bound agent)")
    .action((name: string, options: TestOptions) => test(session, name, options));

async function test(session: Session, name: string, options: TestOptions): Promise<void> {
  const { workspace, tokenFile, agent } = options;
  const provider = `${shellWord(name)}${inWorkspace(workspace)}`;
  if (agent !== undefined && tokenFile === undefined)
    throw usage(
      "--agent needs --token-file",
      `dome idp test ${provider} --agent ${shellWord(agent)} --token-file FILE`,
    );
  const token = tokenFile === undefined ? undefined : (await readSecretFile(session.io, tokenFile)).trim();
  if (token === "") throw usage(`there is no token in ${tokenFile === "-" ? "stdin" : tokenFile}`);
  const service = await session.controlPlane();
  const body = defined({ token, agent });
  const seen = await service.identityProviders.test(name, body, workspace);
  const { output } = session;
  output.show({ body: seen, ids: [seen.name], text: () => textOf(output.style, seen) });
  if (!seen.ok) throw new CommandFailure(EXIT.failed, whatFailed(seen), nextFor(seen, provider));
}

function textOf(style: Style, seen: IdentityProviderTest): string {
  const documents = fields(style, [
    ["issuer", seen.issuer],
    ["discovery", `${seen.discovery.detail} (${seen.discovery.url})`],
    ["keys", `${seen.keys.detail}${seen.keys.url === null ? "" : ` (${seen.keys.url})`}`],
    [
      "usable keys",
      several(seen.keys.usable.map(({ kid, algorithms }) => `${kid ?? "(no kid)"} ${algorithms.join("/")}`)),
    ],
    ["ignored keys", String(seen.keys.ignored)],
  ]);
  if (seen.verdicts.length === 0) return documents;
  const rows = seen.verdicts.map((verdict) => [
    verdict.agent === null ? "(any)" : (verdict.agent_name ?? verdict.agent),
    verdict.detail,
    verdict.audience,
    verdict.user,
  ]);
  return `${documents}\n${table(style, ["AGENT", "TOKEN", "AUDIENCE", "USER"], rows)}`;
}

function whatFailed(seen: IdentityProviderTest): string {
  if (!seen.discovery.ok) return `the provider's discovery document cannot be used: ${seen.discovery.detail}`;
  if (!seen.keys.ok) return `the provider's keys cannot be used: ${seen.keys.detail}`;
  return "the token is refused";
}

/** @param provider its name and workspace, as words of a command. */
function nextFor(seen: IdentityProviderTest, provider: string): string {
  if (seen.discovery.ok && seen.keys.ok)
    return `dome idp show ${provider} (its audiences, algorithms and ages)`;
  if (seen.discovery.detail === "another_issuer")
    return `compare the issuer with the provider's own, slash for slash: dome idp show ${provider}`;
  const { url } = seen.discovery.ok ? seen.keys : seen.discovery;
  return url === null
    ? `dome idp show ${provider}`
    : `see what ${url} answers, then dome idp test ${provider}`;
}
