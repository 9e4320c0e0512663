import { join, resolve } from "node:path";

export type CliConfig = ReturnType<typeof readConfig>;

/** What the terminal takes from the environment; only main.ts calls it. An empty variable counts as unset. */
export function readConfig(env: Record<string, string | undefined>) {
  const dataDir = resolve(env.DATA_DIR || ".kangklip");
  return {
    /** Where the service keeps its state, and where its operator's token is. */
    dataDir,
    modelsDir: resolve(env.MODELS_DIR || join(dataDir, "models")),
    /** The service that `clip` and `jobs` talk to. */
    apiUrl: `http://localhost:${env.PORT || (/^(0|false|no|off)$/.test(env.WEB ?? "") ? 8000 : 3000)}`,
    color: !env.NO_COLOR,
    /** Handed on to the service that this command starts. */
    environment: env,
  };
}
