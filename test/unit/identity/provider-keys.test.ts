import { beforeAll, describe, expect, it, test } from "vitest";
import { ManualTime } from "../../support/manual-timers.ts";
import {
  DISCOVERY,
  isolate,
  ISSUER,
  jsonAnswer,
  JWKS,
  NOW,
  PaperProvider,
  provider,
  signingKey,
  type Isolate,
  type SigningKey,
} from "./fixture.ts";

const MINUTE = 60_000;

let first: SigningKey;
let second: SigningKey;

beforeAll(async () => {
  first = await signingKey("k1");
  second = await signingKey("k2");
});

/** What is heard for a key id: `ok`, or the kind of the refusal. */
async function heard({ keys }: Isolate, kid: string): Promise<string> {
  const current = await keys.current(provider(), kid);
  return current.ok ? "ok" : current.error.kind;
}

describe("the keys of a provider", () => {
  it("are fetched once for ten minutes (ID-10)", async () => {
    const paper = new PaperProvider(first);
    const here = isolate(paper);
    expect(await heard(here, "k1")).toBe("ok");
    await here.time.advance(10 * MINUTE - 1);
    expect(await heard(here, "k1")).toBe("ok");
    expect(paper.asked).toEqual([DISCOVERY, JWKS]);
    await here.time.advance(1);
    expect(await heard(here, "k1")).toBe("ok");
    expect(paper.asked).toHaveLength(4);
  });

  it("are fetched again, once, when a new one signs before they are old: rotation breaks nothing (ID-10)", async () => {
    const paper = new PaperProvider(first);
    const here = isolate(paper);
    expect(await heard(here, "k1")).toBe("ok");
    await here.time.advance(MINUTE);
    paper.publish(first, second);
    expect(await heard(here, "k2")).toBe("ok");
    expect(await heard(here, "k1")).toBe("ok");
    expect(paper.asked).toHaveLength(4);
  });

  it("are refused within ten minutes of being taken back (ID-10)", async () => {
    const paper = new PaperProvider(first, second);
    const here = isolate(paper);
    expect(await heard(here, "k1")).toBe("ok");
    paper.publish(second);
    await here.time.advance(10 * MINUTE);
    expect(await heard(here, "k1")).toBe("unknown_key");
  });

  it("are asked for at most every 30 s, however many unknown ids arrive (ID-10)", async () => {
    const paper = new PaperProvider(first);
    const here = isolate(paper);
    expect(await heard(here, "k1")).toBe("ok");
    await here.time.advance(30_000);
    const flood = Array.from({ length: 200 }, (_each, index) => heard(here, `random-${index}`));
    await here.time.advance(1_000);
    expect(new Set(await Promise.all(flood))).toEqual(new Set(["unknown_key"]));
    expect(paper.asked).toHaveLength(4);
    for (let second = 2; second < 30; second += 1) {
      await here.time.advance(1_000);
      expect(await heard(here, `later-${second}`)).toBe("unknown_key");
    }
    expect(paper.asked).toHaveLength(4);
    await here.time.advance(1_000);
    expect(await heard(here, "after-30-s")).toBe("unknown_key");
    expect(paper.asked).toHaveLength(6);
  });

  it("are fetched once for many first requests, none of which waits for another's promise", async () => {
    const paper = new PaperProvider(first);
    const here = isolate(paper);
    const requests = Array.from({ length: 20 }, () => heard(here, "k1"));
    await here.time.advance(1_000);
    expect(new Set(await Promise.all(requests))).toEqual(new Set(["ok"]));
    expect(paper.asked).toHaveLength(2);
  });

  it("are asked for by the next request when the one that asked was cancelled", async () => {
    const paper = new PaperProvider(first);
    const here = isolate(paper);
    here.cache.set(`${provider().id} ${ISSUER}`, {
      keys: [],
      fetchedAt: null,
      askedAt: NOW,
      asking: true,
      fault: null,
    });
    const waiting = heard(here, "k1");
    await here.time.advance(11_000);
    expect(await waiting).toBe("provider_unavailable");
    await here.time.advance(19_000);
    expect(await heard(here, "k1")).toBe("ok");
  });
});

