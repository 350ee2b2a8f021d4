/** `--url`, `--auth` and `--forward-header`: the server behind a tool. */
import { InvalidArgumentError, Option, type Command } from "commander";
import type { ContextHeader, DomeContext, UpstreamAuth } from "../../../contract/upstream.ts";
import { defined } from "../../../kernel/defined.ts";
import { collect } from "../../option-values.ts";

export interface UpstreamOptions {
  readonly url?: string;
  readonly auth?: UpstreamAuth;
  readonly forwardHeader?: readonly string[];
  readonly domeContext?: boolean;
  readonly contextAudience?: string;
  readonly contextHeader?: readonly string[];
  readonly additionalQuery?: boolean;
}

export const withUpstreamOptions = (command: Command): Command =>
  command
    .option("--url <url>", "the server behind the tool, for the kinds mcp and http")
    .addOption(
      new Option(
        "--auth <how>",
        "how Dome authenticates to the server: none, bearer, basic:USER or header:NAME",
      ).argParser(parseAuth),
    )
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
    );

/** The options as members of a request. */
export const upstreamMembers = ({
  url,
  auth,
  forwardHeader,
  contextHeader,
  additionalQuery,
  ...context
}: UpstreamOptions) =>
  defined({
    url,
    auth,
    additional_query: additionalQuery,
    forward_headers: forwardHeader?.map((name) => name.toLowerCase()),
    dome_context: contextMember(context),
    context_headers: contextHeader?.map(contextHeaderOf),
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

function parseAuth(value: string): UpstreamAuth {
  const [, type, detail] = /^(none|bearer|basic|header)(?::(.+))?$/.exec(value) ?? [];
  if ((type === "none" || type === "bearer") && detail === undefined) return { type };
  if (type === "basic" && detail !== undefined) return { type, username: detail };
  if (type === "header" && detail !== undefined) return { type, name: detail.toLowerCase() };
  throw new InvalidArgumentError("It must be none, bearer, basic:USER or header:NAME.");
}

export const authText = (auth: UpstreamAuth): string => {
  if (auth.type === "basic") return `basic:${auth.username}`;
  return auth.type === "header" ? `header:${auth.name}` : auth.type;
};
