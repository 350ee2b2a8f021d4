/** Rewords the service's message about a member of the request for the option that was typed. */
import type { Problem } from "../../sdk/typescript/src/errors.ts";

/** The options from which a member may come, where their names differ. */
const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  "surface.tools": ["--tool", "--add-tool"],
  "surface.pools": ["--pool", "--add-pool"],
  "surface.integrations": ["--integration", "--add-integration"],
  acr_values: ["--acr"],
  algorithms: ["--algorithm"],
  all_workspaces: ["--all-workspaces"],
  "auth.client_auth": ["--client-auth"],
  "auth.client_id": ["--client-id"],
  "auth.resource": ["--resource"],
  "auth.scope": ["--scope"],
  "auth.token_url": ["--token-url"],
  "auth.user": ["--user-audience", "--user"],
  argument_schemas: ["--schema"],
  arguments: ["--args"],
  audiences: ["--audience"],
  authorized_parties: ["--azp"],
  delegates_to: ["--delegates-to", "--add-delegate"],
  document: ["--openapi"],
  drain_seconds: ["--drain"],
  context_headers: ["--context-header"],
  dome_context: ["--context-audience", "--dome-context"],
  forward_headers: ["--forward-header"],
  expires_at: ["--expires"],
  key_expires_at: ["--key-expires"],
  labels: ["--label"],
  max_age_seconds: ["--max-age"],
  max_auth_age_seconds: ["--max-auth-age"],
  models: ["--model"],
  operations: ["--operation"],
  overlap_seconds: ["--overlap"],
  redact_paths: ["--redact-path"],
  redact_patterns: ["--redact-pattern"],
  value: ["--secret-env", "--secret-file"],
  workspaces: ["--workspace"],
};

/**
 * The option for a member; the member itself when the command has no such option.
 * @param flags the long options of the command, those that were typed first.
 */
function optionFor(member: string, flags: readonly string[]): string {
  const steps = member.split(".");
  const [first = ""] = steps;
  const known = OPTIONS[steps.slice(0, 2).join(".")] ?? OPTIONS[first] ?? [`--${first.replaceAll("_", "-")}`];
  return flags.find((flag) => known.includes(flag)) ?? member;
}

/** Rewords `604800 seconds (7 days)` as `7d`, the form that options accept. */
const inUnits = (text: string): string =>
  text.replaceAll(/\b\d+ seconds \((\d+) (day|hour|minute)s?\)/g, (_all, count: string, unit: string) => {
    return `${count}${unit.charAt(0)}`;
  });

interface SaidOfOptions {
  readonly message: string;
  readonly errors: readonly { readonly member: string; readonly detail: string }[];
}

/** @param message the service's message about the whole request, which names the first faulty member. */
export function inOptions(message: string, problem: Problem, flags: readonly string[]): SaidOfOptions {
  const errors = problem.errors ?? [];
  const said = errors.map(({ member, detail }) => {
    const option = optionFor(member, flags);
    return { member: option, detail: option === member ? detail : inUnits(detail) };
  });
  const first = errors[0];
  const named = said[0];
  if (first === undefined || named === undefined || named.member === first.member)
    return { message, errors: said };
  const sentence = ["body", "query"]
    .map((where) => `${where} member ${first.member}: ${first.detail}`)
    .find((begin) => message.startsWith(begin));
  return {
    message:
      sentence === undefined ? message : `${named.member}: ${named.detail}${message.slice(sentence.length)}`,
    errors: said,
  };
}
