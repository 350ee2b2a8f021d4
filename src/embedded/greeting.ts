/**
 * The text that a person sees when a server on this machine is ready. The server is also saved for the command line.
 */
import { systemClock } from "../kernel/clock.ts";
import { shellWord } from "../kernel/shell-word.ts";
import { contextsPath, saveContexts } from "./cli-context.ts";
import { localToken } from "./local-operator.ts";

interface Ready {
  /** The URL at which this machine reaches the server. */
  readonly url: string;
  readonly issuer: string;
  readonly adminToken: string;
  /** The state folder, for commands that need it; null for the one where they look by themselves. */
  readonly stateFolder: string | null;
  /** The issuer of the test users; null when there are none. */
  readonly testIssuer: string | null;
  /** The name of its context. */
  readonly contextName: string;
}

/** Saves the contexts of the command line, and prints the URL of the server and commands to try. */
export async function greet(server: Ready): Promise<void> {
  const saved = await saveContexts(contextsPath(process.env), server, (token) =>
    localToken(server.url, server.adminToken, token, systemClock.now()),
  );
  const use = saved.current ? "" : ` (make it current: ./dome context use ${saved.name})`;
  const dome = saved.current || saved.name === null ? "./dome" : `./dome --context ${saved.name}`;
  process.stdout.write(`Dome is ready at ${server.url}
  issuer   ${server.issuer}
  context  ${saved.name === null ? "not saved" : `${saved.name}, an operator${use}`}
  admin    ${saved.admin === null ? "not saved" : `${saved.admin}, for commands that need the admin role: --context ${saved.admin}`}

Try in another terminal:
  ${dome} agents register --name support-triage --tier standard --tool zendesk --pool premium-reasoning --require-actas oidc
  ${dome} agents activate support-triage
  ${dome} audit list
${server.testIssuer === null ? "" : testUsersText(server.testIssuer, saved.admin ?? `${server.contextName}-admin`, server.stateFolder)}`);
  for (const remark of saved.remarks) process.stderr.write(`dome: ${remark}\n`);
}

const testUsersText = (issuer: string, admin: string, folder: string | null): string => `
Test users (no real sign-in):
  ./dome idp add test-users --issuer ${issuer} --audience support-app=support-triage --context ${admin}
  ./dome users test-token alice --audience support-app${folder === null ? "" : ` --state ${shellWord(folder)}`}
`;
