/** How tests open an agent's event stream at the door of the Worker. */
import { expect } from "vitest";
import { EventReader, type Heard } from "./event-reader.ts";
import { TEST_ISSUER } from "./fixed-secrets.ts";
import { whileUndecided } from "./while-undecided.ts";
import { worker } from "./worker-api.ts";

export const openStream = (
  credential: string,
  headers: Readonly<Record<string, string>> = {},
  query = "",
): Promise<Response> =>
  whileUndecided(
    () =>
      worker(
        new Request(`${TEST_ISSUER}/api/v1/agents/self/events${query}`, {
          headers: { authorization: `Bearer ${credential}`, ...headers },
        }),
      ),
    ({ status }) => status === 503,
  );

/** @param last the number to come back with. */
export async function listen(credential: string, last?: number): Promise<EventReader> {
  const answer = await openStream(credential, last === undefined ? {} : { "last-event-id": String(last) });
  if (answer.status !== 200 || answer.body === null)
    throw new Error(`${answer.status} ${await answer.text()}`);
  expect(answer.headers.get("content-type")).toBe("text/event-stream");
  expect(answer.headers.get("cache-control")).toBe("no-store");
  return new EventReader(answer.body as ReadableStream<Uint8Array>);
}

/** A reader that has heard the state. */
export async function listening(credential: string): Promise<EventReader> {
  const reader = await listen(credential);
  expect((await reader.next())?.event.type).toBe("state");
  return reader;
}

export const typesOf = (heard: readonly (Heard | null)[]): (string | undefined)[] =>
  heard.map((each) => each?.event.type);

/** Status and code of the refusal that the stream must be. */
export async function refusedStream(
  credential: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<[number, string | undefined]> {
  const answer = await openStream(credential, headers);
  if (answer.status === 200) {
    await answer.body?.cancel();
    return [200, undefined];
  }
  const body = await answer.json<{ code?: string }>();
  return [answer.status, body.code];
}
