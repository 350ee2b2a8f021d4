/** P2 and P5 at the last line of defence: the database itself, whatever code or person writes to it. */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it, test } from "vitest";
import { freshWorkspace, operator, type Registered } from "../support/worker-api.ts";

const api = operator();
let home: string;
let bot: Registered;

beforeAll(async () => {
  home = await freshWorkspace();
  bot = await api.register({ name: "bot", workspace: home, owner: "ada@example.com" });
});

/** A row as it is stored, every column of it. */
const row = (table: string, id: string): Promise<Record<string, unknown> | null> =>
  env.DB.prepare(`SELECT * FROM ${table} WHERE id = ?`).bind(id).first();

/** What the database says to a statement: its own rule, or null when it lets it pass. */
async function refusal(sql: string, ...values: readonly unknown[]): Promise<string | null> {
  try {
    await env.DB.prepare(sql)
      .bind(...values)
      .run();
    return null;
  } catch (fault) {
    return /dome: [^:]*/.exec(String(fault))?.[0] ?? String(fault);
  }
}

const normalised = (sql: string): string => sql.replaceAll(/\s+/g, " ").trim();

/** Each trigger: its table, and the whole of it but `CREATE TRIGGER name` and the table. */
const GOLDEN: Readonly<Record<string, readonly [table: string, sql: string]>> = {
  agents_are_never_deleted: [
    "agents",
    "BEFORE DELETE ON agents BEGIN SELECT RAISE(ABORT, 'dome: an agent is never deleted'); END",
  ],
  agents_are_never_replaced: [
    "agents",
    "BEFORE INSERT ON agents WHEN EXISTS (SELECT 1 FROM agents WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, 'dome: the id of an agent is taken'); END",
  ],
  agents_begin_with_their_owner: [
    "agents",
    "AFTER INSERT ON agents WHEN NEW.steward = '' BEGIN UPDATE agents SET steward = NEW.owner, steward_since = NEW.created_at WHERE id = NEW.id; END",
  ],
  agents_have_a_dated_steward: [
    "agents",
    "BEFORE UPDATE OF steward, steward_since ON agents WHEN NEW.steward = '' OR (NEW.steward IS OLD.steward AND NEW.steward_since IS NOT OLD.steward_since) BEGIN SELECT RAISE(ABORT, 'dome: the date of a steward goes with the steward'); END",
  ],
  agents_names_are_never_reused: [
    "agents",
    "BEFORE INSERT ON agents WHEN EXISTS (SELECT 1 FROM agents WHERE workspace_id = NEW.workspace_id AND name = NEW.name) BEGIN SELECT RAISE(ABORT, 'dome: the name of an agent is taken'); END",
  ],
  agents_record_is_immutable: [
    "agents",
    "BEFORE UPDATE OF id, name, owner, workspace_id, created_at ON agents WHEN NEW.id IS NOT OLD.id OR NEW.name IS NOT OLD.name OR NEW.owner IS NOT OLD.owner OR NEW.workspace_id IS NOT OLD.workspace_id OR NEW.created_at IS NOT OLD.created_at BEGIN SELECT RAISE(ABORT, 'dome: the record of an agent is immutable'); END",
  ],
  agents_have_words: [
    "agents",
    "AFTER INSERT ON agents BEGIN INSERT INTO agent_name_words (agent_id, word, workspace_id) SELECT NEW.id, substr(NEW.name, place.key + 1), NEW.workspace_id FROM json_each('[0' || replace(hex(zeroblob(length(NEW.name) - 1)), '00', ',0') || ']') AS place WHERE place.key = 0 OR (substr(NEW.name, place.key, 1) = '-' AND substr(NEW.name, place.key + 1, 1) NOT IN ('-', '')); END",
  ],
  agents_stay_revoked: [
    "agents",
    "BEFORE UPDATE OF state, revoked_at ON agents WHEN (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NOT OLD.revoked_at) OR (OLD.state = 'revoked' AND NEW.state IS NOT 'revoked') BEGIN SELECT RAISE(ABORT, 'dome: revoked is final'); END",
  ],
  api_keys_are_immutable: [
    "api_keys",
    "BEFORE UPDATE OF id, agent_id, digest, root_key_version, created_at ON api_keys WHEN NEW.id IS NOT OLD.id OR NEW.agent_id IS NOT OLD.agent_id OR NEW.digest IS NOT OLD.digest OR NEW.root_key_version IS NOT OLD.root_key_version OR NEW.created_at IS NOT OLD.created_at BEGIN SELECT RAISE(ABORT, 'dome: a key names its agent for ever'); END",
  ],
  api_keys_are_never_deleted: [
    "api_keys",
    "BEFORE DELETE ON api_keys BEGIN SELECT RAISE(ABORT, 'dome: a key is never deleted'); END",
  ],
  api_keys_are_never_replaced: [
    "api_keys",
    "BEFORE INSERT ON api_keys WHEN EXISTS (SELECT 1 FROM api_keys WHERE id = NEW.id OR digest = NEW.digest) BEGIN SELECT RAISE(ABORT, 'dome: the key exists'); END",
  ],
  api_keys_are_in_the_workspace_of_their_agent: [
    "api_keys",
    "BEFORE INSERT ON api_keys WHEN NEW.workspace_id IS NOT NULL AND NEW.workspace_id IS NOT (SELECT agents.workspace_id FROM agents WHERE agents.id = NEW.agent_id) BEGIN SELECT RAISE(ABORT, 'dome: a key is in the workspace of its agent'); END",
  ],
  api_keys_begin_in_their_workspace: [
    "api_keys",
    "AFTER INSERT ON api_keys WHEN NEW.workspace_id IS NULL BEGIN UPDATE api_keys SET workspace_id = (SELECT agents.workspace_id FROM agents WHERE agents.id = NEW.agent_id) WHERE id = NEW.id; END",
  ],
  api_keys_stay_in_the_workspace_of_their_agent: [
    "api_keys",
    "BEFORE UPDATE OF workspace_id ON api_keys WHEN NEW.workspace_id IS NOT (SELECT agents.workspace_id FROM agents WHERE agents.id = NEW.agent_id) BEGIN SELECT RAISE(ABORT, 'dome: a key is in the workspace of its agent'); END",
  ],
  operator_tokens_are_immutable: [
    "operator_tokens",
    "BEFORE UPDATE OF id, subject, description, role, workspaces, created_at, created_by, replaces ON operator_tokens WHEN NEW.id IS NOT OLD.id OR NEW.subject IS NOT OLD.subject OR NEW.description IS NOT OLD.description OR NEW.role IS NOT OLD.role OR NEW.workspaces IS NOT OLD.workspaces OR NEW.created_at IS NOT OLD.created_at OR NEW.created_by IS NOT OLD.created_by OR NEW.replaces IS NOT OLD.replaces BEGIN SELECT RAISE(ABORT, 'dome: what an operator token allows never changes'); END",
  ],
  operator_tokens_are_never_deleted: [
    "operator_tokens",
    "BEFORE DELETE ON operator_tokens BEGIN SELECT RAISE(ABORT, 'dome: an operator token is never deleted'); END",
  ],
  operator_tokens_are_never_replaced: [
    "operator_tokens",
    "BEFORE INSERT ON operator_tokens WHEN EXISTS (SELECT 1 FROM operator_tokens WHERE id = NEW.id OR digest = NEW.digest) BEGIN SELECT RAISE(ABORT, 'dome: the operator token exists'); END",
  ],
  operator_tokens_only_end_earlier: [
    "operator_tokens",
    "BEFORE UPDATE OF expires_at ON operator_tokens WHEN NEW.expires_at > OLD.expires_at BEGIN SELECT RAISE(ABORT, 'dome: an operator token is not prolonged'); END",
  ],
  operator_tokens_stay_revoked: [
    "operator_tokens",
    "BEFORE UPDATE OF revoked_at ON operator_tokens WHEN OLD.revoked_at IS NOT NULL BEGIN SELECT RAISE(ABORT, 'dome: the operator token is not live'); END",
  ],
  operator_tokens_succeed_live_ones: [
    "operator_tokens",
    "BEFORE INSERT ON operator_tokens WHEN NEW.replaces IS NOT NULL AND NOT EXISTS (SELECT 1 FROM operator_tokens AS old WHERE old.id = NEW.replaces AND old.revoked_at IS NULL AND old.expires_at > NEW.created_at AND old.subject = NEW.subject AND old.role = NEW.role AND old.workspaces IS NEW.workspaces) BEGIN SELECT RAISE(ABORT, 'dome: the operator token is not live'); END",
  ],
  key_digests_are_immutable: [
    "key_digests",
    "BEFORE UPDATE ON key_digests BEGIN SELECT RAISE(ABORT, 'dome: a digest names its key for ever'); END",
  ],
  key_digests_are_never_deleted: [
    "key_digests",
    "BEFORE DELETE ON key_digests BEGIN SELECT RAISE(ABORT, 'dome: a digest names its key for ever'); END",
  ],
  key_digests_are_never_replaced: [
    "key_digests",
    "BEFORE INSERT ON key_digests WHEN EXISTS (SELECT 1 FROM key_digests WHERE digest = NEW.digest) OR EXISTS (SELECT 1 FROM key_digests WHERE holder = NEW.holder AND root_key_version = NEW.root_key_version) OR EXISTS (SELECT 1 FROM api_keys WHERE digest = NEW.digest) OR EXISTS (SELECT 1 FROM operator_tokens WHERE digest = NEW.digest) BEGIN SELECT RAISE(ABORT, 'dome: the digest is known'); END",
  ],
  workspaces_are_never_deleted: [
    "workspaces",
    "BEFORE DELETE ON workspaces BEGIN SELECT RAISE(ABORT, 'dome: a workspace is never deleted'); END",
  ],
  agents_begin_in_a_tier: [
    "agents",
    "BEFORE INSERT ON agents WHEN NOT EXISTS (SELECT 1 FROM tiers WHERE name = NEW.tier) BEGIN SELECT RAISE(ABORT, 'dome: the tier does not exist'); END",
  ],
  agents_stay_in_a_tier: [
    "agents",
    "BEFORE UPDATE OF tier ON agents WHEN NEW.tier IS NOT OLD.tier AND NOT EXISTS (SELECT 1 FROM tiers WHERE name = NEW.tier) BEGIN SELECT RAISE(ABORT, 'dome: the tier does not exist'); END",
  ],
  tiers_in_use_stay: [
    "tiers",
    "BEFORE DELETE ON tiers WHEN EXISTS (SELECT 1 FROM agents WHERE tier = OLD.name AND revoked_at IS NULL) BEGIN SELECT RAISE(ABORT, 'dome: agents are in the tier'); END",
  ],
  built_in_tiers_stay: [
    "tiers",
    "BEFORE DELETE ON tiers WHEN OLD.built_in = 1 BEGIN SELECT RAISE(ABORT, 'dome: a built-in tier stays'); END",
  ],
  policy_versions_are_immutable: [
    "policy_versions",
    "BEFORE UPDATE ON policy_versions BEGIN SELECT RAISE(ABORT, 'dome: a version of a policy bundle never changes'); END",
  ],
  policy_versions_are_never_deleted: [
    "policy_versions",
    "BEFORE DELETE ON policy_versions BEGIN SELECT RAISE(ABORT, 'dome: a version of a policy bundle is never deleted'); END",
  ],
  policy_versions_are_never_replaced: [
    "policy_versions",
    "BEFORE INSERT ON policy_versions WHEN EXISTS (SELECT 1 FROM policy_versions WHERE bundle = NEW.bundle AND number = NEW.number) BEGIN SELECT RAISE(ABORT, 'dome: the version of a policy bundle exists'); END",
  ],
  workspaces_are_never_replaced: [
    "workspaces",
    "BEFORE INSERT ON workspaces WHEN EXISTS (SELECT 1 FROM workspaces WHERE id = NEW.id OR name = NEW.name) BEGIN SELECT RAISE(ABORT, 'dome: the name of a workspace is taken'); END",
  ],
  workspaces_record_is_immutable: [
    "workspaces",
    "BEFORE UPDATE OF id, name, created_at ON workspaces WHEN NEW.id IS NOT OLD.id OR NEW.name IS NOT OLD.name OR NEW.created_at IS NOT OLD.created_at BEGIN SELECT RAISE(ABORT, 'dome: the record of a workspace is immutable'); END",
  ],
};

