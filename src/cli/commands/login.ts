/**
 * `dome login`: saves a service's URL with the operator token that belongs to it, after the service has accepted the
 * token. The token comes from DOME_TOKEN, stdin, or a hidden prompt, never from an argument.
 */
import type { Command } from "commander";
import { verb, type Title } from "../command.ts";
import { contextNamed, contextsPath, readContexts, withContext, writeContexts } from "../config.ts";
import { isLoopback, serviceUrl } from "../connection.ts";
import { CommandFailure, EXIT, usage } from "../exit.ts";
import { clean } from "../output.ts";
import type { Session } from "../session.ts";
import { warnOfExpiry } from "../token-expiry.ts";

interface LoginOptions {
  readonly url: string;
  readonly insecureHttp?: boolean;
}

export const loginCommand = (session: Session, title: Title): Command =>
  verb({
    ...title,
    description:
      "Save a service and your operator token, and make the service the current one. Dome reads the token from DOME_TOKEN or stdin. " +
      "--context gives the saved service a name; the default comes from the host in the URL.",
    examples: [
      "dome login --url https://dome.example.com",
      "dome login --url https://staging.dome.example.com --context staging < operator-token",
    ],
  })
    .requiredOption("--url <url>", "the URL of the service")
    .option("--insecure-http", "send the token over http:// to another machine")
    .action((options: LoginOptions) => login(session, options));

export async function login(session: Session, options: LoginOptions): Promise<void> {
  const url = serviceUrl(options.url);
  if (url === null) {
    throw usage(`"${options.url}" is not the URL of a service: it must be http(s)://host[:port][/path]`);
  }
  if (url.startsWith("http:") && !isLoopback(url) && options.insecureHttp !== true) {
    throw usage(
      `${url} would send the token over the network unencrypted`,
      "use https://, or add --insecure-http",
    );
  }
  const name = session.wantedContext ?? nameFor(url);
  if (!/^[a-z0-9][a-z0-9.-]{0,62}$/.test(name)) throw usage(`"${name}" is not a name for a context`);
  const token = await operatorToken(session);
  const self = await (await session.controlPlaneAt(url, token)).whoami();
  const contexts = await readContexts(session.io.env);
  // A new token for the same service keeps the chosen workspace.
  const before = contextNamed(contexts, name);
  const kept = before?.url === url ? before : {};
  await writeContexts(session.io, withContext(contexts, name, { ...kept, url, token }));
  session.output.show({
    body: { context: name, url, operator: self },
    ids: [name],
    text: () =>
      `Logged in to ${url} as ${clean(self.subject)} (${self.role}).\n` +
      `Saved as context "${name}" in ${contextsPath(session.io.env)}.`,
  });
  warnOfExpiry(session, self.token, self.expires_at);
}

async function operatorToken(session: Session): Promise<string> {
  const { env, stdin } = session.io;
  const text =
    env.DOME_TOKEN ?? (stdin.isTTY ? await stdin.ask("Operator token: ", true) : await stdin.read());
  const token = text.trim();
  if (token === "") {
    throw new CommandFailure(
      EXIT.notAuthenticated,
      "no operator token",
      "set DOME_TOKEN, or give the token on stdin",
    );
  }
  if (token.startsWith("dome_at_"))
    throw usage("this is an agent's API key; login needs an operator token (dome_ot_…)");
  if (!/^[\x21-\x7e]+$/.test(token)) throw usage("this is not an operator token (dome_ot_…)");
  return token;
}

/** `local` for this machine, otherwise the host. */
function nameFor(url: string): string {
  return isLoopback(url) ? "local" : new URL(url).hostname;
}
