import { inspect } from "node:util";
import { afterEach, describe, expect, it, vi } from "vitest";
import { DomeClient, Introspection } from "../../../sdk/typescript/src/dome.ts";
import type { DomeClientOptions } from "../../../sdk/typescript/src/dome.ts";
import { platformPorts } from "../../../sdk/typescript/src/ports.ts";
import { BASE, eventsOf, FakeDome, hangUp, json, KEY, TOOL } from "./fake-dome.ts";

const made = (options: object) =>
  new DomeClient({ baseUrl: BASE, token: KEY, ...options } as DomeClientOptions);

afterEach(() => vi.unstubAllGlobals());

describe("the options", () => {
  it.each<[string, object, RegExp]>([
    ["no URL", { baseUrl: "dome.example.com" }, /baseUrl/],
    ["another scheme", { baseUrl: "ftp://dome.example.com" }, /https/],
    ["a password in the URL", { baseUrl: "https://a:b@dome.example.com" }, /no user/],
    ["http to another machine", { baseUrl: "http://dome.example.com" }, /insecureHttp/],
    ["a key with a line end", { token: `${KEY}\n` }, /49 letters and digits/],
    ["a key that is cut", { token: KEY.slice(0, -1) }, /49 letters and digits/],
    ["an operator's token", { token: `dome_ot_${"k".repeat(49)}` }, /operator/],
    ["no text", { token: 7 }, /not a text/],
  ])("refuse %s, and do not repeat what may be a secret (P4)", (_what, options, message) => {
    const fault = thrown(() => made(options));
    expect(fault).toMatchObject({ name: "ConfigurationError", code: "invalid_argument" });
    expect(fault.message).toMatch(message);
    expect(fault.message).not.toContain(KEY.slice(0, -1));
  });

  it.each([
    "http://localhost:8787",
    "http://127.0.0.1:8787/",
    "http://[::1]:8787",
    "https://dome.example.com/dome",
  ])("take %s", (baseUrl) => {
    expect(made({ baseUrl })).toBeInstanceOf(DomeClient);
  });

  it("take a URL in time linear in its length: this ends only then", () => {
    expect(made({ baseUrl: `${BASE}/${"/".repeat(1_000_000)}x` })).toBeInstanceOf(DomeClient);
  });

  it("refuse a key in a browser, where everybody could read it, and take a callback there", () => {
    vi.stubGlobal("process", undefined);
    vi.stubGlobal("document", {});
    expect(thrown(() => made({})).message).toMatch(/must not be in a browser/);
    expect(new DomeClient({ baseUrl: BASE, getToken: () => "eyJ.a.b" })).toBeInstanceOf(DomeClient);
  });

  it("take a key on Cloudflare Workers, which are no browser", () => {
    vi.stubGlobal("process", undefined);
    vi.stubGlobal("importScripts", () => undefined);
    vi.stubGlobal("navigator", { userAgent: "Cloudflare-Workers" });
    expect(made({})).toBeInstanceOf(DomeClient);
  });
});

describe("a key that is read anew", () => {
  it("is the newest one whenever a token is needed", async () => {
    const dome = new FakeDome();
    let key = KEY;
    const client = dome.client({ token: () => key });
    await client.token();
    key = `dome_at_${"n".repeat(49)}`;
    await dome.advance(400_000);
    await client.token();
    expect(dome.to("/api/v1/auth/token").map(({ headers }) => headers.get("authorization"))).toEqual([
      `Bearer ${KEY}`,
      `Bearer ${key}`,
    ]);
  });

  it("denies when it is none", async () => {
    const got = await new FakeDome().client({ token: () => "oops" }).check({ tool: TOOL });
    expect(got).toMatchObject({ allowed: false, local: true, reason: "credential_refused" });
    expect(JSON.stringify(got)).not.toContain("oops");
  });

  it("is reported when it is none: an operator has to see it", async () => {
    const dome = new FakeDome();
    const keys = ["oops", KEY];
    const client = dome.client({ token: () => keys.shift() ?? KEY });
    await client.check({ tool: TOOL });
    await client.audit.flush();
    const [report] = dome.to("/api/v1/audit/events");
    expect(eventsOf(report?.body ?? "")).toEqual([
      expect.objectContaining({ kind: "sdk.decision", reason: "credential_refused" }),
    ]);
  });
});

