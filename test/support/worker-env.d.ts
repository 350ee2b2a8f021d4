/** What `env` and `exports` of `cloudflare:workers`, and `inject` and the bundler of vitest, give to tests in workerd. */
import type { D1Migration } from "cloudflare:test";
import type { RawEnv } from "../../src/env.ts";
import type * as worker from "../../src/worker.ts";

declare global {
  namespace Cloudflare {
    interface GlobalProps {
      mainModule: typeof worker;
    }
    interface Env extends RawEnv {}
  }
  interface ImportMeta {
    /** The texts of files by their paths: workerd has no file system. */
    glob(
      pattern: string,
      how: { readonly query: "?raw"; readonly import: "default"; readonly eager: true },
    ): Readonly<Record<string, string>>;
  }
}

declare module "vitest" {
  interface ProvidedContext {
    /** The files under migrations/, each cut into statements. */
    migrations: D1Migration[];
  }
}
