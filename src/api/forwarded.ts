/** What no door forwards to the server behind a tool, whatever its kind. */
import type { Refusal } from "../operations/answer/refusal.ts";

const invalid = (detail: string): Refusal => ({ code: "invalid_request", detail });

/** Ways that a door does not go: to another protocol, or in a circle. */
export function refusedWay(headers: Headers): Refusal | undefined {
  if (headers.has("upgrade")) {
    return invalid("The door does not forward upgrades such as WebSocket. Use HTTP requests and streams.");
  }
  if (headers.has("dome-context") || /\bdome\b/i.test(headers.get("via") ?? "")) {
    return invalid("The call has come through Dome already: the URL of a tool leads back here.");
  }
  return undefined;
}

/**
 * True for a body, or a header, that holds a key of Dome or what this very call authenticates with (P10).
 * @param body as text, in which no escape hides a letter; empty for a body that is not read.
 */
export function bearsOwn({ headers }: Request, body: string): boolean {
  const own = ["authorization", "dome-act-as"]
    .map((each) => (headers.get(each) ?? "").replace(/^Bearer +/i, ""))
    .filter((text) => text.length >= 16);
  const forwarded = [...headers].filter(([each]) => each !== "authorization" && each !== "dome-act-as");
  return [...forwarded.map(([, value]) => value), body].some(
    (text) => /dome_[ao]t_[0-9A-Za-z]{49}/.test(text) || own.some((each) => text.includes(each)),
  );
}
