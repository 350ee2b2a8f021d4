import { inspect } from "node:util";
import { afterEach, describe, expect, it, vi } from "vitest";
import { DomeClient } from "../../../sdk/typescript/src/dome.ts";
import type { DomeClientOptions } from "../../../sdk/typescript/src/dome.ts";
import { BASE, FakeDome, hangUp, KEY, TOOL } from "./fake-dome.ts";

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
    expect(got).toMatchObject({ allowed: false, local: true });
    expect(JSON.stringify(got)).not.toContain("oops");
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