describe("the triggers of the registry", () => {
  it("are exactly the golden list: one that is lost, or weakened by a later migration, is noticed (P2, P5)", async () => {
    const { results } = await env.DB.prepare(
      "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name",
    ).all<{ name: string; tbl_name: string; sql: string }>();
    const found = results.map(({ name, tbl_name: table, sql }) => [
      name,
      [table, normalised(sql).replace(`CREATE TRIGGER ${name} `, "")],
    ]);
    expect(Object.fromEntries(found)).toEqual(GOLDEN);
  });

  it("cannot be gone round by row number: the tables they guard have none (P2)", async () => {
    const { results } = await env.DB.prepare(
      "SELECT name, wr FROM pragma_table_list WHERE name IN ('agents', 'workspaces', 'api_keys') ORDER BY name",
    ).all();
    expect(results).toEqual([
      { name: "agents", wr: 1 },
      { name: "api_keys", wr: 1 },
      { name: "workspaces", wr: 1 },
    ]);
  });
});

const INSERT = `INTO agents (id, workspace_id, name, owner, created_at, tier, state_changed_at)`;

describe("an agent's record", () => {
  /** Runs an attack and proves that not one column of the record has moved. */
  async function attack(sql: string, ...values: readonly unknown[]): Promise<string | null> {
    const before = await row("agents", bot.id);
    const said = await refusal(sql, ...values);
    expect(await row("agents", bot.id)).toEqual(before);
    return said;
  }

  test.each([
    ["id", "agt_01k9v3m8q2x7n5r4t6w0y1z2a3"],
    ["name", "someone-else"],
    ["owner", "mallory@example.com"],
    ["workspace_id", "wsp_01k9v3m8q2x7n5r4t6w0y1z2a3"],
    ["created_at", 0],
  ])("is not changed by UPDATE of %s (P2)", async (column, value) => {
    expect(await attack(`UPDATE agents SET ${column} = ? WHERE id = ?`, value, bot.id)).toBe(
      "dome: the record of an agent is immutable",
    );
    expect(await attack(`UPDATE OR REPLACE agents SET ${column} = ? WHERE id = ?`, value, bot.id)).toBe(
      "dome: the record of an agent is immutable",
    );
  });

  it("is not removed by DELETE (P2)", async () => {
    expect(await attack("DELETE FROM agents WHERE id = ?", bot.id)).toBe("dome: an agent is never deleted");
    expect(await attack("DELETE FROM agents")).toBe("dome: an agent is never deleted");
  });

  it("is not replaced by INSERT OR REPLACE with its id (P2)", async () => {
    const { workspace_id: workspace } = bot.created.agent;
    const sql = `INSERT OR REPLACE ${INSERT} VALUES (?, ?, 'another', 'mallory', 1, 'trusted', 1)`;
    expect(await attack(sql, bot.id, workspace)).toBe("dome: the id of an agent is taken");
  });

  it("is not replaced by INSERT OR REPLACE with its name: SQLite fires no delete trigger there (P2)", async () => {
    const { workspace_id: workspace } = bot.created.agent;
    const sql = `INSERT OR REPLACE ${INSERT} VALUES ('agt_new', ?, 'bot', 'mallory', 1, 'trusted', 1)`;
    expect(await attack(sql, workspace)).toBe("dome: the name of an agent is taken");
    expect(await row("agents", "agt_new")).toBeNull();
  });

  test.each([
    ["its id", "ON CONFLICT (id) DO UPDATE SET owner = excluded.owner", "dome: the id of an agent is taken"],
    [
      "its name",
      "ON CONFLICT (workspace_id, name) DO UPDATE SET owner = excluded.owner",
      "dome: the name of an agent is taken",
    ],
  ])("is not rewritten by an upsert on %s (P2)", async (by, clause, said) => {
    const { workspace_id: workspace } = bot.created.agent;
    const id = by === "its id" ? bot.id : "agt_new";
    const name = by === "its id" ? "another" : "bot";
    const sql = `INSERT ${INSERT} VALUES (?, ?, ?, 'mallory', 1, 'trusted', 1) ${clause}`;
    expect(await attack(sql, id, workspace, name)).toBe(said);
  });

  it("is not pushed out by a row put in its place by number (P2)", async () => {
    const { workspace_id: workspace } = bot.created.agent;
    const sql = `INSERT OR REPLACE INTO agents (rowid, id, workspace_id, name, owner, created_at, tier, state_changed_at)
                 VALUES (1, 'agt_new', ?, 'another', 'mallory', 1, 'trusted', 1)`;
    expect(await attack(sql, workspace)).toContain("no column named rowid");
    expect(await attack("UPDATE OR REPLACE agents SET rowid = 1 WHERE id <> ?", bot.id)).toContain(
      "no such column: rowid",
    );
  });

  it("stops a batch as a whole, so that nothing lands beside an attack (P2)", async () => {
    const batch = env.DB.batch([
      env.DB.prepare("UPDATE agents SET description = 'half' WHERE id = ?").bind(bot.id),
      env.DB.prepare("DELETE FROM agents WHERE id = ?").bind(bot.id),
    ]);
    await expect(batch).rejects.toThrow("dome: an agent is never deleted");
    expect((await row("agents", bot.id))?.["description"]).toBeNull();
  });

  it("lets everything that is not the record change", async () => {
    expect(
      await refusal("UPDATE agents SET contact = 'x', tier = 'trusted' WHERE id = ?", bot.id),
    ).toBeNull();
  });
});

