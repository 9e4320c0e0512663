import * as tooling from "../../../tooling/start-api.ts";
import { CliError, EXIT } from "./exit.ts";

const asConfigError = (cause: unknown): never => {
  throw new CliError(EXIT.config, cause instanceof Error ? cause.message : String(cause), { cause });
};

/** Starts the API program. @throws CliError with the API's own words where it does not start */
export const startApi: typeof tooling.startApi = (env, onLog) =>
  tooling.startApi(env, onLog).catch(asConfigError);

/** The token in the data folder. @throws CliError where no service has run there */
export function readOperatorToken(dataDir: string): string {
  try {
    return tooling.readOperatorToken(dataDir);
  } catch (error) {
    return asConfigError(error);
  }
}
