/**
 * What wrangler says when it fails, as one line that names the cause and the next step. What is not known here is
 * repeated in wrangler's own words, first line only.
 */
import { stripVTControlCharacters } from "node:util";
import { Stop } from "./stop.ts";
import type { Outcome } from "./wrangler.ts";

/** What to do when nobody is logged in. */
export const LOGIN = "npx wrangler login, or set CLOUDFLARE_API_TOKEN (docs/deploy.md lists its permissions)";

interface Known {
  readonly says: RegExp;
  readonly line: string;
  readonly next: string | null;
}

const KNOWN: readonly Known[] = [
  {
    says: /CLOUDFLARE_API_TOKEN environment variable for wrangler|You must be logged in|not authenticated/i,
    line: "not logged in to Cloudflare",
    next: LOGIN,
  },
  {
    says: /\[code: (?:10000|9109|10001)\]|Authentication error|Invalid access token/i,
    line: "Cloudflare refused the login: the token has expired or lacks a permission",
    next: LOGIN,
  },
  {
    says: /More than one account available/i,
    line: "the login has several accounts",
    next: "add --account ID; npx wrangler whoami lists them",
  },
  {
    says: /maximum number of D1 databases|\[code: 7406\]/i,
    line: "plan limit: the account has as many D1 databases as its plan allows",
    next: "remove one, or raise the plan",
  },
  {
    says: /cpu.?limits?.*(?:not supported|free)|\[code: 100328\]/is,
    line: "plan limit: Dome needs Workers Paid (it limits the CPU time of a request, see limits in wrangler.toml)",
    next: "https://dash.cloudflare.com/?to=/:account/workers/plans",
  },
  {
    says: /queues? (?:is|are) (?:not available|only available)|\[code: 100129\]|message_retention_period.*free/is,
    line: "plan limit: the account's plan does not allow these queues",
    next: "https://dash.cloudflare.com/?to=/:account/workers/plans",
  },
  {
    says: /enable R2|\[code: 10042\]/i,
    line: "R2 is not enabled in this account",
    next: "enable it in the dashboard, or omit --evidence-bucket",
  },
  {
    says: /register a workers\.dev subdomain|\[code: 10063\]/i,
    line: "the account has no workers.dev subdomain",
    next: "register one in the dashboard (Workers & Pages), or use a domain of the account",
  },
  {
    says: /latest version of your Worker isn't currently deployed|\[code: 1021[45]\]/i,
    line: "a gradual deployment is under way: the newest version does not have all of the traffic",
    next: "finish it (npx wrangler versions deploy) or roll it back (npx wrangler rollback), then run the command again",
  },
  {
    says: /fetch failed|ENOTFOUND|ECONNREFUSED|EAI_AGAIN|ETIMEDOUT/,
    line: "no connection to Cloudflare's API",
    next: "run the command again when the network works: it continues where it stopped",
  },
];

/**
 * @param args of the call that failed; they hold no secret.
 * @param secrets values that were in its input, masked should wrangler have repeated them.
 */
export function wranglerFault(
  args: readonly string[],
  { code, stdout, stderr }: Outcome,
  secrets: readonly string[] = [],
): Stop {
  const text = secrets.reduce(
    (masked, secret) => masked.replaceAll(secret, "[redacted]"),
    stripVTControlCharacters(`${stderr}\n${stdout}`),
  );
  const command = `wrangler ${args.join(" ")}`;
  const known = KNOWN.find(({ says }) => says.test(text));
  if (known !== undefined) return new Stop(1, `${known.line} (${command})`, known.next);
  const log = /Logs were written to "([^"]+)"/.exec(text)?.[1];
  return new Stop(
    1,
    `${command} failed: ${errorLineOf(text) ?? `exit code ${code}, without a message`}`,
    log === undefined
      ? "run the command again: it continues where it stopped"
      : `read ${log}, then run the command again`,
  );
}

/** What stands behind the first `[ERROR]`; else the first line with a word in it. */
function errorLineOf(text: string): string | undefined {
  const lines = text.split("\n").map((line) => line.trim());
  const marked = lines.findIndex((line) => line.includes("[ERROR]"));
  if (marked !== -1) {
    const [first = "", second = ""] = [
      lines[marked]?.replace(/^.*\[ERROR\]\s*/, ""),
      lines.slice(marked + 1).find((line) => /\w/.test(line) && !line.includes("Logs were written")),
    ];
    // "A request to the Cloudflare API (…) failed." has its reason in the next line.
    return /A request to the Cloudflare API/.test(first) && second !== "" ? second : first;
  }
  return lines.find((line) => /\w/.test(line) && !/⛅|Logs were written/u.test(line));
}
