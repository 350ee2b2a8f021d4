/** What a shell is offered: names of everything that an argument or an option names. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { placeholderOf, sourceOf } from "../../../src/cli/completion-sources.ts";
import { json, timeOut, type Reply } from "../client/fake-service.ts";
import { agent, AGENT_ID, apiKey, KEY_ID, SECRET, workspace } from "../client/samples.ts";
import { below, commandTree, wordsOf } from "./command-tree.ts";
import { contextsFile, dome, homeWithContexts, newHome, SERVICE_URL, TOKEN } from "./run-cli.ts";

const root = await commandTree();
const page = (...items: readonly object[]): Response => json(200, { items, next_cursor: null });
const complete = (words: readonly string[], ...replies: Reply[]) =>
  dome(["__complete", "--", ...words], { replies });

describe("every argument and option", () => {
  const slots = [root, ...below(root)].flatMap((command) => [
    ...command.registeredArguments
      .filter(({ argChoices }) => argChoices === undefined)
      .map((slot) => [[...wordsOf(command), slot.name()].join(" "), command, slot] as const),
    ...command.options
      .filter((option) => option.argChoices === undefined && option.required)
      .map((slot) => [[...wordsOf(command), slot.flags].join(" "), command, slot] as const),
  ]);

  test.each(slots)("has its place in the table of what is offered: %s", (_place, command, slot) => {
    expect(sourceOf(command, slot)).not.toBeUndefined();
  });

  const THINGS =
    /^(?:agents?|workspace|tool|pool|integration|provider|tier|token|subject|owner|steward|key|halt|context|issuer|kid)$/;
  /** What no list but the ledger's has: a user's name at its provider. */
  const LEDGER_ONLY = new Set(["users stop subject", "users resume subject", "users show subject"]);

  test.each(slots.filter(([place, , slot]) => THINGS.test(placeholderOf(slot)) && !LEDGER_ONLY.has(place)))(
    "that names a thing has names to offer: %s",
    (_place, command, slot) => {
      expect(sourceOf(command, slot)).toBeTypeOf("function");
    },
  );

  const NEW =
    /^(?:workspaces create|(?:tools|pools|integrations|idp|tiers) add) name$|--name <name>$|--algorithm <name>$/;
  test.each(slots.filter(([place, , slot]) => placeholderOf(slot) === "name" && !NEW.test(place)))(
    "that is the name of something there is has names to offer: %s",
    (_place, command, slot) => {
      expect(sourceOf(command, slot)).toBeTypeOf("function");
    },
  );
});

describe("a name", () => {
  test("is offered from the words so far: agents, by the beginning of the name", async () => {
    const { stdout, requests } = await complete(["agents", "show", "sup"], page(agent({ name: "support" })));
    expect(stdout).toBe("support\n");
    expect(requests).toEqual(["GET /api/v1/agents?search=sup&limit=200"]);
  });

  test.each([
    [["agents", "list", "--workspace", ""], page(workspace("support")), "support\n"],
    [["agents", "list", "--workspace=su"], page(workspace("support")), "--workspace=support\n"],
    [["workspaces", "show", ""], page(workspace("support")), "support\n"],
    [["keys", "revoke", "a", ""], page(apiKey()), `${KEY_ID}\n`],
    [["agents", "list", "-l", "team="], page(agent({ labels: { team: "a" } })), "team=a\n"],
    [["agents", "suspend", "one", ""], page(agent({ name: "two" })), "two\n"],
  ])("is offered where one may stand: %j", async (words, reply, offered) => {
    expect((await complete(words, reply)).stdout).toBe(offered);
  });

  test("of an API key is asked of its agent, in its workspace", async () => {
    const words = ["keys", "revoke", "--workspace", "support", AGENT_ID, ""];
    expect((await complete(words, page(apiKey()))).requests).toEqual([
      `GET /api/v1/agents/${AGENT_ID}/keys?workspace=support&limit=200`,
    ]);
  });

  test("is looked for in DOME_WORKSPACE, as the command would", async () => {
    const env = { DOME_URL: SERVICE_URL, DOME_TOKEN: TOKEN, DOME_WORKSPACE: "billing" };
    const { requests } = await dome(["__complete", "--", "agents", "show", ""], {
      env,
      replies: [page(agent())],
    });
    expect(requests).toEqual(["GET /api/v1/agents?workspace=billing&limit=200"]);
  });

  test.each([["-c"], ["--context"]])(
    "is asked of the service that %s names, with its token",
    async (flag) => {
      const home = homeWithContexts();
      const { service } = await dome(["__complete", "--", flag, "other", "agents", "show", ""], {
        home,
        env: { XDG_CONFIG_HOME: home },
        replies: [page(agent())],
      });
      expect(service.seen.map(({ url }) => new URL(url).host)).toEqual(["other.example.com"]);
      expect(service.seen[0]?.headers.get("authorization")).toBe(`Bearer dome_ot_${"O".repeat(49)}`);
    },
  );

  test("of a context is offered without asking anybody, and no token with it", async () => {
    const home = homeWithContexts();
    const world = { home, env: { XDG_CONFIG_HOME: home } };
    const { stdout, requests } = await dome(["__complete", "--", "context", "use", ""], world);
    expect([stdout, requests]).toEqual(["local\nother\n", []]);
  });
});

describe("a shell is offered nothing, and told nothing", () => {
  test.each([
    ["by a service that does not answer in time", timeOut()],
    ["by one that refuses", json(403, {})],
    ["by one that answers what cannot be read", json(200, { items: 1 })],
  ])("%s; it is asked once", async (_why, reply) => {
    const { exit, stdout, stderr, requests } = await complete(["agents", "show", ""], reply);
    expect([exit, stdout, stderr, requests.length]).toEqual([0, "", "", 1]);
  });

  test("without a context, and with a damaged file of them", async () => {
    const home = newHome();
    const world = { home, env: { XDG_CONFIG_HOME: home } };
    const words = ["__complete", "--", "agents", "show", ""];
    expect(await dome(words, world)).toMatchObject({ exit: 0, stdout: "", stderr: "" });
    mkdirSync(join(home, "dome"));
    writeFileSync(contextsFile(home), "{");
    expect(await dome(words, world)).toMatchObject({ exit: 0, stdout: "", stderr: "" });
  });

  test.each([["$(reboot)"], ["`id`"], ["a b"], ["a\nb"], ["*"], ["a;b"], ["\u001b[2J"], [SECRET]])(
    "that a shell would expand, or that is a credential: %j",
    async (owner) => {
      const { stdout } = await complete(["agents", "list", "--owner", ""], ({ url }) =>
        url.includes("/operators") ? page() : page(agent({ owner, steward: "bob@example.com" })),
      );
      expect(stdout).toBe("bob@example.com\n");
    },
  );

  test("that only the ledger knows: each reading of it is recorded", async () => {
    for (const words of [
      ["explain", ""],
      ["audit", "chain", ""],
      ["audit", "show", ""],
      ["users", "stop", "https://x", ""],
    ])
      expect((await complete(words)).requests).toEqual([]);
  });
});
