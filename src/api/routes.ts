/** Every route of the API, in the order of the OpenAPI document. */
import type { Route } from "./route.ts";
import { agentRoutes } from "./routes/agents.ts";
import { auditRoutes } from "./routes/audit.ts";
import { catalogRoutes } from "./routes/catalog.ts";
import { checkRoutes } from "./routes/check.ts";
import { healthRoutes } from "./routes/health.ts";
import { identityProviderRoutes } from "./routes/identity-providers.ts";
import { keyRoutes } from "./routes/keys.ts";
import { discoveryRoutes, documentRoute } from "./routes/discovery.ts";
import { lifecycleRoutes } from "./routes/lifecycle.ts";
import { oauthRoutes } from "./routes/oauth.ts";
import { mcpAllDoorRoutes } from "./routes/mcp-all-door.ts";
import { mcpDoorRoutes } from "./routes/mcp-door.ts";
import { operatorRoutes } from "./routes/operators.ts";
import { problemRoutes } from "./routes/problems.ts";
import { selfRoutes } from "./routes/self.ts";
import { statusRoutes } from "./routes/status.ts";
import { rootKeyRoutes } from "./routes/root-keys.ts";
import { signingKeyRoutes } from "./routes/signing-keys.ts";
import { stopRoutes } from "./routes/stops.ts";
import { toolOperationRoutes } from "./routes/tool-operations.ts";
import { toolSecretRoutes } from "./routes/tool-secrets.ts";
import { toolsDoorRoutes } from "./routes/tools-door.ts";
import { policyRoutes } from "./routes/policies.ts";
import { tierRoutes } from "./routes/tiers.ts";
import { userRoutes } from "./routes/users.ts";
import { workspaceRoutes } from "./routes/workspaces.ts";

export const routes: readonly Route[] = [
  ...workspaceRoutes,
  ...stopRoutes,
  // These come before `/agents/{agent}`: `self` is a reserved name.
  ...checkRoutes,
  ...selfRoutes,
  ...agentRoutes,
  ...lifecycleRoutes,
  ...keyRoutes,
  ...catalogRoutes,
  ...toolSecretRoutes,
  ...toolOperationRoutes,
  ...identityProviderRoutes,
  ...tierRoutes,
  ...policyRoutes,
  ...operatorRoutes,
  ...signingKeyRoutes,
  ...rootKeyRoutes,
  ...userRoutes,
  ...auditRoutes,
  ...statusRoutes,
  ...healthRoutes,
  ...oauthRoutes,
  ...discoveryRoutes,
  ...toolsDoorRoutes,
  ...mcpDoorRoutes,
  ...mcpAllDoorRoutes,
  ...problemRoutes,
  documentRoute(() => routes),
];
