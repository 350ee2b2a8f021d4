import { z } from "zod";
import {
  policyActivate,
  policyActivated,
  policyBundle,
  policyBundleList,
  policyPush,
  policyReplay,
  policyReplayed,
  policyScope,
  policyShadow,
  policyShadowed,
  policySource,
  policyValidation,
  policyVersion,
  policyVersionDetail,
  policyVersionList,
} from "../../contract/policy.ts";
import { changeQuery } from "../../contract/catalog.ts";
import { whatIf, whatIfRequest } from "../../contract/check.ts";
import { allWorkspaces, countInput, page } from "../../contract/words.ts";
import { activatePolicy, rollBackPolicy } from "../../operations/activate-policy.ts";
import { decideAfresh } from "../../operations/decide-afresh.ts";
import { replayDecisions } from "../../operations/replay-decisions.ts";
import { shadowPolicy } from "../../operations/shadow-policy.ts";
import { pushPolicy, validatePolicy } from "../../operations/push-policy.ts";
import {
  listPolicyBundles,
  listPolicyVersions,
  showPolicyBundle,
  showPolicyVersion,
} from "../../operations/read-policies.ts";
import { inWorkspace } from "../agent-path.ts";
import { problemRoute } from "../problem-route.ts";
import { NO_STORE, reply } from "../reply.ts";
import type { Route } from "../route.ts";

const write = { by: "operator", permission: "policies:write" } as const;
const read = { by: "operator", permission: "policies:read" } as const;
const tag = "policies";
const scopePath = z.strictObject({ scope: policyScope });
const versionPath = scopePath.extend({ version: countInput(1, 1_000_000_000) });
const query = z.strictObject(inWorkspace);
const path = "/api/v1/policies";

