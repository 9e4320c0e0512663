/** For tests of packages that must not know the API's insides, but need one that runs. */
export { endLaunches, startTestApi } from "../packages/api/src/testing.ts";
