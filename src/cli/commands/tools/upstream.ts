/** `--url`, `--auth`, `--forward-header`, `--redact-path`: the server behind a tool, and what of it agents get. */
import { InvalidArgumentError, Option, type Command } from "commander";
import {
  MOST_CALLS,
  type ContextHeader,
  type DomeContext,
  type UpstreamAuth,
} from "../../../contract/upstream.ts";
import { BUILT_IN_PATTERNS, type RedactUnreadable } from "../../../contract/redaction.ts";
import { defined } from "../../../kernel/defined.ts";
import { usage } from "../../exit.ts";
import { collect } from "../../option-values.ts";

export interface UpstreamOptions {
  readonly url?: string;
  readonly auth?: AuthOption;
  readonly tokenUrl?: string;
  readonly clientId?: string;
  readonly clientAuth?: OAuth["client_auth"];
  readonly scope?: string;
  readonly resource?: string;
  readonly user?: UserOption;
  readonly userAudience?: string;
  readonly forwardHeader?: readonly string[];
  readonly domeContext?: boolean;
  readonly contextAudience?: string;
  readonly contextHeader?: readonly string[];
  readonly additionalQuery?: boolean;
  readonly redactPath?: readonly string[];
  readonly redactPattern?: readonly string[];
  readonly redactUnreadable?: RedactUnreadable;
  readonly maxOpenCalls?: number;
}

export const withUpstreamOptions = (command: Command): Command =>
  command
    .option("--url <url>", "the server behind the tool, for the kinds mcp and http")
    .addOption(
      new Option(
        "--auth <how>",
        "how Dome authenticates to the server: none, bearer, basic:USER, header:NAME or oauth_client_credentials",
      ).argParser(parseAuth),
    )
    .option(
      "--token-url <url>",
      "the token endpoint of the authorization server; with oauth_client_credentials",
    )
    .option("--client-id <client>", "Dome's client there; the credential is its secret")
    .addOption(
      new Option("--client-auth <how>", "where the client's secret stands").choices(["basic", "post"]),
    )
    .option("--scope <scope>", "the scope of the token")
    .option("--resource <url>", "what the token is for (default: the tool's URL)")
    .addOption(
      new Option(
        "--user <how>",
        "get a token of the call's end user: by token exchange (RFC 8693) or jwt-bearer (RFC 7523); none: Dome's own",
      ).choices(["exchange", "jwt-bearer", "none"]),
    )
    .option("--user-audience <url>", "the authorization server's issuer (default: the token URL)")
    .option(
      "--forward-header <header>",
      "forward this header too, in both directions; repeat for more",
      collect,
    )
    .option(
      "--dome-context",
      "send the signed context of each call along, for the tool's URL as its audience",
    )
    .option("--context-audience <url>", "the same, for this audience")
    .option(
      "--context-header <header>",
      "decide on this header of the caller too, record it, and tell the server; HEADER:required denies calls without it; repeat for more",
      collect,
    )
    .option(
      "--redact-path <pointer>",
      "redact this member of answers, such as /customer/iban; * is any member or item, ** any number of them; repeat for more",
      collect,
    )
    .option(
      "--redact-pattern <pattern>",
      `redact this in texts of answers: ${BUILT_IN_PATTERNS.join(", ")}, or an expression between slashes; repeat for more`,
      collect,
    )
    .addOption(
      new Option(
        "--redact-unreadable <how>",
        "what becomes of answers that cannot be redacted, such as images",
      ).choices(["refuse", "pass"]),
    )
    .addOption(
      new Option(
        "--max-open-calls <n>",
        `how many calls an isolate has open at once, streams included, at most ${MOST_CALLS}`,
      ).argParser(parseOpenCalls),
    );

/**
 * The options as members of a request.
 * @throws CommandFailure (exit 2) when an authorization server is named in part.
 */
