import { beforeAll, describe, expect, it } from "vitest";
import { UserTokens, type RememberedUser, type PresentedUserToken } from "../../../src/access/user-tokens.ts";
import type { IdentityProvider } from "../../../src/identity/provider.ts";
import { BoundedMap } from "../../../src/kernel/bounded-map.ts";
import {
  AGENT,
  idToken,
  isolate,
  OTHER_AGENT,
  PaperProvider,
  provider,
  SECONDS,
  signingKey,
  WORKSPACE,
  type SigningKey,
} from "../identity/fixture.ts";

let key: SigningKey;

beforeAll(async () => {
  key = await signingKey("k1");
});

function setUp(trusted: readonly IdentityProvider[] = [provider()]) {
  const paper = new PaperProvider(key);
  const { time, keys } = isolate(paper);
  const epochs: number[] = [];
  const remembered = new BoundedMap<string, RememberedUser>(10);
  const users = new UserTokens({
    clock: time,
    configuration: {
      providers: (_workspace, epoch) => {
        epochs.push(epoch);
        return Promise.resolve(new Map(trusted.map((each) => [each.id, each])));
      },
    },
    keys,
    testIssuer: null,
    remembered,
  });
  const heard = async (token: string, change: Partial<PresentedUserToken> = {}): Promise<string> => {
    const question = { workspace: WORKSPACE, configEpoch: 1, agent: AGENT, token };
    const verified = await users.verify({ ...question, ...change });
    return verified.ok ? "ok" : verified.error.kind;
  };
  return { paper, time, heard, epochs };
}

describe("a user's token", () => {
  it("is accepted from the agent that its audience is bound to, and from no other (ID-4)", async () => {
    const { heard } = setUp();
    const token = await idToken(key);
    expect(await heard(token)).toBe("ok");
    expect(await heard(token, { agent: OTHER_AGENT })).toBe("audience_not_bound");
    expect(await heard(token)).toBe("ok");
  });

  it("may be used again while it is young, and not a second longer (in the place of ID-5's single use)", async () => {
    const { heard, time } = setUp();
    const token = await idToken(key, { iat: SECONDS });
    expect(await heard(token)).toBe("ok");
    await time.advance(300_000);
    expect(await heard(token)).toBe("ok");
    expect(await heard(token, { maxAgeSeconds: 299 })).toBe("too_old");
    await time.advance(300_000);
    expect(await heard(token)).toBe("ok");
    await time.advance(1_000);
    expect(await heard(token)).toBe("too_old");
  });

  it("that was accepted is refused once it is expired (ID-3)", async () => {
    const { heard, time } = setUp();
    const token = await idToken(key, { exp: SECONDS + 5 });
    expect(await heard(token)).toBe("ok");
    await time.advance(5_000);
    expect(await heard(token)).toBe("expired");
  });

  it("that was accepted is judged anew when the configuration has changed", async () => {
    const trusted = [provider()];
    const { heard } = setUp(trusted);
    const token = await idToken(key);
    expect(await heard(token)).toBe("ok");
    trusted.pop();
    expect(await heard(token, { configEpoch: 2 })).toBe("unknown_issuer");
  });

  it("that was accepted does not outlive the key that signed it (ID-10)", async () => {
    const { heard, time, paper } = setUp([provider({ maxAgeSeconds: 3_600 })]);
    const token = await idToken(key, { iat: SECONDS });
    expect(await heard(token)).toBe("ok");
    paper.publish(await signingKey("k2"));
    await time.advance(599_999);
    expect(await heard(token)).toBe("ok");
    await time.advance(1);
    expect(await heard(token)).toBe("unknown_key");
  });

  it("of an issuer that the workspace does not trust costs no request (ID-1)", async () => {
    const { heard, paper } = setUp();
    expect(await heard(await idToken(key, { iss: "https://evil.example" }))).toBe("unknown_issuer");
    expect(await heard("no token")).toBe("malformed");
    expect(paper.asked).toEqual([]);
  });

  it("of made-up users is refused as such where nobody offers them, entry or no entry", async () => {
    const { heard, paper } = setUp();
    const token = await idToken(key, { iss: "http://127.0.0.1:8788/dome-test-users" });
    expect(await heard(token)).toBe("test_issuer");
    expect(paper.asked).toEqual([]);
  });

  it("is undecided while the provider's keys cannot be had (ID-10)", async () => {
    const { heard, paper } = setUp();
    paper.die();
    expect(await heard(await idToken(key))).toBe("provider_unavailable");
  });
});
