import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { IdentityProviderTest, IdentityProviderView } from "../../../src/contract/identity-provider.ts";
import { AGENT_ID, WORKSPACE_ID } from "../client/samples.ts";
import { json } from "../client/fake-service.ts";
import { dome, newHome } from "./run-cli.ts";

const bodyOf = ({ service }: Awaited<ReturnType<typeof dome>>, at: number): unknown =>
  JSON.parse(service.seen[at]?.body ?? "null");

const ID = "idp_01k9v3m8q2x7n5r4t6w0y1z2a3";
const ISSUER = "https://acme.okta.com";

const provider: IdentityProviderView = {
  id: ID,
  name: "okta",
  workspace_id: WORKSPACE_ID,
  description: null,
  issuer: ISSUER,
  test: false,
  audiences: [
    { audience: "app", agent: AGENT_ID, agent_name: "support-triage" },
    { audience: "portal", agent: null, agent_name: null },
  ],
  audience_scope: "workspace",
  authorized_parties: [],
  algorithms: ["RS256"],
  subject_claim: "sub",
  email_claim: "email",
  groups_claim: "groups",
  tenant: null,
  max_age_seconds: 600,
  max_auth_age_seconds: null,
  acr_values: [],
  created_at: "2026-11-23T09:00:00.000Z",
  version: 1,
};

const seen: IdentityProviderTest = {
  name: "okta",
  issuer: ISSUER,
  ok: true,
  discovery: { url: `${ISSUER}/.well-known/openid-configuration`, ok: true, detail: "ok" },
  keys: {
    url: `${ISSUER}/keys`,
    ok: true,
    detail: "ok",
    usable: [{ kid: "k1", algorithms: ["RS256", "PS256"] }],
    ignored: 1,
  },
  verdicts: [],
};

describe("dome idp add", () => {
  test("binds each audience to the agent behind its last =", async () => {
    const added = await dome(
      [
        "idp",
        "add",
        "okta",
        "--issuer",
        ISSUER,
        "--audience",
        "a=b=support-triage",
        "--audience",
        "app=other",
      ],
      { replies: [json(201, provider)] },
    );
    expect(added.requests).toEqual(["POST /api/v1/identity-providers"]);
    expect(bodyOf(added, 0)).toEqual({
      name: "okta",
      description: null,
      issuer: ISSUER,
      audiences: [
        { audience: "a=b", agent: "support-triage" },
        { audience: "app", agent: "other" },
      ],
      audience_scope: "agent",
      acr_values: [],
      authorized_parties: [],
      groups_claim: null,
      tenant: null,
    });
    expect(added.stdout).toBe(`name            okta
issuer          https://acme.okta.com
audiences       app → support-triage, portal → any agent
audience scope  workspace
other azp       -
algorithms      RS256
claims          subject sub, email email, groups groups
tenant          -
max age         600 s
max auth age    -
acr             -
description     -
created         2026-11-23 09:00:00 UTC (now)
id              ${ID}
`);
  });

  test("opens an audience to all agents only where that is said", async () => {
    const open = ["idp", "add", "okta", "--issuer", ISSUER, "--audience", "portal"];
    const refused = await dome(open);
    expect({ exit: refused.exit, requests: refused.requests }).toEqual({ exit: 2, requests: [] });
    expect(refused.stderr).toContain("--audience CLIENT_ID=AGENT");
    const added = await dome([...open, "--audience-scope", "workspace"], { replies: [json(201, provider)] });
    expect(bodyOf(added, 0)).toMatchObject({
      audiences: [{ audience: "portal", agent: null }],
      audience_scope: "workspace",
    });
  });

  test("takes everything else by name, and refuses an algorithm with a shared secret", async () => {
    const all = ["idp", "add", "okta", "--issuer", ISSUER, "--audience", "a=b", "--azp", "spa"];
    const more = ["--algorithm", "RS256", "--algorithm", "ES256", "--tenant", "t", "--max-age", "60"];
    const claims = [
      "--groups-claim",
      "g",
      "--subject-claim",
      "oid",
      "--max-auth-age",
      "90",
      "--acr",
      "urn:mfa",
    ];
    const added = await dome([...all, ...more, ...claims], { replies: [json(201, provider)] });
    expect(bodyOf(added, 0)).toMatchObject({
      authorized_parties: ["spa"],
      algorithms: ["RS256", "ES256"],
      tenant: "t",
      max_age_seconds: 60,
      groups_claim: "g",
      subject_claim: "oid",
      max_auth_age_seconds: 90,
      acr_values: ["urn:mfa"],
    });
    expect((await dome([...all, "--algorithm", "HS256"])).exit).toBe(2);
  });
});