export const upstreamMembers = ({
  url,
  forwardHeader,
  contextHeader,
  additionalQuery,
  redactPath,
  redactPattern,
  redactUnreadable,
  maxOpenCalls,
  ...more
}: UpstreamOptions) =>
  defined({
    url,
    auth: authMember(more),
    additional_query: additionalQuery,
    forward_headers: forwardHeader?.map((name) => name.toLowerCase()),
    dome_context: contextMember(more),
    context_headers: contextHeader?.map(contextHeaderOf),
    redact_paths: redactPath && [...redactPath],
    redact_patterns: redactPattern && [...redactPattern],
    redact_unreadable: redactUnreadable,
    max_open_calls: maxOpenCalls,
  });

function contextHeaderOf(text: string): ContextHeader {
  const name = text.replace(/:required$/, "");
  return { name: name.toLowerCase(), required: name !== text };
}

function contextMember({
  domeContext,
  contextAudience,
}: Pick<UpstreamOptions, "domeContext" | "contextAudience">): DomeContext | null | undefined {
  if (domeContext === false) return null;
  if (contextAudience !== undefined) return { audience: contextAudience };
  return domeContext === true ? { audience: null } : undefined;
}

type OAuth = Extract<UpstreamAuth, { readonly type: "oauth_client_credentials" }>;
/** What `--auth` says; the rest of an authorization server is in options of its own. */
type AuthOption = Exclude<UpstreamAuth, OAuth> | { readonly type: OAuth["type"] };
type UserOption = "exchange" | "jwt-bearer" | "none";

function authMember({ auth, ...of }: Omit<UpstreamOptions, "url">): UpstreamAuth | undefined {
  const { tokenUrl, clientId, clientAuth, scope, resource, user, userAudience } = of;
  if (auth?.type !== "oauth_client_credentials") {
    const odd = Object.entries({ tokenUrl, clientId, clientAuth, scope, resource, user, userAudience }).find(
      ([, value]) => value !== undefined,
    );
    if (odd !== undefined)
      throw usage("an authorization server goes with --auth oauth_client_credentials: name all of it");
    return auth;
  }
  if (tokenUrl === undefined || clientId === undefined)
    throw usage("--auth oauth_client_credentials needs --token-url and --client-id");
  return {
    type: auth.type,
    token_url: tokenUrl,
    client_id: clientId,
    client_auth: clientAuth ?? "basic",
    scope: scope ?? null,
    resource: resource ?? null,
    user: userMember(user, userAudience ?? null),
  };
}

function userMember(user: UserOption | undefined, audience: string | null): OAuth["user"] {
  if (user === "exchange") return { grant: "token_exchange", audience };
  if (user === "jwt-bearer") return { grant: "jwt_bearer", audience };
  if (audience !== null) throw usage("--user-audience goes with --user exchange or --user jwt-bearer");
  return null;
}

function parseOpenCalls(value: string): number {
  const calls = /^[1-9]\d{0,2}$/.test(value) ? Number(value) : 0;
  if (calls >= 1 && calls <= MOST_CALLS) return calls;
  throw new InvalidArgumentError(`It must be a whole number, 1 to ${MOST_CALLS}.`);
}

function parseAuth(value: string): AuthOption {
  const [, type, detail] =
    /^(none|bearer|basic|header|oauth_client_credentials)(?::(.+))?$/.exec(value) ?? [];
  const isAlone = type === "none" || type === "bearer" || type === "oauth_client_credentials";
  if (isAlone && detail === undefined) return { type };
  if (type === "basic" && detail !== undefined) return { type, username: detail };
  if (type === "header" && detail !== undefined) return { type, name: detail.toLowerCase() };
  throw new InvalidArgumentError(
    "It must be none, bearer, basic:USER, header:NAME or oauth_client_credentials.",
  );
}

export const authText = (auth: UpstreamAuth): string => {
  if (auth.type === "basic") return `basic:${auth.username}`;
  if (auth.type === "oauth_client_credentials") {
    const { token_url: at, client_id: client, user } = auth;
    return `client ${client} at ${at}${user === null ? "" : `, for each user (${user.grant})`}`;
  }
  return auth.type === "header" ? `header:${auth.name}` : auth.type;
};
