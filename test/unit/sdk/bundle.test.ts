/** What the package costs a program that uses it. */
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";

const SDK = join(import.meta.dirname, "../../../sdk/typescript");

async function bundled(entry: string) {
  const { outputFiles, metafile } = await build({
    absWorkingDir: SDK,
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    write: false,
    metafile: true,
  });
  return { bytes: gzipSync(outputFiles[0]?.contents ?? "").length, inputs: Object.keys(metafile.inputs) };
}

describe("the bundle of the SDK", () => {
  it("has at most 15 kB, compressed, with everything in it", async () => {
    const { bytes } = await bundled("src/dome.ts");
    expect(bytes).toBeGreaterThan(5_000);
    expect(bytes).toBeLessThanOrEqual(15_000);
  });

  it("of what verifies calls has at most 4 kB, compressed: a server behind a tool needs nothing else", async () => {
    const { bytes } = await bundled("src/context.ts");
    expect(bytes).toBeGreaterThan(1_000);
    expect(bytes).toBeLessThanOrEqual(4_000);
  });

  it.each([
    "src/dome.ts",
    "src/context.ts",
    "src/adapters/ai.ts",
    "src/adapters/express.ts",
    "src/adapters/hono.ts",
  ])("has nothing but the SDK in it: %s", async (entry) => {
    const { inputs } = await bundled(entry);
    expect(inputs.filter((path) => !path.startsWith("src/"))).toEqual([]);
  });
});
