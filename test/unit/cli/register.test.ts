import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { hangUp, json, problem } from "../client/fake-service.ts";
import { agent, created, KEY_ID, keyCreated, OTHER_KEY_ID, OTHER_SECRET, SECRET } from "../client/samples.ts";
import { dome, newHome } from "./run-cli.ts";

/** The seed's command, to the letter. */
const SEED =
  "agents register --name support-triage --tier standard --tool zendesk --pool premium-reasoning --require-actas oidc".split(
    " ",
  );

const RECORD = `Registered support-triage in workspace default.

id              agt_01k9v3m8q2x7n5r4t6w0y1z2a3
name            support-triage
owner           ada@example.com
steward         ada@example.com since 2026-11-23 09:00:00 UTC (now)
workspace       default
created         2026-11-23 09:00:00 UTC (now)
state           provisioned since 2026-11-23 09:00:00 UTC (now)
last active     -
live keys       1
tier            standard
tools           zendesk
pools           premium-reasoning
integrations    -
require act-as  oidc

API key key_01k9v3m8q2x7n5r4t6w0y1z2a4, shown this once:

  ${SECRET}

Keep it where the agent's process finds it: as DOME_AGENT_KEY, or as the SDK's token. Dome keeps only a digest.
`;

describe("dome agents register", () => {
  test("works as the seed writes it: sends the declaration, prints the record and the key once", async () => {
    const { exit, stdout, stderr, service } = await dome(SEED, { replies: [json(201, created())] });
    expect(exit).toBe(0);
    expect(stdout).toBe(RECORD);
    expect(stderr).toBe("next: dome agents activate support-triage\n");
    expect(JSON.parse(service.seen[0]?.body ?? "")).toEqual({
      name: "support-triage",
      tier: "standard",
      surface: { tools: ["zendesk"], pools: ["premium-reasoning"], integrations: [] },
      require_actas: "oidc",
      contact: null,
      description: null,
      labels: {},
      parent: null,
      delegates_to: [],
      expires_at: null,
      freshness: null,
      key_expires_at: null,
    });
  });

  test("sends every option under the name that the contract has for it", async () => {
    const { service } = await dome(
      (
        "agents register --name a --workspace support --owner ada --tier trusted --tool t1 --tool t2/op --pool p " +
        "--integration i --require-actas oidc:corp --contact c --description d --label team=x --label cost=a=b " +
        "--parent boss --delegates-to helper --expires 90d --freshness always --key-expires 2027-01-01"
      ).split(" "),
      { replies: [json(201, created())] },
    );
    expect(JSON.parse(service.seen[0]?.body ?? "")).toEqual({
      name: "a",
      workspace: "support",
      owner: "ada",
      tier: "trusted",
      surface: { tools: ["t1", "t2/op"], pools: ["p"], integrations: ["i"] },
      require_actas: "oidc:corp",
      contact: "c",
      description: "d",
      labels: { team: "x", cost: "a=b" },
      parent: "boss",
      delegates_to: ["helper"],
      expires_at: "2027-02-21T09:00:00.000Z",
      freshness: "always",
      key_expires_at: "2027-01-01T00:00:00.000Z",
    });
  });

  test("tells what the catalog lacks, with the near match and the command that mends it", async () => {
    const warnings = [
      {
        code: "not_in_catalog" as const,
        member: "surface.tools",
        detail: "The catalog of workspace default has no tool zendesk.",
        near: "zendesk-eu",
        command: "dome tools add zendesk",
      },
    ];
    const { exit, stderr } = await dome(SEED, { replies: [json(201, created({ warnings }))] });
    expect(exit).toBe(0);
    expect(stderr).toBe(
      "warning: The catalog of workspace default has no tool zendesk.\n" +
        "  did you mean: zendesk-eu\n" +
        "  next: dome tools add zendesk\n" +
        "next: dome agents activate support-triage\n",
    );
  });

  test("with --json prints the API's body and nothing else", async () => {
    const { stdout, stderr } = await dome([...SEED, "--json"], { replies: [json(201, created())] });
    expect(JSON.parse(stdout)).toEqual(created());
    expect(stderr).toBe("next: dome agents activate support-triage\n");
  });

  test("with --quiet prints the id alone on stdout, and does not lose the key", async () => {
    const { stdout, stderr } = await dome([...SEED, "--quiet"], { replies: [json(201, created())] });
    expect(stdout).toBe("agt_01k9v3m8q2x7n5r4t6w0y1z2a3\n");
    expect(stderr).toBe(`${SECRET}\n`);
  });

  test("replaces a key whose answer was lost on the way, and says so (P12)", async () => {
    const { exit, stdout, stderr, requests, service } = await dome(SEED, {
      replies: [
        hangUp(),
        json(201, created({ api_key: { id: KEY_ID, secret: null, expires_at: null }, secret_shown: true })),
        json(201, keyCreated({ replaced: { id: KEY_ID, ends_at: "2026-11-23T09:00:00.000Z", halt: null } })),
      ],
    });
    expect(exit).toBe(0);
    expect(requests).toEqual([
      "POST /api/v1/agents",
      "POST /api/v1/agents",
      `POST /api/v1/agents/${agent().id}/keys`,
    ]);
    expect(JSON.parse(service.seen[2]?.body ?? "")).toEqual({ replaces: KEY_ID, expires_at: null });
    expect(service.keys[0]).toBe(service.keys[1]);
    expect(service.keys[2]).not.toBe(service.keys[0]);
    expect(stdout).toContain(`API key ${OTHER_KEY_ID}, shown this once:\n\n  ${OTHER_SECRET}\n`);
    expect(stderr).toContain(
      `The answer with the key ${KEY_ID} was lost. Nobody has seen that key; Dome has revoked it and replaced it by ${OTHER_KEY_ID}.\n`,
    );
  });

  test("replaces once more when the answer with the replacement is lost too (P12)", async () => {
    const { stdout, service } = await dome(SEED, {
      replies: [
        json(201, created({ api_key: { id: KEY_ID, secret: null, expires_at: null }, secret_shown: true })),
        json(
          201,
          keyCreated({ api_key: { id: OTHER_KEY_ID, secret: null, expires_at: null }, secret_shown: true }),
        ),
        json(201, keyCreated()),
      ],
    });
    expect(JSON.parse(service.seen[2]?.body ?? "")).toMatchObject({ replaces: OTHER_KEY_ID });
    expect(stdout).toContain(OTHER_SECRET);
  });
});

