import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  ConflictError,
  ConnectionError,
  ForbiddenError,
  InvalidRequestError,
  NotAuthenticatedError,
  NotFoundError,
  ServerError,
  TimeoutError,
  UnavailableError,
  UnreadableAnswerError,
  type ApiError,
} from "../../../sdk/typescript/src/errors.ts";
import { route, Transport } from "../../../src/client/transport.ts";
import { FakeService, hangUp, json, problem, timeOut } from "./fake-service.ts";

const answer = z.strictObject({ ok: z.boolean(), inner: z.strictObject({ n: z.int() }).optional() });

function transportTo(service: FakeService, token: string | null = "dome_ot_x"): Transport {
  return new Transport({ ...service.ports, url: "https://dome.example.com/", token });
}

const change = (service: FakeService) =>
  transportTo(service).change("POST", "/api/v1/agents", answer, { body: { name: "a" } });
const read = (service: FakeService) =>
  transportTo(service).read("/api/v1/agents", answer, { limit: 5, tier: undefined });

describe("a request", () => {
  test("goes to the service's URL with the bearer token, and is not allowed to follow a redirect", async () => {
    const service = new FakeService(json(200, { ok: true }));
    expect(await read(service)).toEqual({ ok: true });
    expect(service.seen[0]?.url).toBe("https://dome.example.com/api/v1/agents?limit=5");
    expect(service.seen[0]?.headers.get("authorization")).toBe("Bearer dome_ot_x");
    const redirecting = new FakeService(
      new Response(null, { status: 302, headers: { Location: "https://evil.example" } }),
    );
    await expect(read(redirecting)).rejects.toBeInstanceOf(UnreadableAnswerError);
    expect(redirecting.seen).toHaveLength(1);
  });

  test("carries no credential when it has none", async () => {
    const service = new FakeService(json(200, { ok: true }));
    await transportTo(service, null).read("/.well-known/jwks.json", answer);
    expect(service.seen[0]?.headers.has("authorization")).toBe(false);
  });

  test("keeps a name inside its path segment", () => {
    expect(route`/api/v1/agents/${"a/../b?c"}`).toBe("/api/v1/agents/a%2F..%2Fb%3Fc");
    for (const name of ["", ".", ".."])
      expect(() => route`/api/v1/agents/${name}/revoke`).toThrow(/no name and no id/);
  });
});

describe("a change", () => {
  test("carries an Idempotency-Key and repeats it in its own retries, so that it has its effect once (P12)", async () => {
    const service = new FakeService(hangUp(), problem(503, "unavailable"), json(201, { ok: true }));
    expect(await change(service)).toEqual({ ok: true });
    expect(service.seen).toHaveLength(3);
    const [first, ...others] = service.keys;
    expect(first).toMatch(/^[0-9a-f]{32}$/);
    expect(others).toEqual([first, first]);
    expect(service.seen.map((seen) => seen.body)).toEqual(['{"name":"a"}', '{"name":"a"}', '{"name":"a"}']);
  });

  test("has another Idempotency-Key than the change before it", async () => {
    const service = new FakeService(json(201, { ok: true }));
    const transport = transportTo(service);
    await transport.change("POST", "/x", answer);
    await transport.change("POST", "/x", answer);
    expect(new Set(service.keys).size).toBe(2);
  });

  test("waits for its own first copy while that is still running, without counting it as a retry (P12)", async () => {
    const running = () => problem(409, "request_in_progress", { "Retry-After": "5" });
    const service = new FakeService(
      hangUp(),
      running(),
      running(),
      running(),
      running(),
      json(201, { ok: true }),
    );
    expect(await change(service)).toEqual({ ok: true });
    expect(service.slept.slice(1)).toEqual([5000, 5000, 5000, 5000]);
  });

  test("is not waited for without end, nor asked in a loop, when the service names no time to wait", async () => {
    const service = new FakeService(problem(409, "request_in_progress", { "Retry-After": "0" }));
    await expect(change(service)).rejects.toMatchObject({ code: "request_in_progress" });
    expect(new Set(service.slept)).toEqual(new Set([500]));
    expect(service.slept).toHaveLength(70);
  });

  test("stops waiting for its first copy after 35 s, when somebody must have taken it over", async () => {
    const service = new FakeService(problem(409, "request_in_progress", { "Retry-After": "10" }));
    await expect(change(service)).rejects.toMatchObject({
      name: "ConflictError",
      code: "request_in_progress",
    });
    expect(service.slept).toEqual([10_000, 10_000, 10_000]);
  });
});

