/**
 * Whether the objects' Worker has to be deployed. Deploying it restarts every object, so it is deployed with a
 * digest of what it is made of, as a variable: the version that runs in the account says itself what it is, from whichever
 * machine it was deployed, and also after an upload of secrets or a rollback.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { jsonIn, type Session } from "./session.ts";
import type { Configuration } from "./two-workers.ts";

/** The variable that holds the digest. */
export const RELEASE = "DOME_OBJECTS_RELEASE";

const Deployment = z.looseObject({ versions: z.array(z.looseObject({ version_id: z.string() })) });
const Version = z.looseObject({
  resources: z.looseObject({
    bindings: z.array(z.looseObject({ name: z.string(), type: z.string(), text: z.string().optional() })),
  }),
});

/** @param bundle the code as one module. @returns the digest of the configuration and of the code. */
export const releaseOf = (objects: Configuration, bundle: string): string =>
  createHash("sha256")
    .update(JSON.stringify([objects, bundle]))
    .digest("hex")
    .slice(0, 32);

/**
 * What runs in the account.
 * @returns null when that is not one version that says what it is: nothing, a gradual deployment, an older Dome.
 */
export async function runningRelease(session: Session, worker: string): Promise<string | null> {
  const status = await session.read(["deployments", "status", "--name", worker, "--json"]);
  const deployment = Deployment.safeParse(jsonIn(status?.stdout ?? ""));
  if (status?.code !== 0 || !deployment.success || deployment.data.versions.length !== 1) return null;
  const [version] = deployment.data.versions;
  const args = ["versions", "view", version?.version_id ?? "", "--name", worker, "--json"];
  const seen = await session.read(args);
  const parsed = Version.safeParse(jsonIn(seen?.stdout ?? ""));
  if (seen?.code !== 0 || !parsed.success) return null;
  return parsed.data.resources.bindings.find(({ name }) => name === RELEASE)?.text ?? null;
}
