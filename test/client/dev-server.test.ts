/** `npm run dev` is ready as `npm start` is, on the port that it was given, and touches nothing of it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, expect, it, onTestFinished } from "vitest";
import { endEverything, freePort, ROOT, temporaryFolder } from "../support/server.ts";
import { runDome } from "./dome-command.ts";

afterAll(endEverything);

it("has the workspace `default`, saves its contexts, and keeps its state and secrets in one folder", async () => {
  const [home, port] = [temporaryFolder(), await freePort()];
  const state = join(home, "state");
  const env = { PATH: process.env["PATH"] ?? "", HOME: home, XDG_CONFIG_HOME: join(home, ".config") };
  const dev = spawn(
    process.execPath,
    [join(ROOT, "scripts/dev.ts"), `--port=${port}`, "--state", state, "--log-level", "error"],
    { env, stdio: ["ignore", "pipe", "pipe"] },
  );
  const ended = once(dev, "exit");
  onTestFinished(async () => {
    dev.kill("SIGTERM");
    await ended;
  });
  let said = "";
  const ready = new Promise<void>((resolve) => {
    for (const stream of [dev.stdout, dev.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        said += text;
        if (said.includes("audit list\n")) resolve();
      });
  });
  await Promise.race([ready, ended.then(() => expect.fail(`npm run dev ended:\n${said}`))]);

  const url = `http://127.0.0.1:${port}`;
  expect(said).toContain(
    `Dome is ready at ${url}\n` +
      `  issuer   ${url}\n` +
      `  context  dev, an operator\n` +
      `  admin    dev-admin, for commands that need the admin role: --context dev-admin\n`,
  );
  const { stdout } = await runDome(["workspaces", "list", "--json"], env);
  expect(JSON.parse(stdout)).toMatchObject([{ name: "default" }]);
  expect(readdirSync(state)).toContain("secrets.env");
  expect(statSync(join(state, "secrets.env")).mode & 0o777).toBe(0o600);
}, 120_000);

it("gives its admin token to no other server that listens on the port (P4)", async () => {
  const tokens: (string | undefined)[] = [];
  const other = createServer((request, response) => {
    tokens.push(request.headers.authorization);
    response.end("{}");
  }).listen(0, "127.0.0.1");
  onTestFinished(() => void other.close());
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  const home = temporaryFolder();
  const env = { PATH: process.env["PATH"] ?? "", HOME: home, XDG_CONFIG_HOME: join(home, ".config") };
  const dev = spawn(
    process.execPath,
    [join(ROOT, "scripts/dev.ts"), `--port=${port}`, "--state", join(home, "state")],
    { env, stdio: ["ignore", "ignore", "pipe"] },
  );
  onTestFinished(() => void dev.kill("SIGTERM"));
  let said = "";
  dev.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  const [code] = (await once(dev, "close")) as [number | null];
  expect({ code, said }).toEqual({
    code: 1,
    said: `dome: another server listens at http://127.0.0.1:${port}; stop it, or choose another --port\n`,
  });
  expect(tokens.filter((token) => token !== undefined)).toEqual([]);
}, 120_000);
