/** A stream of events that is redacted, however its bytes are cut and whatever stands beside its messages. */
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { masked } from "../../../../src/gateway/credential/masked-answer.ts";
import type { ClientRequest } from "../../../../src/gateway/mcp/client-request.ts";
import { McpOutcome } from "../../../../src/gateway/mcp/outcome.ts";
import { readAnswer } from "../../../../src/gateway/mcp/read-answer.ts";
import { MessageRedaction } from "../../../../src/gateway/mcp/redact-message.ts";
import { utf8 } from "../../../../src/kernel/bytes.ts";
import { ok } from "../../../../src/kernel/result.ts";
import { ManualTime } from "../../../support/manual-timers.ts";

const CARD = "4111111111111111";
const IBAN = "DE89370400440532013000";
const SECRET = 'upstream-+"9b1c44';

const inner = JSON.stringify({ iban: IBAN, note: `of ${CARD}`, sent: SECRET });
const RESULT = {
  content: [
    { type: "text", text: inner },
    { type: "text", text: JSON.stringify(inner) },
  ],
  structuredContent: { iban: IBAN, cards: [CARD, Number(CARD)], [CARD]: SECRET },
  _meta: { iban: { of: IBAN } },
};

/** What an escape hides, a few times over. */
const read = (text: string): string =>
  Array.from({ length: 6 }).reduce<string>(
    (each) =>
      each.replaceAll(/\\(?:u([\da-f]{4})|(.))/giu, (_all, four?: string, one?: string) =>
        one === undefined ? String.fromCharCode(parseInt(four ?? "", 16)) : one,
      ),
    text,
  );

async function heard(bytes: Uint8Array, cuts: readonly number[], takesEvents: boolean): Promise<string> {
  const time = new ManualTime();
  const places = [0, ...cuts.map((at) => at % bytes.length).toSorted((a, b) => a - b), bytes.length];
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (const [at, end] of places.slice(1).entries()) controller.enqueue(bytes.slice(places[at], end));
      controller.close();
    },
  });
  const headers = new Headers({ "content-type": "text/event-stream" });
  const answer = await masked(
    ok({ status: 200, headers, body }),
    new Headers({ authorization: `Bearer ${SECRET}` }),
  );
  if (!answer.ok) throw new Error("an answer was lost");
  const request = {
    message: { kind: "request", id: 7, method: "tools/call", params: {} },
    takesEvents,
  } as unknown as ClientRequest;
  const { signal } = new AbortController();
  const performed = await readAnswer(
    { ...answer.value, eventIds: "kept", heard: (_message, text) => text },
    {
      timers: time,
      clock: time,
      request,
      outcome: new McpOutcome(time, "", undefined),
      redaction: new MessageRedaction({
        redaction: { redactPaths: ["/iban"], redactPatterns: ["card_number"], redactUnreadable: "refuse" },
      }),
      most: 1_000_000,
      signal,
      stop: signal,
    },
  );
  const { value } = performed;
  if (value.kind === "none") throw new Error(value.why);
  const text = value.kind === "message" ? value.text : await new Response(value.body).text();
  await performed.end;
  return text;
}

const ends = fc.constantFrom("\n", "\r", "\r\n");
const beside = fc.constantFrom(
  [`: ${CARD}`],
  [`x-${CARD}: ${SECRET}`],
  [`event: ${CARD}`],
  [`id: ${CARD}`, "retry: 10"],
  [`id: ${SECRET}`],
  [],
);
const log = { method: "notifications/message", params: { level: "info", data: { iban: IBAN, text: CARD } } };

it("has nothing left of what is redacted, or of Dome's credential, and is whole for its client (P10)", async () => {
  await fc.assert(
    fc.asyncProperty(
      ends,
      fc.array(beside, { minLength: 3, maxLength: 3 }),
      fc.array(fc.nat(5_000), { maxLength: 40 }),
      fc.boolean(),
      fc.boolean(),
      async (end, lines, cuts, takesEvents, isEscaped) => {
        const messages = [log, { id: 7, result: RESULT }].map((each) => {
          const json = JSON.stringify({ jsonrpc: "2.0", ...each });
          return isEscaped ? json.replaceAll("4", "\\u0034") : json;
        });
        // A number has no escapes.
        const written = messages.map((each) => each.replaceAll(/,\\u0034(\d*)/g, ",4$1"));
        const events = written.map((each, at) => [...(lines[at] ?? []), `data: ${each}`, "", ""].join(end));
        const text = await heard(utf8([...(lines[2] ?? []), "", ...events].join(end)), cuts, takesEvents);
        for (const each of [text, read(text)]) {
          expect(each).not.toContain(CARD);
          expect(each).not.toContain(IBAN);
          expect(each).not.toContain(SECRET);
        }
        const last = takesEvents ? [...text.matchAll(/^data: (.+)$/gm)].at(-1)?.[1] : text;
        expect(JSON.parse(last ?? "")).toMatchObject({
          id: 7,
          result: { structuredContent: { iban: "[redacted]" } },
        });
      },
    ),
    { numRuns: 300 },
  );
});