describe("a workspace's record", () => {
  async function attack(sql: string, ...values: readonly unknown[]): Promise<string | null> {
    const { workspace_id: id } = bot.created.agent;
    const before = await row("workspaces", id);
    const said = await refusal(sql, ...values.map((value) => (value === "ID" ? id : value)));
    expect(await row("workspaces", id)).toEqual(before);
    return said;
  }

  test.each([
    ["UPDATE workspaces SET name = 'other' WHERE id = ?", "dome: the record of a workspace is immutable"],
    ["UPDATE workspaces SET id = 'wsp_new' WHERE id = ?", "dome: the record of a workspace is immutable"],
    ["DELETE FROM workspaces WHERE id = ?", "dome: a workspace is never deleted"],
    [
      "INSERT OR REPLACE INTO workspaces (id, name, created_at) VALUES (?, 'other', 1)",
      "dome: the name of a workspace is taken",
    ],
    [
      "INSERT INTO workspaces (id, name, created_at) VALUES (?, 'other', 1) ON CONFLICT (id) DO UPDATE SET created_at = 1",
      "dome: the name of a workspace is taken",
    ],
  ])("is not changed by %s (P2)", async (sql, said) => {
    expect(await attack(sql, "ID")).toBe(said);
  });

  it("is not replaced by INSERT OR REPLACE with its name (P2)", async () => {
    const sql = "INSERT OR REPLACE INTO workspaces (id, name, created_at) VALUES ('wsp_new', ?, 1)";
    expect(await attack(sql, home)).toBe("dome: the name of a workspace is taken");
    expect(await row("workspaces", "wsp_new")).toBeNull();
  });
});

