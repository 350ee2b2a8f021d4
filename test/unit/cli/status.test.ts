import { describe, expect, test } from "vitest";
import type { Status } from "../../../src/contract/status.ts";
import { json } from "../client/fake-service.ts";
import { read } from "../docs/markdown.ts";
import { dome } from "./run-cli.ts";

const status = (late: Status["object_outboxes"]): Status => ({
  version: "0.1.0",
  issuer: "https://dome.example.com",
  time: "2026-11-23T09:00:00.000Z",
  audit_sink: "outbox",
  outbox: { depth: 0, oldest_at: null },
  object_outboxes: late,
  agents: { active: 2 },
  ledgers: [],
  signing_keys: [],
  root_keys: ["v1"],
});
const shown = async (late: Status["object_outboxes"]) => {
  const { stdout, requests } = await dome(["status"], { replies: [json(200, status(late))] });
  expect(requests).toEqual(["GET /api/v1/status"]);
  return stdout;
};

describe("dome status", () => {
  test("says how much is late in objects, of how many, and since when", async () => {
    const late = { owners: 2, records: 17, oldest_at: "2026-11-23T08:00:00.000Z" };
    expect(await shown(late)).toMatch(
      /^late in objects +17 of 2 owners, oldest 2026-11-23 08:00:00 UTC \(1 h ago\)$/m,
    );
  });

  test("has no figure for changes of the whole installation where the token is bound to workspaces", async () => {
    const bound = { ...status({ owners: 0, records: 0, oldest_at: null }), outbox: null };
    const { stdout } = await dome(["status"], { replies: [json(200, bound)] });
    expect(stdout).toMatch(/^records on their way +-$/m);
  });

  test("says of a key that signs before its time that it does", async () => {
    const key = { kid: "k", use: "token", created_at: "2026-11-23T09:00:00.000Z", age_days: 0 } as const;
    const keys = [
      { ...key, kid: "early", signs: true, in_force: false },
      { ...key, kid: "right", signs: true, in_force: true },
    ];
    const body = { ...status({ owners: 0, records: 0, oldest_at: null }), signing_keys: keys };
    const { stdout } = await dome(["status"], { replies: [json(200, body)] });
    expect(stdout).toMatch(/^early +token +yes, ahead of time /m);
    expect(stdout).toMatch(/^right +token +yes +now$/m);
    expect(read("docs/operations.md")).toContain("`yes, ahead of time` means");
  });

  test("says that nothing is", async () => {
    expect(await shown({ owners: 0, records: 0, oldest_at: null })).toMatch(/^late in objects +0$/m);
  });
});
