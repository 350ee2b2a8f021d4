/**
 * Six projects. `unit`, `client`, `conformance` and `fault` run on Node; `worker` and `security` run inside workerd,
 * with the bindings of wrangler.toml, on a database with every migration applied. `DOME_DEEP=1` lengthens the
 * randomised ones.
 */
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { TEST_ADMIN_TOKEN, TEST_ISSUER, TEST_ROOT_KEY } from "./test/support/fixed-secrets.ts";

const migrations = await readD1Migrations("./migrations");
const deep = process.env["DOME_DEEP"] === "1";

/** @param built true: the tests run what the build makes, so it is made first. */
function onNode(name: string, timeout: number, built = false) {
  return {
    test: {
      name,
      ...(built ? { globalSetup: ["./test/support/build.ts"] } : {}),
      include: [`test/${name}/**/*.test.ts`],
      testTimeout: deep ? timeout * 20 : timeout,
      hookTimeout: timeout,
    },
  };
}

function inWorkerd(name: string) {
  return {
    plugins: [
      cloudflareTest({
        wrangler: { configPath: "./wrangler.toml" },
        miniflare: {
          cf: false,
          bindings: {
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
      include: [`test/${name}/**/*.test.ts`],
      provide: { migrations },
      setupFiles: ["./test/support/apply-migrations.ts"],
      testTimeout: deep ? 400_000 : 20_000,
      hookTimeout: 20_000,
    },
  };
}

export default defineConfig({
  test: {
    // The Worker's own line per request: one test reads it, the others only drown in it.
    onConsoleLog: (line) => !line.includes('"event":"http.request"'),
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
