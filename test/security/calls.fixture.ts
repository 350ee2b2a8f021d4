/** Calls into the Worker as HTTP has them, and what an answer must have whatever it says. */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect } from "vitest";
import { problem, type Problem } from "../../src/contract/problem.ts";
import { PROBLEMS, type ProblemCode } from "../../src/contract/problem-codes.ts";
import { idPattern } from "../../src/kernel/ids.ts";
import type { RawEnv } from "../../src/env.ts";
import worker from "../../src/worker.ts";
import { TEST_ISSUER } from "../support/fixed-secrets.ts";
import { unlimitedRefusals } from "../support/unlimited-refusals.ts";
import { whileUndecided } from "../support/while-undecided.ts";

export interface Sent {
  /** The whole `Authorization` header. */
  readonly authorization?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object goes out as JSON with its content type, everything else as it is. */
  readonly body?: object | string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | undefined;
  /** What Cloudflare's edge says of the request; without it there is no edge. */
  readonly cf?: object;
  /** Instead of the bindings of the test. */
  readonly env?: RawEnv;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

const BINDINGS = unlimitedRefusals(env);

/** One request to the Worker, and everything it does in the background. */
export async function send(method: string, path: string, sent: Sent = {}): Promise<Answer> {
  const isRaw =
    typeof sent.body === "string" || sent.body instanceof Uint8Array || sent.body instanceof ReadableStream;
  const headers = new Headers(sent.headers);
  if (sent.authorization !== undefined) headers.set("authorization", sent.authorization);
  if (sent.body !== undefined && !isRaw) headers.set("content-type", "application/json");
  const body = sent.body === undefined ? null : isRaw ? sent.body : JSON.stringify(sent.body);
  const init = {
    method,
    headers,
    body: body as BodyInit | null,
    ...(sent.cf === undefined ? {} : { cf: sent.cf }),
  };
  const request = new Request(TEST_ISSUER + path, init as RequestInit);
  const context = createExecutionContext();
  const response = await worker.fetch(request as never, sent.env ?? BINDINGS, context);
  const text = await textOf(response);
  await waitOnExecutionContext(context);
  return { status: response.status, headers: response.headers, text };
}

/** The whole body; of a stream of events, which does not end by itself, the first piece. */
async function textOf(response: Response): Promise<string> {
  if (response.headers.get("content-type") !== "text/event-stream" || response.body === null)
    return response.text();
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const { value } = await reader.read();
  await reader.cancel();
  return new TextDecoder().decode(value);
}

export const jsonOf = (answer: Answer): unknown => (answer.text === "" ? null : JSON.parse(answer.text));

/** The body of a success; anything else fails the test with what was said. */
export async function done<T>(method: string, path: string, sent: Sent = {}): Promise<T> {
  const answer = await whileUndecided(
    () => send(method, path, sent),
    ({ status, text }) => status === 503 && text.includes('"code":"unavailable"'),
  );
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
  return jsonOf(answer) as T;
}

export const bearer = (credential: string): string => `Bearer ${credential}`;

/** What every answer has, whatever it says. @returns the request id. */
export function expectSafeHeaders({ headers }: Answer): string {
  expect(headers.get("x-content-type-options")).toBe("nosniff");
  expect(headers.get("referrer-policy")).toBe("no-referrer");
  expect(headers.get("strict-transport-security")).toBe("max-age=31536000; includeSubDomains");
  const id = headers.get("dome-request-id") ?? "";
  expect(id).toMatch(idPattern("req"));
  return id;
}

const CREDENTIAL = /dome_[ao]t_[0-9A-Za-z]{20,}|eyJ[\w-]{10,}\.eyJ/;

/** A refusal as it must be: 4xx, a problem with a stable code, nothing secret in it, nothing from inside. */
export function expectProblem(answer: Answer, ...codes: readonly ProblemCode[]): Problem {
  const requestId = expectSafeHeaders(answer);
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  const said = problem.strict().parse(jsonOf(answer));
  expect(codes).toContain(said.code);
  const { status, title } = PROBLEMS[said.code as ProblemCode];
  expect(said).toMatchObject({ type: `/problems/${said.code}`, title, status, instance: requestId });
  expect(answer.status).toBe(status);
  expect(status).toBeGreaterThanOrEqual(400);
  expect(status).toBeLessThan(500);
  expect(said.detail).toMatch(/\S/);
  expect(answer.text).not.toMatch(CREDENTIAL);
  if (status === 401)
    expect(answer.headers.get("www-authenticate")).toMatch(
      /^Bearer(?: error="invalid_token")?(?:,? resource_metadata="https?:[^"]+")?$/,
    );
  return said;
}