export const policyRoutes: readonly Route[] = [
  problemRoute(
    {
      method: "get",
      path,
      operationId: "listPolicyBundles",
      summary: "List the policy bundles of the organization, of tiers, and of a workspace and its agents",
      tag,
      door: read,
      query: query.extend({ all_workspaces: allWorkspaces, ...page }),
      answers: [{ status: 200, description: "A page of bundles", schema: policyBundleList }],
    },
    async ({ services, asked, query: filter }) =>
      reply(await listPolicyBundles(services.operations, asked, filter)),
  ),
  problemRoute(
    {
      method: "post",
      path: "/api/v1/decisions",
      operationId: "decideAfresh",
      summary: "Say what would be decided now, step by step, if an agent asked",
      tag,
      door: { by: "operator", permission: "decisions:explain" },
      body: whatIfRequest,
      answers: [{ status: 200, description: "The decision that would be made", schema: whatIf }],
    },
    async ({ services, asked, body }) => {
      const ports = { ...services.operations, policyEngine: services.decisions.policyEngine };
      return reply(await decideAfresh(ports, asked, body), 200, NO_STORE);
    },
  ),
  problemRoute(
    {
      method: "get",
      path: `${path}/{scope}`,
      operationId: "showPolicyBundle",
      summary: "Show which version of a policy bundle is in force",
      tag,
      door: read,
      params: scopePath,
      query,
      answers: [{ status: 200, description: "The bundle", schema: policyBundle }],
    },
    async ({ services, asked, params, query: { workspace } }) =>
      reply(await showPolicyBundle(services.operations, asked, { ...params, workspace })),
  ),
  problemRoute(
    {
      method: "get",
      path: `${path}/{scope}/versions`,
      operationId: "listPolicyVersions",
      summary: "List the versions of a policy bundle, the newest first",
      tag,
      door: read,
      params: scopePath,
      query: query.extend(page),
      answers: [{ status: 200, description: "A page of versions", schema: policyVersionList }],
    },
    async ({ services, asked, params, query: { workspace, ...paging } }) =>
      reply(await listPolicyVersions(services.operations, asked, { ...params, workspace }, paging)),
  ),
  problemRoute(
    {
      method: "get",
      path: `${path}/{scope}/versions/{version}`,
      operationId: "showPolicyVersion",
      summary: "Show a version of a policy bundle, with its text",
      tag,
      door: read,
      params: versionPath,
      query,
      answers: [{ status: 200, description: "The version", schema: policyVersionDetail }],
    },
    async ({ services, asked, params: { scope, version }, query: { workspace } }) =>
      reply(await showPolicyVersion(services.operations, asked, { scope, workspace }, version)),
  ),
  problemRoute(
    {
      method: "post",
      path: `${path}/{scope}/versions`,
      operationId: "pushPolicy",
      summary: "Add a version to a policy bundle; it is in force when it is activated",
      tag,
      door: write,
      params: scopePath,
      query,
      body: policyPush,
      answers: [{ status: 201, description: "The version", schema: policyVersion }],
    },
    async ({ services, asked, params, query: { workspace }, body }) =>
      reply(await pushPolicy(services.operations, asked, { ...params, workspace }, body), 201),
  ),
  problemRoute(
    {
      method: "post",
      path: `${path}/{scope}/validate`,
      operationId: "validatePolicy",
      summary: "Check a text as a push would, and change nothing",
      tag,
      door: { by: "operator", permission: "policies:validate" },
      params: scopePath,
      query,
      body: policySource,
      answers: [{ status: 200, description: "What is wrong, and where", schema: policyValidation }],
    },
    async ({ services, asked, params, query: { workspace }, body }) =>
      reply(await validatePolicy(services.operations, asked, { ...params, workspace }, body.source)),
  ),
  problemRoute(
    {
      method: "post",
      path: `${path}/{scope}/activate`,
      operationId: "activatePolicy",
      summary: "Bring a version of a policy bundle into force",
      tag,
      door: write,
      params: scopePath,
      query: changeQuery,
      body: policyActivate,
      answers: [
        {
          status: 200,
          description: "Committed; in force everywhere after `effective_in_ms`",
          schema: policyActivated,
        },
      ],
    },
    async ({ services, asked, params, query: { workspace, even_if_policies_break }, body }) =>
      reply(
        await activatePolicy(
          services.operations,
          asked,
          { ...params, workspace, evenIfPoliciesBreak: even_if_policies_break === "true" },
          body.version,
        ),
      ),
  ),
  problemRoute(
    {
      method: "post",
      path: `${path}/{scope}/rollback`,
      operationId: "rollBackPolicy",
      summary: "Bring the version of a policy bundle that was in force before into force again",
      tag,
      door: write,
      params: scopePath,
      query: changeQuery,
      answers: [
        {
          status: 200,
          description: "Committed; in force everywhere after `effective_in_ms`",
          schema: policyActivated,
        },
      ],
    },
    async ({ services, asked, params, query: { workspace, even_if_policies_break } }) =>
      reply(
        await rollBackPolicy(services.operations, asked, {
          ...params,
          workspace,
          evenIfPoliciesBreak: even_if_policies_break === "true",
        }),
      ),
  ),
  problemRoute(
    {
      method: "post",
      path: `${path}/{scope}/shadow`,
      operationId: "shadowPolicy",
      summary: "Evaluate a version beside the one in force, and record where they differ; it decides nothing",
      tag,
      door: write,
      params: scopePath,
      query,
      body: policyShadow,
      answers: [
        {
          status: 200,
          description: "Committed; holds everywhere after `effective_in_ms`",
          schema: policyShadowed,
        },
      ],
    },
    async ({ services, asked, params, query: { workspace }, body }) =>
      reply(await shadowPolicy(services.operations, asked, { ...params, workspace }, body.version)),
  ),
  problemRoute(
    {
      method: "post",
      path: `${path}/{scope}/replay`,
      operationId: "replayDecisions",
      summary:
        "Decide recorded calls again under a text or a version, and say what would change; nothing is recorded",
      tag,
      door: { by: "operator", permission: "decisions:explain" },
      params: scopePath,
      query,
      body: policyReplay,
      answers: [
        { status: 200, description: "A page of recorded calls, decided again", schema: policyReplayed },
      ],
    },
    async ({ services, asked, params, query: { workspace }, body }) =>
      reply(await replayDecisions(services.operations, asked, { ...params, workspace }, body), 200, NO_STORE),
  ),
];
