/** The four commands: their options, their help, and which function does the work. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { deploy, migrate } from "./deploy.ts";
import { DEFAULT_NAME, factsOf, namesFor, readConfiguration, type Names } from "./installation.ts";
import { rotateAdminToken, rotateRootKey } from "./rotate.ts";
import { defaultRootKeyFile } from "./secret-files.ts";
import { Session, type Ports } from "./session.ts";
import { setup } from "./setup.ts";
import { misuse } from "./stop.ts";

const COMMANDS = ["setup", "deploy", "migrate", "rotate"] as const;
type Command = (typeof COMMANDS)[number];

const EVERY = {
  "dry-run": { type: "boolean" },
  name: { type: "string" },
  help: { type: "boolean" },
} as const;
const OPTIONS = {
  setup: {
    ...EVERY,
    "public-url": { type: "string" },
    account: { type: "string" },
    location: { type: "string" },
    "root-key-file": { type: "string" },
    "token-file": { type: "string" },
    "no-domain": { type: "boolean" },
    "evidence-bucket": { type: "boolean" },
  },
  deploy: {
    ...EVERY,
    "token-file": { type: "string" },
    "only-smoke-test": { type: "boolean" },
    "take-over-domain": { type: "boolean" },
    objects: { type: "boolean" },
  },
  migrate: EVERY,
  rotate: {
    ...EVERY,
    account: { type: "string" },
    "root-key-file": { type: "string" },
    retire: { type: "string" },
    "admin-token": { type: "boolean" },
    "token-file": { type: "string" },
  },
} as const;

const HELP: Readonly<Record<Command, string>> = {
  setup: `npm run cf:setup -- --public-url URL   make what Dome needs in a Cloudflare account; repeat it at will
  --public-url URL       https://host under which agents reach Dome; it is the issuer of tokens and cannot change
  --account ID           which account, when the login reaches several
  --location HINT        where the database should be: weur eeur apac oc wnam enam
  --root-key-file PATH   the copy of the root key on this machine (default .dome/cloudflare/ACCOUNT/NAME.root.key)
  --token-file PATH      write the admin token there (0600) instead of showing it
  --no-domain            do not make the host of the URL a custom domain: it reaches the Worker in another way
  --evidence-bucket      make an R2 bucket for later evidence too; nothing uses it yet`,
  deploy: `npm run cf:deploy   apply migrations, deploy both Workers, ask whether they are well
  --objects              deploy the objects' Worker although nothing in it has changed; it restarts every object
  --token-file PATH      an operator token: make the workspace "default" where it is missing (or set DOME_TOKEN)
  --only-smoke-test      deploy nothing
  --take-over-domain     deploy although the host of the public URL exists and something else answers there`,
  migrate: "npm run cf:migrate   apply migrations to the database in the account",
  rotate: `npm run cf:rotate   put a new version at the head of the root key
  --retire VERSION       take an old version out instead
  --admin-token          make another admin token instead; --token-file PATH writes it there (0600)
  --root-key-file PATH   the copy of the root key on this machine
  --account ID           which account, when the login reaches several`,
};
const HELP_FOR_ALL = `
  --name NAME            the door's Worker, and of all that is called after it (default ${DEFAULT_NAME})
  --dry-run              print what would be run; change nothing`;

/** @throws Stop when the line is wrong or the work cannot be done. */
export async function run(argv: readonly string[], env: NodeJS.ProcessEnv, ports: Ports): Promise<void> {
  const command = COMMANDS.find((name) => name === argv[0]);
  if (command === undefined) throw misuse(`the command is missing: give one of ${COMMANDS.join(", ")}`);
  const values = parse(command, argv.slice(1));
  if (values.flag("help")) return ports.print(HELP[command] + HELP_FOR_ALL);
  const names = namesFor(values.text("name") ?? DEFAULT_NAME);
  const session = new Session(ports, values.flag("dry-run"));
  const account = values.text("account") ?? env["CLOUDFLARE_ACCOUNT_ID"] ?? null;
  switch (command) {
    case "setup":
      return setup(session, names, {
        publicUrl: values.text("public-url"),
        account,
        location: locationOf(values.text("location")),
        rootKeyFile: values.path("root-key-file"),
        tokenFile: values.path("token-file"),
        domain: !values.flag("no-domain"),
        evidenceBucket: values.flag("evidence-bucket"),
      });
    case "deploy":
      return deploy(session, names, {
        token: env["DOME_TOKEN"] ?? null,
        tokenFile: values.path("token-file"),
        onlySmokeTest: values.flag("only-smoke-test"),
        takeOverDomain: values.flag("take-over-domain"),
        objects: values.flag("objects"),
      });
    case "migrate":
      return migrate(session, names);
    case "rotate":
      return rotate(session, names, values, account);
  }
}

async function rotate(session: Session, names: Names, values: Values, account: string | null): Promise<void> {
  const retire = values.text("retire");
  const adminToken = values.flag("admin-token");
  const tokenFile = values.path("token-file");
  if (adminToken && retire !== null)
    throw misuse("--admin-token and --retire exclude each other: run one after the other");
  if (!adminToken && tokenFile !== null) throw misuse("--token-file needs --admin-token");
  const { root } = session.ports;
  const generated = readConfiguration(root, names);
  await session.open(generated === null ? account : factsOf(generated).account);
  const file = values.path("root-key-file") ?? defaultRootKeyFile(root, session.account, names.worker);
  await (adminToken
    ? rotateAdminToken(session, names, file, tokenFile)
    : rotateRootKey(session, names, file, retire));
}

interface Values {
  text(name: string): string | null;
  flag(name: string): boolean;
  /** A path, from the folder in which the command was typed. */
  path(name: string): string | null;
}

function parse(command: Command, args: readonly string[]): Values {
  let values: Readonly<Record<string, unknown>>;
  try {
    ({ values } = parseArgs({ args: [...args], options: OPTIONS[command], strict: true }));
  } catch (fault) {
    const line = fault instanceof Error ? (fault.message.split("\n", 1)[0] ?? "") : String(fault);
    throw misuse(line, `npm run cf:${command} -- --help`);
  }
  const text = (name: string): string | null => {
    const value = values[name];
    return typeof value === "string" && value !== "" ? value : null;
  };
  return {
    text,
    flag: (name) => values[name] === true,
    path: (name) => {
      const value = text(name);
      return value === null ? null : resolve(process.env["INIT_CWD"] ?? process.cwd(), value);
    },
  };
}

function locationOf(hint: string | null): string | null {
  if (hint === null || /^(?:weur|eeur|apac|oc|wnam|enam)$/.test(hint)) return hint;
  throw misuse(`"${hint}" is not a location: use weur, eeur, apac, oc, wnam or enam`);
}
