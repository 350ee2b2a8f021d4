import { expect, test } from "vitest";
import type { SigningKeyView } from "../../../src/contract/signing-key.ts";
import { json } from "../client/fake-service.ts";
import { dome } from "./run-cli.ts";

const KEY: SigningKeyView = {
  kid: "k1",
  use: "token",
  state: "signing",
  created_at: "2026-11-23T09:00:00.000Z",
  signs_from: "2026-11-23T09:00:00.000Z",
  signs_until: null,
  published_until: null,
  compromised_at: null,
  root_key_version: "00000001",
};
const sent = (outcome: Awaited<ReturnType<typeof dome>>): unknown =>
  JSON.parse(outcome.service.seen[0]?.body ?? "null");

test("dome signing-keys list shows every key", async () => {
  const listed = await dome(["signing-keys", "list"], {
    replies: [json(200, { items: [KEY], next_cursor: null })],
  });
  expect(listed).toMatchObject({ exit: 0, requests: ["GET /api/v1/signing-keys?limit=200"] });
  expect(listed.stdout).toContain("k1   token  signing  now         -");
});

test.each([
  [[], { mode: "scheduled" }],
  [["--use", "receipt"], { mode: "scheduled", use: "receipt" }],
  [["--now"], { mode: "now" }],
  [["--compromised", "k1"], { mode: "compromised", kid: "k1" }],
])("dome signing-keys rotate %j asks for it", async (options, body) => {
  const rotated = await dome(["signing-keys", "rotate", ...options, "--quiet"], {
    replies: [json(200, { changed: true, keys: [KEY] })],
  });
  expect(rotated).toMatchObject({ exit: 0, stdout: "k1\n", requests: ["POST /api/v1/signing-keys/rotate"] });
  expect(sent(rotated)).toEqual(body);
});

test("dome signing-keys rotate says when there was nothing to do", async () => {
  const { stderr } = await dome(["signing-keys", "rotate"], {
    replies: [json(200, { changed: false, keys: [KEY] })],
  });
  expect(stderr).toBe("Nothing was changed: the next key is already published.\n");
});

test.each([
  [["--now", "--compromised", "k1"]],
  [["--use", "token", "--compromised", "k1"]],
  [["--use", "both"]],
])("dome signing-keys rotate %j is refused before anything is asked", async (options) => {
  expect(await dome(["signing-keys", "rotate", ...options])).toMatchObject({ exit: 2, requests: [] });
});
