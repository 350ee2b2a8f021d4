/**
 * Six projects. `unit`, `client`, `conformance` and `fault` run on Node; `worker` and `security` run inside workerd,
 * with the bindings of wrangler.toml, on a database with every migration applied. `DOME_DEEP=1` lengthens the
 * randomised ones.
 */
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { RATE_LIMITS } from "./src/embedded/rate-limits.ts";
import { hushRuntime } from "./test/support/hush-runtime.ts";
import { TEST_ADMIN_TOKEN, TEST_ISSUER, TEST_ROOT_KEY } from "./test/support/fixed-secrets.ts";

hushRuntime();
const migrations = await readD1Migrations("./migrations");
const deep = process.env["DOME_DEEP"] === "1";

/** @param built true: the tests run what the build makes, so it is made first. */
function onNode(name: string, timeout: number, built = false) {
  return {
    test: {
      name,
      // Unit tests change nothing that others see, so the files of a process share what they have loaded.
      isolate: name !== "unit",
      ...(built ? { globalSetup: ["./test/support/build.ts"] } : {}),
      include: [`test/${name}/**/*.test.ts`],
      testTimeout: deep ? timeout * 20 : timeout,
      hookTimeout: timeout,
    },
  };
}

/** Each file of tests loads the whole Worker anew: what it depends on is bundled once, not fetched module by module. */
const LIBRARIES = [
  "@asteasolutions/zod-to-openapi",
  "drizzle-orm",
  "drizzle-orm/d1",
  "drizzle-orm/sqlite-core",
  "hono",
  "jose",
  "ulidx",
  "zod",
];

function inWorkerd(name: string) {
  return {
    plugins: [
      cloudflareTest({
        wrangler: { configPath: "./wrangler.toml" },
        miniflare: {
          cf: false,
          bindings: {
            // Miniflare's counters are objects with tables: to ask them would be most of what a check costs.
            DOME_RATE_LIMITS: RATE_LIMITS,
            DOME_ROOT_KEY: TEST_ROOT_KEY,
            DOME_ADMIN_TOKEN: TEST_ADMIN_TOKEN,
            DOME_PUBLIC_URL: TEST_ISSUER,
            DOME_AUDIT_SINK: "outbox",
          },
        },
      }),
    ],
    test: {
      name,
      isolate: false,
      include: [`test/${name}/**/*.test.ts`],
      provide: { migrations },
      deps: { optimizer: { ssr: { enabled: true, include: LIBRARIES } } },
      setupFiles: ["./test/support/fresh-modules.ts", "./test/support/own-installation.ts"],
      sequence: { setupFiles: "list" as const },
      testTimeout: deep ? 400_000 : 20_000,
      hookTimeout: 20_000,
    },
  };
}

export default defineConfig({
  test: {
    // Half of what takes time waits, for a disk or for a process to start.
    maxWorkers: "100%",
    // What a test that passes has logged, such as the faults that it brings about, is of no interest.
    silent: "passed-only",
    projects: [
      onNode("unit", 20_000),
      onNode("client", 20_000, true),
      onNode("conformance", 60_000, true),
      onNode("fault", 120_000, true),
      inWorkerd("worker"),
      inWorkerd("security"),
    ],
  },
});