describe("a provider that does not answer", () => {
  it("decides nothing when nothing is known of it: undecided, not refused (ID-10)", async () => {
    const paper = new PaperProvider(first);
    paper.die();
    const here = isolate(paper);
    expect(await heard(here, "k1")).toBe("provider_unavailable");
    expect(await heard(here, "k1")).toBe("provider_unavailable");
    expect(paper.asked).toEqual([DISCOVERY]);
  });

  it("leaves the keys that are known good for a day, and then no more (ID-10)", async () => {
    const paper = new PaperProvider(first);
    const here = isolate(paper);
    expect(await heard(here, "k1")).toBe("ok");
    paper.die();
    await here.time.advance(24 * 60 * MINUTE - 1);
    expect(await heard(here, "k1")).toBe("ok");
    expect(await heard(here, "k2")).toBe("provider_unavailable");
    await here.time.advance(1);
    expect(await heard(here, "k1")).toBe("provider_unavailable");
  });

  it("is not remembered for what stale keys verify", async () => {
    const paper = new PaperProvider(first);
    const here = isolate(paper);
    await here.keys.current(provider(), "k1");
    paper.die();
    await here.time.advance(11 * MINUTE);
    expect(await here.keys.current(provider(), "k1")).toMatchObject({ ok: true, value: { freshUntil: 0 } });
  });

  it("is a line in the log each time it is asked in vain, and not each time it is needed", async () => {
    const paper = new PaperProvider(first);
    paper.die();
    const here = isolate(paper);
    for (let call = 0; call < 5; call += 1) expect(await heard(here, "k1")).toBe("provider_unavailable");
    expect(here.logged).toEqual([`warn idp.unavailable ${provider().id} discovery_unreachable`]);
  });

  it("holds nobody longer than the time limit when it is only slow (ID-10)", async () => {
    const paper = new PaperProvider(first);
    paper.answers.set(DISCOVERY, () => new Promise<Response>(() => undefined));
    const here = isolate(paper);
    const waiting = heard(here, "k1");
    await here.time.advance(5_000);
    expect(await waiting).toBe("provider_unavailable");
  });
});

describe("a hostile discovery document", () => {
  const unavailable = async (answer: () => Response): Promise<unknown> => {
    const paper = new PaperProvider(first);
    paper.answers.set(DISCOVERY, answer);
    const here = isolate(paper, new ManualTime(NOW));
    const current = await here.keys.current(provider(), "k1");
    return { heard: current.ok ? "ok" : current.error, asked: paper.asked };
  };
  const refused = (why: string) => ({
    heard: { kind: "provider_unavailable", why },
    asked: [DISCOVERY],
  });

  it("speaks for somebody else and is not believed (ID-1)", async () => {
    const answer = () => jsonAnswer({ issuer: "https://evil.example", jwks_uri: JWKS });
    expect(await unavailable(answer)).toEqual(refused("discovery_another_issuer"));
  });

  test.each([
    ["http://169.254.169.254/latest/meta-data", "keys_not_https"],
    ["https://169.254.169.254/keys", "keys_ip_address"],
    ["https://[::ffff:a9fe:a9fe]/keys", "keys_ip_address"],
    ["https://2852039166/keys", "keys_ip_address"],
    ["https://metadata.google.internal/keys", "keys_private_name"],
    ["https://localhost/keys", "keys_private_name"],
    ["https://user:pass@keys.example.com/", "keys_has_credentials"],
    ["file:///etc/passwd", "keys_not_https"],
    ["/keys", "keys_not_a_url"],
  ])("names %s for its keys, which is never called (ID-1)", async (jwksUri, why) => {
    expect(await unavailable(() => jsonAnswer({ issuer: ISSUER, jwks_uri: jwksUri }))).toEqual(refused(why));
  });

  test.each([
    ["redirects", () => new Response(null, { status: 302, headers: { location: JWKS } }), "redirected"],
    ["is too large", () => jsonAnswer(`{"issuer":"${"x".repeat(262_144)}"}`), "too_large"],
    ["is not JSON", () => jsonAnswer("<html>"), "not_json"],
    ["is a page", () => jsonAnswer("{}", { headers: { "content-type": "text/html" } }), "not_json"],
    ["is an error", () => jsonAnswer("{}", { status: 500 }), "status_500"],
  ])("%s and yields no keys (ID-10)", async (_what, answer, why) => {
    expect(await unavailable(answer)).toEqual(refused(`discovery_${why}`));
  });
});
