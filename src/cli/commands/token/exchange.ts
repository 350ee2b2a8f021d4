/**
 * `dome token exchange`: exchanges a token of a user, or of another agent, for one with which this agent acts for them.
 * Only the new token goes to stdout.
 */
import { Option, type Command } from "commander";
import type { TokenKind, TypedToken } from "../../../client/agent-client.ts";
import { verb } from "../../command.ts";
import { agentKeyFileOption } from "../../option-values.ts";
import { clean } from "../../output.ts";
import type { Session } from "../../session.ts";
import { oneStdin, readTokenFile } from "../../token-file.ts";
import { decodeToken } from "../../token-text.ts";

interface ExchangeOptions {
  readonly subject: string;
  readonly subjectType?: TokenKind;
  readonly actor?: string;
  readonly scope?: string;
  readonly audience?: string;
  readonly keyFile?: string;
}

const KINDS: readonly TokenKind[] = ["access_token", "id_token", "jwt"];

export const exchangeCommand = (session: Session): Command =>
  verb({
    name: "exchange",
    summary: "Exchange a user's or another agent's token for one to act for them",
    description:
      "Exchange the token of a user (an ID token) or of another agent (its call token) for a call token with which " +
      "this agent acts for them (RFC 8693). The agent's key is read from DOME_AGENT_KEY or --key-file. The new token " +
      "alone goes to stdout, its scope to stderr. Tokens are read from files or stdin, because every process of this " +
      "machine can read an argument.",
    examples: [
      "dome token exchange --subject ./user.jwt --key-file ./support-triage.key",
      "dome token exchange --subject ./caller.token --scope tool:zendesk/create_ticket",
    ],
  })
    .requiredOption("--subject <file>", "the token of the one for whom the agent acts; - for stdin")
    .addOption(
      new Option(
        "--subject-type <type>",
        "what it is (default: access_token for a call token, else id_token)",
      ).choices(KINDS),
    )
    .option("--actor <file>", "a call token of the agent that acts (default: the agent of the key)")
    .option("--scope <scope>", "no more than the subject's token has (default: all of it)")
    .option("--audience <url>", "for one door only (default: what the subject's token is for)")
    .addOption(agentKeyFileOption())
    .action((options: ExchangeOptions) => exchange(session, options));

async function exchange(session: Session, options: ExchangeOptions): Promise<void> {
  const { subject, subjectType, actor, scope, audience, keyFile } = options;
  oneStdin({ "--subject": subject, "--actor": actor, "--key-file": keyFile });
  const token = await readTokenFile(session.io, subject, "--subject");
  const wish = {
    subject: { token, type: subjectType ?? kindOf(token) },
    actor: actor === undefined ? undefined : typed(await readTokenFile(session.io, actor, "--actor")),
    scope,
    resource: audience,
  };
  const issued = await (await session.agentDoor(keyFile)).exchange(wish);
  session.output.show({
    body: issued,
    ids: [issued.access_token],
    text: () => clean(issued.access_token),
  });
  if (session.output.mode === "text") {
    session.output.note(`valid for ${issued.expires_in} s, scope: ${clean(issued.scope)}`);
  }
}

const typed = (token: string): TypedToken => ({ token, type: kindOf(token) });

/** The kind of a token, by its header (RFC 9068 §2.1); the service decides by what it verifies. */
function kindOf(token: string): TokenKind {
  const typ = decodeToken(token)?.header["typ"];
  const callToken = typeof typ === "string" && /^(?:application\/)?at\+jwt$/i.test(typ);
  return callToken ? "access_token" : "id_token";
}
