/** What is said of a request that is not well formed, and what it costs to find out. */
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { readJson, repeatedName } from "../../../src/api/body.ts";

/** A set that counts what is asked of it. */
class CountedSet extends Set<string> {
  steps = 0;
  override has(name: string): boolean {
    this.steps += 1;
    return super.has(name);
  }
  override add(name: string): this {
    this.steps += 1;
    return super.add(name);
  }
}

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `n${index}`);

describe("the search for a name that stands twice in a query", () => {
  it("takes as many steps as there are names, because anybody may send a query", () => {
    for (const count of [1_000, 16_000]) {
      const seen = new CountedSet();
      expect(repeatedName(names(count), seen)).toBeUndefined();
      expect(seen.steps).toBeLessThanOrEqual(2 * count);
    }
  });

  it("finds one wherever it is, and shows it as far as it may be shown", () => {
    expect(repeatedName(["a", "b", "a"])).toBe("a");
    expect(repeatedName(["dome at", "dome at"])).toBe("a parameter");
  });
});

const post = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
  new Request("https://dome.example/x", {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
  });

describe("a body", () => {
  const schema = z.strictObject({ name: z.string().optional() });

  it.each([
    ["unknown members", Object.fromEntries(names(20_000).map((name) => [name, 1]))],
    ["members of a wrong type", { list: names(20_000) }],
  ])(
    "with many %s is answered in a few lines: an answer must not grow with what it refuses",
    async (_what, body) => {
      const shape = z.strictObject({ list: z.array(z.number()).optional() });
      const read = await readJson(post(JSON.stringify(body)), shape);
      if (read.ok) throw new Error("it was taken");
      expect(read.error.errors).toHaveLength(20);
      expect(JSON.stringify(read.error).length).toBeLessThan(4_000);
    },
  );

  it.each([
    ["UTF-8", new Uint8Array([0xef, 0xbb, 0xbf, 0x7b, 0x7d])],
    ["UTF-16", new Uint8Array([0xff, 0xfe, 0x7b, 0, 0x7d, 0])],
    ["UTF-16, the other way round", new Uint8Array([0xfe, 0xff, 0, 0x7b, 0, 0x7d])],
  ])("with the byte order mark of %s is told so", async (_what, body) => {
    const read = await readJson(post(body), schema);
    expect(read).toMatchObject({
      error: { code: "malformed_json", detail: expect.stringContaining("byte order mark") as string },
    });
  });

  it.each(["gzip", "br", "deflate", "GZIP", "gzip, identity", "x"])(
    "in %s is 415, and told how to come",
    async (encoding) => {
      const read = await readJson(post("{}", { "content-encoding": encoding }), schema);
      expect(read).toEqual({
        ok: false,
        error: {
          code: "unsupported_media_type",
          detail: "The body is compressed. Send it uncompressed, without Content-Encoding.",
        },
      });
    },
  );

  it("may say that it is encoded in no way", async () => {
    expect((await readJson(post("{}", { "content-encoding": "identity" }), schema)).ok).toBe(true);
  });
});