describe("--key-file", () => {
  test("gets the key, alone, with mode 0600, and the key is nowhere else (P4)", async () => {
    const path = join(newHome(), "agent.key");
    for (const mode of [[], ["--json"], ["--quiet"]]) {
      const { exit, stdout, stderr } = await dome([...SEED, ...mode, "--key-file", path, "--force"], {
        replies: [json(201, created())],
      });
      expect(exit).toBe(0);
      expect(readFileSync(path, "utf8")).toBe(`${SECRET}\n`);
      expect(statSync(path).mode & 0o777).toBe(0o600);
      expect(stdout + stderr).not.toContain("dome_at_");
    }
  });

  test("leaves --json with the form of an answer whose secret is elsewhere", async () => {
    const path = join(newHome(), "agent.key");
    const { stdout } = await dome([...SEED, "--json", "--key-file", path], {
      replies: [json(201, created())],
    });
    expect(JSON.parse(stdout)).toMatchObject({ api_key: { id: KEY_ID, secret: null }, secret_shown: true });
  });

  test("does not overwrite a file, and registers nothing then", async () => {
    const path = join(newHome(), "agent.key");
    writeFileSync(path, "precious");
    const { exit, stderr, requests } = await dome([...SEED, "--key-file", path]);
    expect(exit).toBe(2);
    expect(stderr).toBe(
      `error: ${path} exists already\nnext: choose another path, or add --force to replace it\n`,
    );
    expect(readFileSync(path, "utf8")).toBe("precious");
    expect(requests).toEqual([]);
  });

  test("is not written through a link that somebody else has put there", async () => {
    const home = newHome();
    writeFileSync(join(home, "target"), "theirs");
    symlinkSync(join(home, "target"), join(home, "agent.key"));
    expect((await dome([...SEED, "--key-file", join(home, "agent.key")])).exit).toBe(2);
    const forced = await dome([...SEED, "--key-file", join(home, "agent.key"), "--force"], {
      replies: [json(201, created())],
    });
    expect(forced.exit).toBe(0);
    expect(readFileSync(join(home, "target"), "utf8")).toBe("theirs");
    expect(readFileSync(join(home, "agent.key"), "utf8")).toBe(`${SECRET}\n`);
  });

  test("that cannot be written stops the command before anything is registered", async () => {
    const { exit, stderr, requests } = await dome([
      ...SEED,
      "--key-file",
      join(newHome(), "missing", "agent.key"),
    ]);
    expect(exit).toBe(2);
    expect(stderr).toMatch(/cannot be written \(ENOENT\)/);
    expect(requests).toEqual([]);
  });

  test("is as it was before when the registration is refused, with --force and without", async () => {
    const home = newHome();
    const fresh = join(home, "fresh.key");
    const kept = join(home, "kept.key");
    writeFileSync(kept, "precious");
    const refused = { replies: [problem(409, "name_taken")] };
    const { exit, stderr } = await dome([...SEED, "--key-file", fresh], refused);
    expect(exit).toBe(1);
    expect(stderr).toBe(
      "error: what is wrong: name_taken (name_taken)\nnext: dome agents show support-triage\nrequest: req_1\n",
    );
    await dome([...SEED, "--key-file", kept, "--force"], refused);
    expect(existsSync(fresh)).toBe(false);
    expect(readFileSync(kept, "utf8")).toBe("precious");
  });
});

test("no option takes a key as its argument (P4)", async () => {
  for (const words of [
    ["check"],
    ["token", "issue"],
    ["explain"],
    ["agents", "register"],
    ["keys", "issue"],
    ["login"],
  ]) {
    const { stdout } = await dome([...words, "--help"]);
    expect(stdout).not.toMatch(/--(key|token|secret|password|agent-key)[ =]</);
  }
});
