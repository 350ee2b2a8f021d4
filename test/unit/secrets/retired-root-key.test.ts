import { spawnSync } from "node:child_process";
import { nodeProcess } from "../../support/node-process.ts";
import { describe, expect, it } from "vitest";
import { mintKey } from "../../../src/credentials/key-format.ts";
import { digestsOf } from "../../../src/credentials/version-digests.ts";
import { toBase64 } from "../../../src/kernel/bytes.ts";
import { systemRandom } from "../../../src/kernel/random.ts";
import {
  deriveKeys,
  parseRetiredForms,
  parseRootKeys,
  retireRootKey,
} from "../../../src/secrets/root-key.ts";

const OLD = toBase64(new Uint8Array(32).fill(1));
const NEW = toBase64(new Uint8Array(32).fill(2));

async function installation(text: string) {
  const parsed = parseRootKeys(text);
  if (!parsed.ok) throw new Error(parsed.error.kind);
  return { derived: await deriveKeys(parsed.value), forms: parseRetiredForms(text) };
}
const versionOf = async (key: string): Promise<string> => (await installation(key)).derived[0].version;

describe("a version that leaves", () => {
  it("leaves its form key, from which it cannot be had back, in the place where it stood", async () => {
    const left = (await retireRootKey(`${NEW}, ${OLD}`, await versionOf(OLD))) ?? "";
    const { derived, forms } = await installation(left);
    expect(derived.map(({ version }) => version)).toEqual([await versionOf(NEW)]);
    expect(forms).toEqual([(await installation(OLD)).derived[0].formKey]);
    expect(left).not.toContain(OLD);
  });

  it("is an older one: the newest, and one that is not there, stay as they are", async () => {
    expect(await retireRootKey(`${NEW} ${OLD}`, await versionOf(NEW))).toBeUndefined();
    expect(await retireRootKey(NEW, await versionOf(OLD))).toBeUndefined();
  });

  it("is still known by the form of the keys it made, and has no digest of its own", async () => {
    const { derived: old } = await installation(OLD);
    const key = await mintKey("agent", old[0].formKey, systemRandom);
    const { derived, forms } = await installation(
      (await retireRootKey(`${NEW} ${OLD}`, await versionOf(OLD))) ?? "",
    );
    const digests = await digestsOf("agent", key, derived, forms);
    expect(digests?.map(({ version }) => version)).toEqual([await versionOf(NEW)]);
    expect(await digestsOf("agent", key, derived, [])).toBeUndefined();
    expect(await digestsOf("operator", key, derived, forms)).toBeUndefined();
  });
});

it("a key of the newest version has one digest, an older one may have any", async () => {
  const { derived } = await installation(`${NEW} ${OLD}`);
  const [newest, older] = derived;
  const fresh = await mintKey("agent", newest.formKey, systemRandom);
  const aged = await mintKey("agent", older?.formKey ?? newest.formKey, systemRandom);
  expect((await digestsOf("agent", fresh, derived, []))?.map(({ version }) => version)).toEqual([
    newest.version,
  ]);
  expect((await digestsOf("agent", aged, derived, []))?.map(({ version }) => version)).toEqual([
    newest.version,
    older?.version,
  ]);
});

it.each([
  ["a form key alone", `form:${OLD}`, { kind: "missing" }],
  ["a form key that is not base64", `${NEW} form:%%`, { kind: "not_base64", position: 2 }],
  [
    "a form key of 16 bytes",
    `${NEW} form:${toBase64(new Uint8Array(16))}`,
    { kind: "wrong_length", position: 2, bytes: 16 },
  ],
])("%s is refused", (_what, text, refusal) => {
  expect(parseRootKeys(text)).toEqual({ ok: false, error: refusal });
});

describe("scripts/retire-root-key.ts", () => {
  const run = (words: readonly string[], stdin: string) =>
    spawnSync(nodeProcess.execPath, ["scripts/retire-root-key.ts", ...words], {
      input: stdin,
      encoding: "utf8",
    });

  it("writes the new text on stdout, and with --dry-run no key at all", async () => {
    const version = await versionOf(OLD);
    const whole = `${NEW}\n${OLD}\n`;
    const done = run([version], whole);
    expect([done.status, done.stdout]).toEqual([0, `${await retireRootKey(whole, version)}\n`]);
    const dry = run(["--dry-run", version], whole);
    expect([dry.status, dry.stdout]).toEqual([0, ""]);
    expect(dry.stderr).toContain(
      `versions: ${await versionOf(NEW)}; form keys of versions that have left: 1`,
    );
    expect(done.stderr + dry.stderr).not.toMatch(/[A-Za-z0-9+/]{43}=/);
  });

  it("refuses the newest version, and what is no root key, with exit code 2", async () => {
    expect(run([await versionOf(NEW)], `${NEW} ${OLD}`).status).toBe(2);
    expect(run(["00000000"], "hello").status).toBe(2);
    expect(run([], NEW).status).toBe(2);
  });
});