describe("dome idp test", () => {
  test("says what was seen", async () => {
    const { exit, stdout } = await dome(["idp", "test", "okta"], { replies: [json(200, seen)] });
    expect(exit).toBe(0);
    expect(stdout).toContain("usable keys   k1 RS256/PS256\n");
  });

  test("fails when a token is refused, and reads it from a file, never from an argument (P4)", async () => {
    const file = join(newHome(), "token");
    writeFileSync(file, "a.b.c\n");
    const verdict = {
      agent: AGENT_ID,
      agent_name: "support-triage",
      ok: false,
      detail: "expired",
      audience: null,
      user: null,
    };
    const tested = await dome(["idp", "test", "okta", "--token-file", file, "--agent", "support-triage"], {
      replies: [json(200, { ...seen, ok: false, verdicts: [verdict] })],
    });
    expect(bodyOf(tested, 0)).toEqual({ token: "a.b.c", agent: "support-triage" });
    expect(tested.exit).toBe(1);
    expect(tested.stdout).toContain("expired");
    expect(tested.stderr).toContain("the token is refused");
    expect(tested.stderr).toContain("dome idp show okta");
  });

  test.each([
    ["another_issuer", "compare the issuer with the provider's own, slash for slash: dome idp show okta"],
    ["timed_out", `see what ${ISSUER}/.well-known/openid-configuration answers, then dome idp test okta`],
  ])("says what to do about a document that is %s", async (detail, next) => {
    const discovery = { ...seen.discovery, ok: false, detail };
    const keys = { url: null, ok: false, detail: "no_discovery", usable: [], ignored: 0 };
    const reply = json(200, { ...seen, ok: false, discovery, keys });
    const { exit, stderr } = await dome(["idp", "test", "okta"], { replies: [reply] });
    expect(exit).toBe(1);
    expect(stderr).toContain(`next: ${next}`);
  });

  test("wants a token for an agent", async () => {
    expect((await dome(["idp", "test", "okta", "--agent", "support-triage"])).exit).toBe(2);
  });
});

describe("dome idp", () => {
  test("lists, shows, and removes with --yes", async () => {
    const listed = await dome(["idp", "list"], {
      replies: [json(200, { items: [provider], next_cursor: null })],
    });
    expect(listed.stdout).toContain("app → support-triage, portal → any agent");
    const shown = await dome(["idp", "show", "okta", "--json"], { replies: [json(200, provider)] });
    expect(JSON.parse(shown.stdout)).toEqual(provider);
    const asked = await dome(["idp", "remove", "okta"]);
    expect({ exit: asked.exit, requests: asked.requests }).toEqual({ exit: 2, requests: [] });
    expect(asked.stderr).toContain("dome idp remove okta --yes");
    const removed = await dome(["idp", "remove", "okta", "--yes", "--workspace", "support"], {
      replies: [json(200, { name: "okta", removed: true })],
    });
    expect(removed.requests).toEqual(["DELETE /api/v1/identity-providers/okta?workspace=support"]);
    expect(removed.stdout).toBe("Removed okta. Its tokens are refused from now on.\n");
  });
});
