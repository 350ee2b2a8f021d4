/** `dome chain verify`, with chains as an honest service issues them. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { jwksDocument } from "../../../src/tokens/jwks.ts";
import { hangUp, json, type Seen } from "../client/fake-service.ts";
import { agent as sampleAgent } from "../client/samples.ts";
import { agent, honestChain } from "../delegation/fixture.ts";
import { ISSUER, makeIssuer, NOW, USER } from "../tokens/fixture.ts";
import { dome, homeWithContexts, newHome } from "./run-cli.ts";

const issuer = await makeIssuer();
const document = jwksDocument(issuer.rows, NOW);
const chain = await honestChain(issuer, {
  user: true,
  hops: [
    { scope: "surface", target: ISSUER },
    { scope: "tool:crm", target: ISSUER },
  ],
});
const [newest = "", oldest = ""] = chain.receipts;

const publishing =
  (named = ISSUER) =>
  (seen: Seen): Response =>
    seen.url.endsWith("jwks.json") ? json(200, document) : json(200, { issuer: named });

/** A home without any context, and the published keys in a file. */
function offline(): { home: string; flags: string[] } {
  const home = newHome();
  const file = join(home, "jwks.json");
  writeFileSync(file, JSON.stringify(document));
  return { home, flags: ["--jwks", file, "--issuer", ISSUER] };
}
const verify = (stdin: string, ...flags: string[]) => {
  const { home, flags: trusted } = offline();
  return dome(["chain", "verify", ...trusted, ...flags], { home, env: {}, stdin, replies: [hangUp()] });
};