describe("what a key belongs to", () => {
  test.each([
    ["UPDATE api_keys SET agent_id = 'agt_other' WHERE id = ?", "dome: a key names its agent for ever"],
    ["UPDATE api_keys SET digest = 'known' WHERE id = ?", "dome: a key names its agent for ever"],
    ["DELETE FROM api_keys WHERE id = ?", "dome: a key is never deleted"],
    [
      "UPDATE api_keys SET workspace_id = 'wsp_other' WHERE id = ?",
      "dome: a key is in the workspace of its agent",
    ],
    ["UPDATE api_keys SET workspace_id = NULL WHERE id = ?", "dome: a key is in the workspace of its agent"],
    [
      "INSERT OR REPLACE INTO api_keys (id, agent_id, digest, root_key_version, last4, created_at) VALUES (?, 'a', 'd', 'v', 'l', 1)",
      "dome: the key exists",
    ],
    [
      "INSERT INTO api_keys (id, agent_id, digest, root_key_version, last4, created_at) VALUES (?, 'a', 'd', 'v', 'l', 1) ON CONFLICT (id) DO UPDATE SET digest = 'known'",
      "dome: the key exists",
    ],
  ])("is not changed by %s (P2)", async (sql, said) => {
    const before = await row("api_keys", bot.key);
    expect(await refusal(sql, bot.key)).toBe(said);
    expect(await row("api_keys", bot.key)).toEqual(before);
  });

  it("is listed in no other workspace than its agent's, also when a version that knows none has issued it (P11)", async () => {
    const insert = (column: string, value: string): string =>
      `INSERT INTO api_keys (id, agent_id, digest, root_key_version, last4, created_at${column}) VALUES ('key_new', ?, 'new', 'v', 'l', 1${value})`;
    expect(await refusal(insert(", workspace_id", ", 'wsp_other'"), bot.id)).toBe(
      "dome: a key is in the workspace of its agent",
    );
    await env.DB.prepare(insert("", "")).bind(bot.id).run();
    const [known, made] = [await row("api_keys", bot.key), await row("api_keys", "key_new")];
    expect(made?.["workspace_id"]).toBe(known?.["workspace_id"]);
    expect(made?.["workspace_id"]).toMatch(/^wsp_/);
  });

  it("is not taken over by INSERT OR REPLACE with its digest, which would hand the key to another agent (P2)", async () => {
    const before = await row("api_keys", bot.key);
    const sql =
      "INSERT OR REPLACE INTO api_keys (id, agent_id, digest, root_key_version, last4, created_at) VALUES ('key_new', ?, ?, 'v', 'l', 1)";
    expect(await refusal(sql, bot.id, before?.["digest"])).toBe("dome: the key exists");
    expect(await row("api_keys", bot.key)).toEqual(before);
  });
});

describe("a revoked agent", () => {
  it("stays revoked in the database: neither its state nor its time of revocation moves again (P5)", async () => {
    const gone = await api.register({ name: "gone", workspace: home });
    await env.DB.prepare("UPDATE agents SET state = 'revoked', revoked_at = 5 WHERE id = ?")
      .bind(gone.id)
      .run();
    for (const set of [
      "state = 'active'",
      "state = 'provisioned', revoked_at = NULL",
      "revoked_at = NULL",
      "revoked_at = 6",
    ]) {
      expect(await refusal(`UPDATE agents SET ${set} WHERE id = ?`, gone.id)).toBe("dome: revoked is final");
    }
    expect(await row("agents", gone.id)).toMatchObject({ state: "revoked", revoked_at: 5 });
  });

  it("stays revoked when only the state says so (P5)", async () => {
    const gone = await api.register({ name: "gone-too", workspace: home });
    await env.DB.prepare("UPDATE agents SET state = 'revoked' WHERE id = ?").bind(gone.id).run();
    expect(await refusal("UPDATE agents SET state = 'suspended' WHERE id = ?", gone.id)).toBe(
      "dome: revoked is final",
    );
  });
});
