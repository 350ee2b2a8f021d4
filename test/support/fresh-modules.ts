/**
 * Makes each test file in workerd load the Worker again. The files share a process, but must not share what the code keeps
 * in memory: leases, record numbers and caches belong to one isolate, and each file stands for one. This is the first setup
 * file, and a file of its own, because the imports of a file are loaded before its code runs.
 */
import { vi } from "vitest";

vi.resetModules();