describe("dome chain verify", () => {
  test("shows the hops as they happened, what was verified, and what cannot be offline", async () => {
    const { exit, stdout, stderr, requests } = await verify(`${chain.token}\n`);

    expect({ exit, stderr, requests }).toEqual({ exit: 0, stderr: "", requests: [] });
    expect(stdout).toBe(`verified  ${agent(2)} for ${agent(1)} for ${USER}

TIME                     ACTOR                           SCOPE     TARGET                BASIS                               RECEIPT
2026-11-23 09:00:00 UTC  agt_00000000000000000000000001  surface   https://dome.example  idp:idp_00000000000000000000000001  rct_00000000000000000000000001
2026-11-23 09:00:01 UTC  agt_00000000000000000000000002  tool:crm  https://dome.example  delegates_to                        rct_00000000000000000000000002

  + https://dome.example issued this token to ${agent(2)}, and the token is unchanged.
  + https://dome.example signed each of the 2 receipts with a receipt key.
  + ${agent(1)}, then ${agent(2)} acted for ${USER}, in this order.
  + All hops belong to one transaction, txn_00000000000000000000000001.
  + Each receipt has the hash of the receipt before it: no receipt was added, removed, moved or changed.
  + No hop has a wider scope or target than the hop before it.
  + The token has the scope and the audience that its newest receipt granted.
  + Every actor that the token names has its receipt.
  ? Whether the agents and the token are live now: introspect the token (POST /api/v1/auth/introspect).
`);
  });

  test("--json is the report, --quiet the ids of the receipts", async () => {
    const asJson = await verify(chain.token, "--json");
    expect(JSON.parse(asJson.stdout)).toMatchObject({
      verified: true,
      subject: USER,
      actor: agent(2),
      complete: true,
      token: { jti: chain.claims.jti, expired: false },
      hops: [{ actor: agent(1) }, { actor: agent(2), basis: "delegates_to", kid: issuer.receipt.kid }],
    });
    expect((await verify(chain.token, "--quiet")).stdout).toBe(
      "rct_00000000000000000000000001\nrct_00000000000000000000000002\n",
    );
  });

  test.each<[string, unknown]>([
    ["a token response", { access_token: chain.token, token_type: "Bearer", expires_in: 300 }],
    ["an introspection answer", { active: true, sub: USER, actor_receipts: chain.receipts }],
    ["an array of receipts", chain.receipts],
    ["the oldest receipt alone", [oldest]],
  ])("reads %s", async (_what, value) => {
    expect(await verify(JSON.stringify(value))).toMatchObject({ exit: 0, stderr: "" });
  });

  test("reads one receipt as it is", async () => {
    expect((await verify(oldest)).stdout).toContain(`verified  ${agent(1)} for ${USER}\n`);
  });

  test("an expired token is evidence all the same", async () => {
    const old = await honestChain(issuer, {
      user: true,
      hops: [{ scope: "surface", target: ISSUER }],
      editToken: (claims) => ({ ...claims, iat: claims.iat - 900, exp: claims.exp - 900 }),
      edit: (claims) => ({ ...claims, iat: claims.iat - 900 }),
    });
    const { exit, stdout } = await verify(old.token);
    expect(exit).toBe(0);
    expect(stdout).toContain("  + The token expired at 2026-11-23 08:50:00 UTC: it remains evidence");
  });

  test("what is not verified is exit code 3: which check, where, and what that means", async () => {
    const { exit, stdout, stderr } = await verify(JSON.stringify([newest]));
    expect({ exit, stderr }).toEqual({ exit: 3, stderr: "" });
    expect(stdout).toBe(`not verified  it names an older receipt, and there is none

check  wrong_link
where  receipt 0, the newest
means  Receipts were removed, added, reordered or cut off.
`);
    const asJson = await verify(JSON.stringify([oldest, newest]), "--json");
    expect(asJson.exit).toBe(3);
    expect(JSON.parse(asJson.stdout)).toMatchObject({
      verified: false,
      fault: { kind: "wrong_link", index: 0 },
    });
    const changed = await verify(`${chain.token}A`);
    expect(changed.exit).toBe(3);
    expect(changed.stdout).toContain("check  token_refused\n");
    expect(changed.stderr).toMatch(/^next: its receipts may verify alone: dome token inspect - --json/);
  });

  test("the keys are those of the context's service, asked without a credential", async () => {
    const { exit, service, stdout } = await dome(["chain", "verify"], {
      home: homeWithContexts(),
      env: {},
      stdin: chain.token,
      replies: [publishing()],
    });
    expect(exit).toBe(0);
    const [keys, metadata, names] = service.seen.toSorted((a, b) => (a.url > b.url ? 1 : -1));
    expect([keys?.url, metadata?.url]).toEqual([
      "https://dome.example.com/.well-known/jwks.json",
      "https://dome.example.com/.well-known/oauth-authorization-server",
    ]);
    expect([keys, metadata].map((seen) => seen?.headers.get("authorization"))).toEqual([null, null]);
    // What the agents are called is asked once, and not having it changes nothing.
    expect(names?.url).toContain(`/api/v1/agents?ids=${agent(2)}%2C${agent(1)}&`);
    expect(stdout).toContain(`verified  ${agent(2)} for ${agent(1)} for ${USER}\n`);
  });

  test("names the agents where the service of the context knows them", async () => {
    const known = [
      sampleAgent({ id: agent(1), name: "triage" }),
      sampleAgent({ id: agent(2), name: "helper" }),
    ];
    const { stdout } = await dome(["chain", "verify"], {
      home: homeWithContexts(),
      env: {},
      stdin: chain.token,
      replies: [
        (seen) =>
          seen.url.includes("/api/v1/agents")
            ? json(200, { items: known, next_cursor: null })
            : publishing()(seen),
      ],
    });
    expect(stdout).toContain(`verified  helper for triage for ${USER}\n`);
  });

  test("the issuer that the token names is not asked and not trusted", async () => {
    const { exit, stdout, service } = await dome(["chain", "verify"], {
      stdin: chain.token,
      replies: [publishing("https://dome.example.com")],
    });
    expect(exit).toBe(3);
    expect(stdout).toContain("check  wrong_issuer\n");
    expect(service.seen.every(({ url }) => url.startsWith("https://dome.example.com/"))).toBe(true);
  });

  test("an issuer that is not the context's needs its own keys", async () => {
    const { exit, stderr } = await dome(["chain", "verify", "--issuer", "https://other.example"], {
      stdin: chain.token,
      replies: [publishing()],
    });
    expect(exit).toBe(2);
    expect(stderr).toContain("next: add --jwks FILE with the keys of that issuer");
  });

  test("keys without an issuer are a usage error: whom to trust is not for the token to say", async () => {
    const { home, flags } = offline();
    const { exit, stderr } = await dome(["chain", "verify", ...flags.slice(0, 2)], {
      home,
      env: {},
      stdin: chain.token,
    });
    expect(exit).toBe(2);
    expect(stderr).toMatch(/^error: --jwks needs --issuer/);
  });

  test.each<[string, string, string]>([
    ["nothing", "", "this is not a chain"],
    ["a number", "7", "this is not a chain"],
    ["an object without a chain", "{}", "this is not a chain"],
    ["an inactive token", '{"active":false}', "not active"],
    ["an array of something else", "[7]", "must hold only receipts"],
    ["receipts that are none", '{"actor_receipts":"x"}', "must hold only receipts"],
    ["a member that is there twice", '{"actor_receipts":[],"actor_receipts":["x"]}', "has a member twice"],
    ["a token that is none", '{"access_token":7}', "access_token is not a string"],
  ])("takes no %s", async (_what, stdin, told) => {
    const { exit, stderr } = await verify(stdin);
    expect(exit).toBe(2);
    expect(stderr).toContain(told);
  });

  test("takes no token as an argument, and no other document for the keys", async () => {
    const argued = await dome(["chain", "verify", chain.token]);
    expect(argued.exit).toBe(2);
    expect(argued.stderr).not.toContain(chain.token);
    const home = newHome();
    const file = join(home, "keys.json");
    writeFileSync(file, JSON.stringify({ keys: [{ ...document.keys[0], dome_use: undefined }] }));
    const flags = ["--jwks", file, "--issuer", ISSUER];
    const { exit, stderr } = await dome(["chain", "verify", ...flags], { home, env: {}, stdin: chain.token });
    expect(exit).toBe(2);
    expect(stderr).toContain("is not a JWKS of Dome: keys.0.dome_use");
    writeFileSync(file, '{"keys":[],"keys":[]}');
    const twice = await dome(["chain", "verify", ...flags], { home, env: {}, stdin: chain.token });
    expect([twice.exit, twice.stderr]).toEqual([2, expect.stringContaining(`${file} has a member twice`)]);
    const both = await dome(["chain", "verify", "-", "--jwks", "-", "--issuer", ISSUER]);
    expect(both.stderr).toContain("FILE and --jwks cannot both be on stdin");
  });
});