describe("a function of the program that gives a credential", () => {
  const fails = () => {
    throw new RangeError("the vault is sealed");
  };
  const hangs = () => new Promise<string>(() => undefined);
  const nothing = () => null as unknown as string;
  const own = (getToken: () => string | Promise<string>) => (dome: FakeDome) => dome.client({ getToken });
  const key = (token: () => string | Promise<string>) => (dome: FakeDome) => dome.client({ token });
  const user = (read: () => string | Promise<string>) => (dome: FakeDome) => dome.client().actAs(read);

  it.each<[string, (dome: FakeDome) => Pick<DomeClient, "check" | "guard">, string]>([
    ["throws instead of a key", key(fails), "unavailable"],
    ["never gives a key", key(hangs), "unavailable"],
    ["gives no key", key(nothing), "credential_refused"],
    ["throws instead of a token", own(fails), "unavailable"],
    ["never gives a token", own(hangs), "unavailable"],
    ["gives nothing at all", own(nothing), "unavailable"],
    ["gives what is no token", own(() => "a b"), "credential_refused"],
    ["throws instead of a user's token", user(fails), "unavailable"],
    ["never gives a user's token", user(hangs), "unavailable"],
    ["gives what is no user's token", user(() => "a b"), "delegation_refused"],
  ])("denies, calls onDeny and keeps nobody waiting when it %s (P1)", async (_what, clientOf, reason) => {
    const dome = new FakeDome();
    const client = clientOf(dome);
    const called: string[] = [];
    let outcome: unknown = null;
    client.check({ tool: TOOL, onDeny: (_request, deny) => called.push(deny.reason) }).then(
      (got) => (outcome = got),
      (fault: unknown) => (outcome = fault),
    );
    await dome.advance(60_000);
    expect(outcome).toMatchObject({ decision: "deny", local: true, reason });
    expect(called).toEqual([reason]);
  });

  it("is waited for no longer than the client is open", async () => {
    const dome = new FakeDome();
    const client = dome.client({ token: hangs });
    const done = client.check({ tool: TOOL });
    const closed = client.close();
    await dome.advance(1);
    await closed;
    expect(await done).toMatchObject({ reason: "closed" });
  });

  it("says by which class it failed, where the program asked to have that thrown", async () => {
    const asked = new FakeDome().client({ token: fails, raiseOnError: true }).check({ tool: TOOL });
    await expect(asked).rejects.toMatchObject({
      name: "CredentialUnavailableError",
      code: "credential_unavailable",
      message: "the program gave no credential: the vault is sealed",
    });
  });

  it("is a fault of the service's door, and no crash, where it gives the credential of a door of the program", async () => {
    const asking = new Introspection({ ...new FakeDome().ports, baseUrl: BASE, credential: fails });
    await expect(asking.callerOf("eyJ.a.b")).rejects.toMatchObject({ code: "credential_unavailable" });
  });
});

describe("what the platform gives", () => {
  /** As the `fetch` of browsers and Workers. */
  function unbound(answer: () => Response) {
    return async function (this: unknown): Promise<Response> {
      if (this !== undefined) throw new TypeError("Illegal invocation");
      return answer();
    };
  }

  it("is called as a function and not as a method, which `fetch` refuses", async () => {
    const { fetch: _fetch, ...ports } = new FakeDome().ports;
    const client = new DomeClient({
      ...ports,
      baseUrl: BASE,
      getToken: () => "eyJ.a.b",
      fetch: unbound(() => json(200, { active: false })),
    });
    expect((await client.fetch("/tools/x")).status).toBe(200);
    const door = {
      ...ports,
      baseUrl: BASE,
      credential: KEY,
      fetch: unbound(() => json(200, { active: false })),
    };
    expect(await new Introspection(door).callerOf("eyJ.a.b")).toBeNull();
  });

  it("waits for one attempt of an introspection as long as its options say by themselves: 10 s", async () => {
    const dome = new FakeDome();
    dome.on("/api/v1/auth/introspect", () => json(200, { active: false }));
    const waits: number[] = [];
    const deadline = (ms: number) => {
      waits.push(ms);
      return dome.ports.deadline(ms);
    };
    await new Introspection({ ...dome.ports, deadline, baseUrl: BASE, credential: KEY }).callerOf("eyJ.a.b");
    expect(waits).toEqual([10_000]);
  });

  it("sleeps no longer than it is wanted", async () => {
    const woken = new AbortController();
    const slept = platformPorts.timers.sleep(3_600_000, woken.signal);
    woken.abort();
    await slept;
    await platformPorts.timers.sleep(3_600_000, woken.signal);
    expect(woken.signal.aborted).toBe(true);
  });
});

describe("nothing of a credential (P4)", () => {
  it("is in a client, whatever prints it", async () => {
    const dome = new FakeDome();
    const client = dome.client();
    const scoped = client.actAs("eyJhbGciOiJub25lIn0.user.sig");
    const token = await client.token();
    const printed = [client, scoped].flatMap((each) => [
      inspect(each, { depth: 20, showHidden: true, getters: true }),
      JSON.stringify(each),
      Object.entries(each).join(),
    ]);
    for (const text of printed)
      for (const secret of [KEY, token, "user.sig"]) expect(text).not.toContain(secret);
  });

  it("is in an error, also when what it is made of repeats it", async () => {
    const dome = new FakeDome();
    const token = await dome.client().token();
    dome.on("/api/v1/auth/token", ({ headers }) =>
      Object.assign(new TypeError(`bad header ${headers.get("authorization") ?? ""} ${token}`), {
        options: { headers: Object.fromEntries(headers) },
      }),
    );
    const done = dome
      .client({ raiseOnError: true })
      .check({ tool: TOOL })
      .catch((fault: unknown) => fault);
    await dome.advance(60_000);
    const fault = await done;
    for (const text of [
      inspect(fault, { depth: 20, showHidden: true }),
      JSON.stringify(fault),
      String(fault),
    ]) {
      expect(text).not.toContain(KEY);
      expect(text).not.toContain(token);
    }
    expect(inspect(fault)).toContain("[redacted]");
  });

  it("is in what is told of the background", async () => {
    const dome = new FakeDome();
    dome.on("/api/v1/auth/token", () => hangUp());
    dome.on("/api/v1/agents/self/events", ({ headers }) => new Error(headers.get("authorization") ?? ""));
    const started = dome.client().start();
    await dome.advance(90_000);
    await started;
    expect(dome.faults.length).toBeGreaterThan(2);
    for (const fault of dome.faults)
      expect(inspect(fault, { depth: 20, showHidden: true })).not.toContain(KEY);
  });
});

function thrown(act: () => unknown): Error {
  try {
    act();
  } catch (fault) {
    if (fault instanceof Error) return fault;
  }
  throw new Error("nothing was thrown");
}