describe("retries", () => {
  test("are two, with a growing pause", async () => {
    const service = new FakeService(hangUp());
    await expect(read(service)).rejects.toBeInstanceOf(ConnectionError);
    expect(service.seen).toHaveLength(3);
    const [first = 0, second = 0] = service.slept;
    expect(first).toBeGreaterThanOrEqual(125);
    expect(first).toBeLessThanOrEqual(250);
    expect(second).toBeGreaterThanOrEqual(250);
    expect(second).toBeLessThanOrEqual(500);
  });

  test.each([
    [429, "unavailable"],
    [500, "internal"],
    [502, "internal"],
    [503, "configuration_pending"],
  ])("follow a %i", async (status, code) => {
    const service = new FakeService(problem(status, code), json(200, { ok: true }));
    expect(await read(service)).toEqual({ ok: true });
  });

  test.each([400, 401, 403, 404, 409, 412, 422])(
    "do not follow a %i, which would be the same again",
    async (status) => {
      const service = new FakeService(problem(status, "invalid_request"));
      await expect(read(service)).rejects.toThrow("what is wrong: invalid_request");
      expect(service.seen).toHaveLength(1);
    },
  );

  test("wait as long as Retry-After says, in seconds or as a date", async () => {
    const inSeconds = new FakeService(
      problem(503, "unavailable", { "Retry-After": "3" }),
      json(200, { ok: true }),
    );
    await read(inSeconds);
    expect(inSeconds.slept).toEqual([3000]);
    const asDate = new FakeService(
      problem(503, "unavailable", { "Retry-After": "Mon, 23 Nov 2026 09:00:07 GMT" }),
      json(200, { ok: true }),
    );
    await read(asDate);
    expect(asDate.slept).toEqual([7000]);
  });

  test("are not made when the service asks for more than 30 s: the caller decides", async () => {
    const service = new FakeService(problem(503, "unavailable", { "Retry-After": "31" }));
    await expect(read(service)).rejects.toMatchObject({ name: "UnavailableError", retryAfterMs: 31_000 });
    expect(service.slept).toEqual([]);
  });

  test("follow a time-out, whose effect is unknown, because the Idempotency-Key makes that harmless", async () => {
    const service = new FakeService(timeOut(), json(201, { ok: true }));
    await change(service);
    expect(service.keys[0]).toBe(service.keys[1]);
    await expect(change(new FakeService(timeOut()))).rejects.toBeInstanceOf(TimeoutError);
  });
});

describe("a refusal", () => {
  const classes: [number, string, new (...args: never[]) => ApiError][] = [
    [400, "invalid_request", InvalidRequestError],
    [401, "invalid_token", NotAuthenticatedError],
    [403, "forbidden", ForbiddenError],
    [404, "not_found", NotFoundError],
    [409, "name_taken", ConflictError],
    [412, "precondition_failed", ConflictError],
    [413, "body_too_large", InvalidRequestError],
    [422, "unknown_reference", InvalidRequestError],
    [429, "unavailable", UnavailableError],
    [500, "internal", ServerError],
    [503, "unavailable", UnavailableError],
  ];
  test.each(classes)(
    "of status %i and code %s has its class, code, request id and problem",
    async (status, code, type) => {
      const failure: unknown = await read(new FakeService(problem(status, code))).catch(
        (fault: unknown) => fault,
      );
      expect(failure).toBeInstanceOf(type);
      expect(failure).toMatchObject({
        status,
        code,
        requestId: "req_1",
        message: `what is wrong: ${code}`,
        problem: { code, status },
      });
    },
  );

  test("of the token endpoint has its registered code, the finer one beside it, and no problem", async () => {
    const body = {
      error: "unauthorized_client",
      error_description: "The agent is suspended.",
      dome_error: "agent_suspended",
    };
    await expect(read(new FakeService(json(400, body)))).rejects.toMatchObject({
      name: "InvalidRequestError",
      code: "unauthorized_client",
      domeError: "agent_suspended",
      message: "The agent is suspended.",
      problem: null,
    });
  });

  test("without a problem document is told by its status, not guessed", async () => {
    const page = new Response("<html>Bad gateway</html>", { status: 502 });
    await expect(read(new FakeService(page))).rejects.toMatchObject({
      name: "ServerError",
      code: "http_502",
    });
    const stranger = new Response("<html>Not here</html>", { status: 404 });
    await expect(read(new FakeService(stranger))).rejects.toBeInstanceOf(UnreadableAnswerError);
  });
});

describe("an answer", () => {
  test("that the contract does not know is refused, with the member at fault", async () => {
    await expect(read(new FakeService(json(200, { ok: "yes" })))).rejects.toThrow(
      /ok: must be true or false/,
    );
    await expect(read(new FakeService(new Response("<html>")))).rejects.toThrow(/it is not JSON/);
  });

  test("of a newer service may have members that this client does not know: they are dropped", async () => {
    const service = new FakeService(json(200, { ok: true, news: 1, inner: { n: 1, more: { deep: 2 } } }));
    expect(await read(service)).toEqual({ ok: true, inner: { n: 1 } });
  });
});
