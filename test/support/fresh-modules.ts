/**
 * The files of tests that run in workerd share its process, but nothing that the code keeps in memory: leases, numbers of
 * records and caches belong to an isolate, and each file is one. So every file loads the Worker anew. The first of the
 * setup files, and alone: what a file imports itself is loaded before it says so.
 */
import { vi } from "vitest";

vi.resetModules();
